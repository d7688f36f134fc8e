"""How an exercise answers: it compares what a reader's code gives with the right value and with those of usual mistakes."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps

import torch
from torch import Tensor, nn

from ..errors import InputError
from .earlier import unsolved


class Hint(InputError):
    """What is not right yet, and what to look at, in a sentence for the reader."""


def exercise(name: str, calls: Mapping[str, Callable] | None = None) -> Callable:
    """Make a function that raises a `Hint` into a check that prints what it found, and never a traceback.

    Args:
        name: of the exercise, for the reader.
        calls: the functions of earlier steps that the answers may call, and the check of each: if one is not right yet, it
            is named, and not what comes of it.
    """

    def decorate(examine: Callable[..., None]) -> Callable[..., None]:
        @wraps(examine)
        def check(*answers) -> None:
            try:
                examine(*answers)
            except Exception as error:  # the reader's code may do anything
                print(f"{name}: not yet. {unsolved(answers, calls or {}) or _in_words(error)}")
            else:
                print(f"{name}: right.")

        return check

    return decorate


def _in_words(error: Exception) -> str:
    what = str(error).strip().split("\n")[0]
    return what if isinstance(error, Hint) else f"Your code stops with {type(error).__name__}: {what[:160]}"


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
    something(given, what)
    if not isinstance(given, Tensor):
        raise Hint(f"A tensor is expected for {what}; yours is a {type(given).__name__}.")
    if given.shape != right.shape:
        raise Hint(f"The shape {tuple(right.shape)} is expected for {what}; yours is {tuple(given.shape)}.")
    if near(given, right):
        return
    for hint, value in mistakes.items():
        if value.shape == given.shape and near(given, value):
            raise Hint(hint)
    first = int((~_close(given, right)).flatten().nonzero()[0])
    yours, wanted = (value.detach().flatten()[first].item() for value in (given, right))
    which = "it is" if right.numel() == 1 else f"number {first + 1} of {right.numel()} is"
    raise Hint(
        f"There are other numbers than expected in {what}: {which} {yours:.4f} in yours, and should be {wanted:.4f}."
    )


def something(given, what: str) -> None:
    """Where nothing was written yet, say what is missing."""
    if given is None or given is Ellipsis:
        raise Hint(f"Nothing comes back yet: write your code in place of the dots, and return {what}.")


def compare(answer: Callable, right: Callable, mistakes: Mapping[str, Callable], inputs: Sequence, what: str) -> None:
    """Compare a reader's function with the right one on several inputs, and with those of usual mistakes.

    A mistake is named only where it explains what comes back for every input.

    Args:
        answer: the reader's; it gets copies of the arguments, and may give numbers where a tensor is expected.
        right: computes what it should be, in another way than the solution does.
        mistakes: from the hint that helps to a function that makes the mistake.
        inputs: the arguments of each call.
        what: the name of the value, for a sentence.

    Raises:
        Hint: if it is not the right value for some input.
    """
    wanted = [as_tensor(right(*one)) for one in inputs]
    given, changed = [], False
    for one in inputs:
        arguments = copy.deepcopy(one)
        found = answer(*arguments)
        something(found, what)
        given.append(as_tensor(found))
        changed |= any(not _same(now, before) for now, before in zip(arguments, one, strict=True))
    if _all_near(given, wanted):
        return
    if changed:
        raise Hint(
            "What your function was given has changed meanwhile: work on a copy, such as sorted(p) for p.sort()."
        )
    for hint, wrong in mistakes.items():
        if _all_near(given, [as_tensor(wrong(*one)) for one in inputs]):
            raise Hint(hint)
    for one, found, value in zip(inputs, given, wanted, strict=True):
        shown = ", ".join(map(str, one))
        plain = all(isinstance(argument, int | float | list) for argument in one) and len(shown) <= 60
        expect(found, value, {}, f"{what} for {shown}" if plain else what)


def as_tensor(value):
    """Numbers, and lists and tuples of them, as a tensor; whatever else as it is."""
    try:
        return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return value


def _same(one, other) -> bool:
    return torch.equal(one, other) if isinstance(one, Tensor) else one == other


def stays_finite(loss) -> None:
    """Of a student that is very sure, whose smallest probabilities are rounded to 0.

    Raises:
        Hint: if the loss is not finite.
    """
    if not as_tensor(loss).isfinite():
        raise Hint(
            "It is right, until the student is very sure: then a probability is rounded to 0, and its logarithm is not "
            "finite. Take F.log_softmax in place of a logarithm of F.softmax."
        )


def _all_near(values: Sequence, others: Sequence) -> bool:
    return all(
        isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape == other.shape and near(one, other)
        for one, other in zip(values, others, strict=True)
    )


def near(one: Tensor, other: Tensor) -> bool:
    return bool(_close(one, other).all())


def _close(one: Tensor, other: Tensor) -> Tensor:
    return torch.isclose(one.detach().double(), other.detach().double(), rtol=1e-4, atol=1e-5, equal_nan=True)


@contextmanager
def drawn(seed: int) -> Iterator[None]:
    """Random numbers of this seed, without touching those of the reader."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def norms_go_on(net: nn.Module) -> None:
    """Batch norm is left as it was found: what is switched off for one pass must be on again after it.

    Raises:
        Hint: if the next mini-batch would meet other batch norms than this one did.
    """
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d) and not (norm.training and norm.track_running_stats):
            raise Hint(
                "The first mini-batch is right, but batch norm is left switched off: from the next one on no pass moves its running "
                "statistics. What you switch off for the student's pass has to be switched on again after it."
            )
