"""The chapter *Find the bug*: eight bugs made from correct code, and a check for each."""

import inspect
from collections.abc import Callable

from ...checks import whole_number
from .bugs import BUGS
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
    index = whole_number("number", number, 1, len(CHECKS)) - 1
    if words := _another_function(index, mended):
        print(f"Bug {number}: not yet. {words}")
        return
    list(CHECKS.values())[index](mended)


def _another_function(index: int, mended: object) -> str:
    """Where this is not called as the chapter's function is: a sentence that says how that is."""
    bug = BUGS[index]
    name = bug.functions[-1]
    expected = inspect.signature(getattr(bug.module, name))
    call = f"{name}({', '.join(expected.parameters)})"
    try:
        inspect.signature(mended).bind(*expected.parameters)  # type: ignore[arg-type]
    except TypeError:
        return f"Expected was your function {name}, which is called as {call}."
    except ValueError:  # of something that is built in
        pass
    return ""
