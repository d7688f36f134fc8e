"""Exercises in steps: a reader's code calls that of earlier steps, and fails where one of those is not right yet."""

import dis
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from inspect import isclass, isfunction
from io import StringIO
from types import CodeType, FunctionType


def unsolved(answers: Iterable, calls: Mapping[str, Callable]) -> str | None:
    """A sentence on the first function of an earlier step that these answers call and that fails its own check.

    Args:
        answers: functions, or classes with functions.
        calls: from the names of the functions of earlier steps to their checks.
    """
    called = {name: function.__globals__.get(name) for function in _functions(answers) for name in _names(function)}
    for name, check in calls.items():
        if name in called:
            with redirect_stdout(StringIO()) as said:
                check(called[name])
            step, verdict = said.getvalue().split(":", 1)
            if "not yet" in verdict:
                return (
                    f"It calls {name}, and {step.lower()} is not right yet: solve that one first, or go on with its solution, "
                    f"from sgutils.exercises.solution import {name}"
                )
    return None


def _functions(answers: Iterable) -> Iterator[FunctionType]:
    for answer in answers:
        yield from filter(isfunction, vars(answer).values() if isclass(answer) else [answer])


def _names(function: FunctionType) -> set[str]:
    """The global names that it reads, in functions within it, too."""
    names, codes = set(), [function.__code__]
    while codes:
        code = codes.pop()
        names |= {str(one.argval) for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return names
