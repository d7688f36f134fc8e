"""What comes out of a loader, checked where it comes in: a label of another shape would be compared with every image."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor

from ..checks import shown
from ..errors import InputError


def pairs_of(loader: Iterable, name: str) -> Iterator[tuple[Tensor, Tensor]]:
    """The mini-batches of a loader.

    Args:
        loader: what a user gave.
        name: of the loader, for a sentence.

    Yields:
        ``x``, ``(N, ...)``, and ``y``, ``(N, ...)``.

    Raises:
        InputError: if it yields anything else.
    """
    batches = iter(loader)
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except (RuntimeError, TypeError) as error:  # such as images of two sizes, which a DataLoader cannot stack
            said = (str(error).strip() or type(error).__name__).splitlines()[-1].rstrip(".")
            raise InputError(f"The {name} loader cannot make a mini-batch: {said}.") from error
        pair = tuple(batch) if isinstance(batch, (tuple, list)) else ()
        if len(pair) != 2 or not all(isinstance(part, Tensor) and part.ndim > 0 for part in pair):
            raise InputError(f"The {name} loader must yield pairs (x, y) of tensors, not {_kind(batch)}.")
        x, y = pair
        if len(x) != len(y):
            raise InputError(
                f"The {name} loader yields {len(x)} images with {len(y)} labels: expected one label for each."
            )
        yield x, y


def check_loader(loader: Any, name: str) -> None:
    """Raise an `InputError` unless it can be gone through in every epoch."""
    if isinstance(loader, (str, bytes, dict, Tensor, Iterator)) or not hasattr(loader, "__iter__"):
        raise InputError(
            f"The {name} loader must yield mini-batches (x, y) in every epoch, as sg.loaders(...) and a torch DataLoader do, but "
            f"it is {shown(loader)}."
        )


def right_ones(predict: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """For each image whether its prediction is right, ``(N,)`` of 1.0 or 0.0, and whether the batch could be asked at all.

    The latter stays on the device: False where a label is not one of the classes, or an image is not finite.

    Raises:
        InputError: if ``y`` does not hold one class index for each image.
    """
    if y.ndim != 1 or y.dtype.is_floating_point or y.dtype.is_complex:
        raise InputError(
            f"Labels to test on must be one class index for each of {len(x)} images, not {y.dtype} of shape {tuple(y.shape)}."
        )
    logits = predict(x)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(x) or not logits.is_floating_point():
        kind = f"{logits.dtype} and " if isinstance(logits, Tensor) and not logits.is_floating_point() else ""
        raise InputError(
            f"predict must return logits of shape (N, K), floating-point numbers and one row for each of {len(x)} images, not "
            f"{kind}{_shape(logits)}."
        )
    sound = (y >= 0).all() & (y < logits.shape[1]).all()
    if x.dtype.is_floating_point:
        sound = sound & x.isfinite().all()
    known = ~logits.isnan().any(dim=1)  # of a NaN among them, argmax would make a prediction
    return ((logits.argmax(dim=1) == y) & known).float(), sound


def check_losses(losses: Any) -> None:
    """Raise an `InputError` unless these are what a method's forward is to return."""
    if not isinstance(losses, dict) or not {"total", "error"} <= set(losses):
        given = ", ".join(map(str, losses)) if isinstance(losses, dict) else type(losses).__name__
        raise InputError(f"A method's forward must return a dict with total and error, not {given or 'an empty one'}.")
    for name, value in losses.items():
        if not isinstance(value, Tensor) or value.ndim > 0:
            raise InputError(
                f"What a method's forward returns as {name!r} must be a 0-dim tensor, not {_shape(value)}."
            )
    if not losses["total"].requires_grad:
        raise InputError("The total that a method's forward returns has no gradient: it would train nothing.")


def _shape(value: object) -> str:
    return f"one of shape {tuple(value.shape)}" if isinstance(value, Tensor) else shown(value)


def _kind(batch: object) -> str:
    if isinstance(batch, (tuple, list)):
        return f"{len(batch)} parts of {', '.join(sorted({type(part).__name__ for part in batch})) or 'nothing'}"
    return type(batch).__name__
