"""Exercises that check themselves: what a reader wrote is right, or a sentence says what is not."""

from . import from_scratch
from .hints import Hint

__all__ = ["Hint", "from_scratch"]
