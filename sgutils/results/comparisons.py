"""Comparing methods on the same seeds: who errs less, how sure that is, and how many seeds it would take to see.

A seed fixes the first weights and the order of images, so runs of one seed are pairs (chapter Self-Guidance). scipy is
needed here and nowhere else in training, so that it is imported where it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from ..errors import InputError
from ..training.record import Run, setting
from .experiments import EXPERIMENTS
from .labels import label
from .ledger import by_setting, mean_and_deviation


def measured_in(
    experiment: str, runs: Sequence[Run], scale: str = "full", dataset: str | None = None
) -> dict[str, list[Run]]:
    """The finished runs of an experiment by method, in its order; a method that was not run has an empty list.

    Args:
        experiment: one of `sgutils.experiments.EXPERIMENTS`.
        runs: the ledger.
        scale: one of `sgutils.config.SCALES`.
        dataset: only what was trained on this one.

    Returns:
        `sgutils.labels.label` of each setting: its runs, in order of seed.
    """
    finished = by_setting([run for run in runs if run.status == "finished"])
    return {
        label(config.method, config.options): finished.get(setting(config.as_dict()), [])
        for config in EXPERIMENTS[experiment].configs(1, scale)
        if dataset in (None, config.dataset)
    }


def paired_differences(a: Sequence[Run], b: Sequence[Run]) -> list[float]:
    """Last-epoch test error of ``a`` minus that of ``b``, in points, for every seed that both have."""
    of_b = {run.seed: run.last_test_error for run in b}
    return [100 * (run.last_test_error - of_b[run.seed]) for run in a if run.seed in of_b]


@dataclass(frozen=True)
class Interval:
    """The mean of paired differences and its 95 % interval; the bounds are None for fewer than 3 pairs."""

    mean: float
    low: float | None
    high: float | None
    pairs: int

    @classmethod
    def of(cls, differences: Sequence[float]) -> "Interval":
        """From the differences themselves, by Student's t.

        Raises:
            InputError: if there is none.
        """
        from scipy.stats import t

        if not differences:
            raise InputError("An interval needs at least one pair of runs, and there is none: run both methods first.")
        mean, deviation = mean_and_deviation(list(differences))
        if len(differences) < 3:
            return cls(mean, None, None, len(differences))
        half = t.ppf(0.975, len(differences) - 1) * deviation / sqrt(len(differences))
        return cls(mean, mean - half, mean + half, len(differences))

    @property
    def verdict(self) -> str:
        """What the pairs say, in words."""
        if self.low is None:
            return "too few pairs"
        return "more errors" if self.low > 0 else "fewer errors" if self.high < 0 else "cannot tell"

    def __str__(self):
        bounds = "" if self.low is None else f" [{self.low:+z.1f}, {self.high:+z.1f}]"
        return f"{self.mean:+z.1f}{bounds}".replace("-", "−")


def seeds_needed(deviation: float, points: float, share: float = 0.8) -> int:
    """How many pairs until the 95 % interval excludes 0 in that share of experiments, if the true difference is ``points``.

    Args:
        deviation: standard deviation of a paired difference, in points.
        points: the true difference, in points.
        share: of experiments, the power.

    Raises:
        InputError: if the difference or the deviation is not positive.
    """
    from scipy.stats import nct, t

    if not (points > 0 and deviation > 0):
        raise InputError(f"A difference and its deviation must be above 0, but they were {points!r} and {deviation!r}.")
    pairs = 3  # the fewest of which `Interval` has bounds
    # With a true difference, mean / (s / sqrt(n)) has a noncentral t distribution.
    while nct.sf(t.ppf(0.975, pairs - 1), pairs - 1, points * sqrt(pairs) / deviation) < share:
        pairs += max(1, pairs // 50)  # a large number need not be exact
    return pairs
