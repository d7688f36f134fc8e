"""How the learning rate falls while a run goes on, from epoch to epoch."""

import math
from collections.abc import Callable

from ..checks import number, whole_number
from ..errors import InputError


def step(progress: float) -> float:
    """The paper's (sec. 4.1): all of it, a tenth from 50 % and a hundredth from 75 % of the epochs."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def cosine(progress: float) -> float:
    """Half a wave from 1 towards 0 (Loshchilov and Hutter 2017, Eq. 5, without restarts)."""
    return (1 + math.cos(math.pi * progress)) / 2


# By name: the share of the first learning rate at a share of the epochs, from 0 to below 1.
SCHEDULES: dict[str, Callable[[float], float]] = {"step": step, "cosine": cosine}


def learning_rate(index: int, epochs: int, lr: float, schedule: str = "step", warmup_epochs: int = 0) -> float:
    """The learning rate of an epoch.

    Args:
        index: of the epoch, 0 for the first.
        epochs: of the whole run.
        lr: the rate from which the schedule starts.
        schedule: one of `SCHEDULES`.
        warmup_epochs: first epochs, in which the rate rises in equal steps to what the schedule says.
    """
    rising = min(1.0, (index + 1) / (warmup_epochs + 1))
    return lr * rising * SCHEDULES[schedule](index / epochs)


def check_warmup(warmup_epochs: int, epochs: int) -> int:
    """``warmup_epochs``, or an `InputError` unless it is a whole number from 0 to below ``epochs``."""
    value = whole_number("warmup_epochs", warmup_epochs, 0)
    if value >= epochs:
        raise InputError(f"warmup_epochs must be fewer than the {epochs} epochs, not {value}.")
    return value


def check_momentum(momentum: float) -> float:
    """``momentum``, or an `InputError` unless it is a number from 0 to below 1."""
    value = number("momentum", momentum)
    if value >= 1:
        raise InputError(f"momentum must be below 1, not {value!r}.")
    return value
