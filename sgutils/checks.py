"""Numbers as people give them, numpy's too: checked once, where they come in, and from there on Python's own."""

import math
import os
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from .errors import InputError

# Of what is multiplied with weights: far beyond it, single precision overflows.
LARGEST = 1e6
# Of what torch counts with.
MOST = 2**63 - 1


def shown(value: object) -> str:
    """A value in one line of a sentence, however large it is."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:60]} ..."


def path_of(name: str, value: Any) -> Path:
    """A path as people give it.

    Raises:
        InputError: if it is something else.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f"{name} must be a path, not {shown(value)}.")
    return Path(value)


def in_one_line(text: str) -> str:
    """A text with its line breaks, and whatever else does not print, written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def is_number(value: Any) -> bool:
    """Whether this is a finite number; True and False are not."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # of an integer beyond all floats
        return False


def whole_number(name: str, value: Any, least: int, most: int = MOST) -> int:
    """An integer from ``least`` to ``most``.

    Raises:
        InputError: if it is something else.
    """
    whole = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if whole is None or not least <= whole <= most:
        limited = most != MOST or (whole is not None and whole > most)
        limits = f"from {least} to {most}" if limited else f"of at least {least}"
        raise InputError(f"{name} must be a whole number {limits}, not {shown(value)}.")
    return whole


def number(name: str, value: Any, *, above: float | None = None, least: float = 0.0, most: float = LARGEST) -> float:
    """A number from ``least``, or above ``above``, to ``most``.

    Raises:
        InputError: if it is something else.
    """
    found = float(value) if is_number(value) else None
    if found is None or found > most or (found < least if above is None else found <= above):
        limited = most != LARGEST or (found is not None and found > most)
        if above is None:
            limits = f"from {least:g} to {most:g}" if limited else f"of at least {least:g}"
        else:
            limits = f"above {above:g} and at most {most:g}" if limited else f"above {above:g}"
        raise InputError(f"{name} must be a number {limits}, not {shown(value)}.")
    return found


def flag(name: str, value: Any) -> bool:
    """True or False.

    Raises:
        InputError: if it is something else.
    """
    if value is not True and value is not False and type(value).__name__ != "bool":  # numpy's has that name, too
        raise InputError(f"{name} must be True or False, not {shown(value)}.")
    return bool(value)


def unknown(kind: str, name: object, known: Iterable[str], guess: str = "") -> InputError:
    """What to say of a name that nothing has registered: it may be one of the reader's own, whose module was not imported."""
    return InputError(
        f"Unknown {kind} {shown(name)}{guess}: expected one of {', '.join(known)}, or one of your own, which "
        "`sgutils --import MODULE` makes known."
    )


def one_of(name: str, value: Any, choices: Collection[str]) -> str:
    """One of these words.

    Raises:
        InputError: if it is something else.
    """
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, not {shown(value)}.")
    return value
