"""Exercises that check themselves: what a reader wrote is right, or a sentence says what is not."""

from . import chapters, find_the_bug, from_scratch
from .hints import Hint

__all__ = ["Hint", "chapters", "find_the_bug", "from_scratch"]
