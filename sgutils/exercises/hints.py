"""How an exercise answers: it compares what a reader's code gives with the right value and with those of usual mistakes."""

from collections.abc import Callable, Mapping
from functools import wraps

import torch
from torch import Tensor

from ..errors import InputError


class Hint(InputError):
    """What is not right yet, and what to look at, in a sentence for the reader."""


def exercise(name: str) -> Callable:
    """Make a function that raises a `Hint` into a check that prints what it found, and never a traceback."""

    def decorate(examine: Callable[..., None]) -> Callable[..., None]:
        @wraps(examine)
        def check(*answers) -> None:
            try:
                examine(*answers)
            except Hint as hint:
                print(f"{name}: not yet. {hint}")
            except Exception as error:  # the reader's code may do anything
                what = str(error).strip().split("\n")[0][:160]
                print(f"{name}: not yet. Your code stops with {type(error).__name__}: {what}")
            else:
                print(f"{name}: right.")

        return check

    return decorate


def expect(given, right: Tensor, mistakes: Mapping[str, Tensor], what: str) -> None:
    """Compare what was given with the right value, and with what usual mistakes would give.

    Args:
        given: by the reader's code.
        right: what it should be.
        mistakes: from the hint that helps to the value that the mistake gives.
        what: the name of the value, for a sentence.

    Raises:
        Hint: if it is not the right value.
    """
    if given is None or given is Ellipsis:
        raise Hint(f"Nothing comes back yet: write your code in place of the dots, and return {what}.")
    if not isinstance(given, Tensor):
        raise Hint(f"A tensor is expected for {what}; yours is a {type(given).__name__}.")
    if given.shape != right.shape:
        raise Hint(f"The shape {tuple(right.shape)} is expected for {what}; yours is {tuple(given.shape)}.")
    if near(given, right):
        return
    for hint, value in mistakes.items():
        if value.shape == given.shape and near(given, value):
            raise Hint(hint)
    first, wanted = (value.detach().flatten()[0].item() for value in (given, right))
    raise Hint(
        f"There are other numbers than expected in {what}: the first is {first:.4f}, and should be {wanted:.4f}."
    )


def near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.detach().double(), other.detach().double(), rtol=1e-4, atol=1e-5)
