"""Before the runs: how many would show a difference, and which difference that many would show."""

from math import sqrt

from ..checks import number, whole_number
from ..errors import InputError
from .statistics import LEVEL

# Standard deviations per difference: beyond it, more runs than anybody could count.
MOST_SPREAD = 1e6


def runs_needed(std: float, points: float, share: float = 0.8) -> int:
    """How many runs of **each** of two settings until a true difference shows in that share of experiments.

    Args:
        std: of the test error between seeds, in points.
        points: the true difference.
        share: of experiments whose 95 % interval excludes 0, the power.

    Raises:
        InputError: if the difference or the standard deviation is not a positive number, or the share not one between 0 and 1.
    """
    points, std, share = number("points", points, above=0), number("std", std, above=0), _share(share)
    if std / points > MOST_SPREAD:
        raise InputError(
            f"A difference of {points:g} points is lost in a standard deviation of {std:g}: ask for a larger one."
        )
    runs = 2
    while _power(std, points, runs) < share:
        runs += max(1, runs // 50)  # a large number need not be exact
    return runs


def smallest_seen(std: float, runs: int, share: float = 0.8) -> float:
    """The smallest true difference, in points, that shows in that share of experiments.

    Args:
        std: of the test error between seeds, in points.
        runs: of **each** of the two settings.
        share: of experiments whose 95 % interval excludes 0, the power.

    Raises:
        InputError: if there are fewer than two runs, the standard deviation is not a positive number, or the share not one
            between 0 and 1.
    """
    runs, std, share = whole_number("runs", runs, 2), number("std", std, above=0), _share(share)
    low, high = 0.0, std
    while _power(std, high, runs) < share:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(std, middle, runs) >= share else (middle, high)
    return high


def _share(share: float) -> float:
    if (found := number("share", share, above=0, most=1)) == 1:
        raise InputError("share must be below 1: no number of runs shows a difference in every experiment.")
    return found


def _power(std: float, points: float, runs: int) -> float:
    from scipy.stats import nct, t

    freedom = 2 * (runs - 1)
    return nct.sf(t.ppf((1 + LEVEL) / 2, freedom), freedom, points / std / sqrt(2 / runs))
