"""Are runs of one seed pairs? Whether the same seed makes two settings err alike is asked, not assumed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .statistics import LEVEL, finite_numbers, sum_of_squares


class Pairing(NamedTuple):
    """The variance of a difference between runs of one seed, in units of what it is for runs of two seeds.

    At 1 the seed does nothing for a comparison; at 0.5 a pair is worth two unpaired runs of each setting.
    """

    ratio: np.ndarray | float
    low: np.ndarray | float
    high: np.ndarray | float


def pairing(errors: ArrayLike) -> Pairing:
    """Whether runs of one seed err alike, with its 95 % interval.

    From the two-way analysis of variance: the ratio is 1 minus the correlation within a seed, whose interval is exact for
    normal errors (Shrout & Fleiss 1979, form 3,1).

    Args:
        errors: ``(..., settings, seeds)``, at least two of either.

    Raises:
        InputError: if there are fewer.
    """
    from scipy.stats import f

    errors = finite_numbers("errors", errors, 2)
    settings, seeds = errors.shape[-2:]
    if settings < 2 or seeds < 2:
        raise InputError(f"Pairs need two settings with two seeds in common; these are {settings} with {seeds}.")
    of_seeds = errors.mean(-2)
    rest = errors - errors.mean(-1, keepdims=True) - of_seeds[..., None, :] + errors.mean((-2, -1))[..., None, None]
    freedom = (seeds - 1, (settings - 1) * (seeds - 1))
    # Infinite where all settings move alike, NaN where nothing moves.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = settings * sum_of_squares(of_seeds) / freedom[0] / ((rest**2).sum((-2, -1)) / freedom[1])

    def uncorrelated(ratio: np.ndarray) -> np.ndarray:
        return settings / (ratio + settings - 1)

    tail = (1 - LEVEL) / 2
    return Pairing(
        uncorrelated(ratio),
        uncorrelated(ratio / f.ppf(tail, *freedom)),
        uncorrelated(ratio / f.ppf(1 - tail, *freedom)),
    )
