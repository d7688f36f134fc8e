"""What a training has given so far, an epoch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..checks import is_number
from ..errors import InputError


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes:
        index: 1 for the first.
        lr: its learning rate.
        train: epoch means of what the method returned (``total``, ``error`` and its own terms).
        test_error: share of wrong test predictions of what is deployed; None where that was not asked.
        seconds: wall time of training and testing.
        validation_error: the same on held-out training images; None without any.
    """

    index: int
    lr: float
    train: dict[str, float]
    test_error: float | None
    seconds: float
    validation_error: float | None = None


def check_history(history: Sequence[Epoch], epochs: int, *, tested: bool, validated: bool) -> None:
    """Look whether a training could have had these epochs: a run that goes on trusts their numbers.

    Args:
        history: read from a file.
        epochs: how many it is to have in all.
        tested: whether each of them was tested.
        validated: whether each has an error on held-out images.

    Raises:
        InputError: if it could not.
    """
    if len(history) > epochs:
        raise InputError(f"its history has {len(history)} epochs, and it is to have {epochs}.")
    for index, epoch in enumerate(history, start=1):
        sound = type(epoch.index) is int and epoch.index == index
        sound = sound and all(is_number(value) and value >= 0 for value in (epoch.lr, epoch.seconds))
        sound = sound and _is_share(epoch.validation_error, validated) and _is_share(epoch.test_error, tested)
        sound = sound and isinstance(epoch.train, dict) and epoch.train.keys() == history[0].train.keys()
        if not sound or not all(type(value) in (int, float) for value in epoch.train.values()):
            raise InputError(f"epoch {index} of its history is not one that this training could have had.")


def _is_share(value, needed: bool) -> bool:
    return not needed if value is None else is_number(value) and 0 <= value <= 1
