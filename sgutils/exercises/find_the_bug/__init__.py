"""The chapter *Find the bug*: eight bugs made from correct code, and a check for each."""

from collections.abc import Callable

from ...checks import whole_number
from .losses import check_direction, check_gradient, check_reduction, check_temperature
from .training import check_gates, check_mode, check_statistics, check_survival

__all__ = ["CHECKS", "check"]

# In the chapter's order.
CHECKS = {
    "temperature": check_temperature,
    "direction": check_direction,
    "gradient": check_gradient,
    "reduction": check_reduction,
    "statistics": check_statistics,
    "gates": check_gates,
    "survival": check_survival,
    "mode": check_mode,
}


def check(number: int, mended: Callable) -> None:
    """Check the mended code of one of the chapter's bugs: prints that it is right, or in a sentence what is not.

    Args:
        number: of the bug, from 1 to 8; a name would tell what it is.
        mended: the function that the chapter shows with the bug in it.

    Raises:
        InputError: if there is no such bug.
    """
    list(CHECKS.values())[whole_number("number", number, 1, len(CHECKS)) - 1](mended)
