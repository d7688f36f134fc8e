"""Comparing settings of the ledger: who errs less, how sure that is, and how many runs it would take to see.

The mathematics is in `sgutils.results.statistics`; here are the runs. A seed fixes the first weights and the order of
images, so that runs of one seed look like pairs, and chapters may show them so; whether they are is `pairing_of`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ..errors import InputError
from ..training.record import Run, setting
from .experiments import EXPERIMENTS
from .labels import label
from .ledger import by_setting, mean_std
from .statistics import (
    Difference,
    Pairing,
    holm,
    on_new_images,
    pairing,
    runs_needed,
    smallest_seen,
    spread_within,
    stable,
    two_networks,
    unpaired,
)

__all__ = [
    "Difference",
    "Interval",
    "Pairing",
    "compare",
    "compare_all",
    "compare_on_new_images",
    "errors_of",
    "measured_in",
    "paired_differences",
    "pairing_of",
    "runs_needed",
    "seeds_needed",
    "smallest_seen",
    "two_networks",
]


def measured_in(
    experiment: str, runs: Sequence[Run], scale: str = "full", dataset: str | None = None
) -> dict[str, list[Run]]:
    """The finished runs of an experiment by method, in its order; a method that was not run has an empty list.

    Args:
        experiment: one of `sgutils.results.experiments.EXPERIMENTS`.
        runs: the ledger.
        scale: one of `sgutils.training.config.SCALES`.
        dataset: only what was trained on this one.

    Returns:
        `sgutils.results.labels.label` of each setting: its runs, in order of seed.
    """
    finished = by_setting([run for run in runs if run.status == "finished"])
    return {
        label(config.method, config.as_dict()["options"]): finished.get(setting(config.as_dict()), [])
        for config in EXPERIMENTS[experiment].configs(1, scale)
        if dataset in (None, config.dataset)
    }


def errors_of(runs: Sequence[Run]) -> list[float]:
    """Last-epoch test errors in points of the runs that finished."""
    return [100 * run.last_test_error for run in runs if run.status == "finished"]


def compare(groups: Mapping[str, Sequence[Run]], a: str, b: str) -> Difference | None:
    """How much more ``a`` errs than ``b``, on the test images that both have seen, for other seeds.

    The spread from seed to seed is pooled over all settings in ``groups`` that scatter alike. Where one of the two does not,
    it is Welch's interval from these two alone.

    Args:
        groups: what was run at **one** point: settings that differ in nothing but the method.
        a: a key of it.
        b: another one.

    Returns:
        None where one of the two was not run.
    """
    return _compare(groups, a, b, unpaired, errors_of)


def compare_on_new_images(groups: Mapping[str, Sequence[Run]], a: str, b: str) -> Difference | None:
    """As `compare`, for other seeds **and** other test images; None where records do not say which images were right."""
    if any(run.right is None for name in (a, b) for run in groups[name] if run.status == "finished"):
        return None
    return _compare(groups, a, b, on_new_images, _right_images)


def compare_all(
    groups: Mapping[str, Sequence[Run]], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Difference]:
    """`compare` for each pair that was run, corrected for how many they are."""
    found = {(a, b): compare(groups, a, b) for a, b in pairs}
    found = {pair: difference for pair, difference in found.items() if difference is not None}
    return dict(zip(found, holm(list(found.values())), strict=True))


def pairing_of(groups: Mapping[str, Sequence[Run]]) -> Pairing | None:
    """Whether runs of one seed err alike at a point; None where no two settings have two seeds in common."""
    errors = [
        {run.seed: 100 * run.last_test_error for run in runs if run.status == "finished"} for runs in groups.values()
    ]
    errors = [found for found in errors if len(found) > 1]
    seeds = sorted(set.intersection(*map(set, errors))) if errors else []
    if len(errors) < 2 or len(seeds) < 2:
        return None
    return Pairing(*(float(value) for value in pairing([[found[seed] for seed in seeds] for found in errors])))


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
        mean, std = mean_std(list(differences))
        if len(differences) < 3:
            return cls(mean, None, None, len(differences))
        half = t.ppf(0.975, len(differences) - 1) * std / sqrt(len(differences))
        return cls(mean, mean - half, mean + half, len(differences))

    @property
    def verdict(self) -> str:
        """What the pairs say: ``"better"``, ``"worse"`` or, of too few pairs too, ``"cannot tell"``."""
        if self.low is None:
            return "cannot tell"
        return "worse" if self.low > 0 else "better" if self.high < 0 else "cannot tell"

    def __str__(self):
        bounds = "" if self.low is None else f" [{self.low:+z.1f}, {self.high:+z.1f}]"
        return f"{self.mean:+z.1f}{bounds}".replace("-", "−")


def seeds_needed(std: float, points: float, share: float = 0.8) -> int:
    """How many pairs until the 95 % interval excludes 0 in that share of experiments, if the true difference is ``points``.

    Args:
        std: standard deviation of a paired difference, in points.
        points: the true difference, in points.
        share: of experiments, the power.

    Raises:
        InputError: if the difference or the deviation is not positive.
    """
    from scipy.stats import nct, t

    if not (points > 0 and std > 0):
        raise InputError(f"A difference and its deviation must be above 0, but they were {points!r} and {std!r}.")
    pairs = 3  # the fewest of which `Interval` has bounds
    # With a true difference, mean / (s / sqrt(n)) has a noncentral t distribution.
    while nct.sf(t.ppf(0.975, pairs - 1), pairs - 1, points * sqrt(pairs) / std) < share:
        pairs += max(1, pairs // 50)  # a large number need not be exact
    return pairs


def _right_images(runs: Sequence[Run]) -> list[np.ndarray]:
    return [run.right_images() for run in runs if run.status == "finished"]


def _compare(
    groups: Mapping[str, Sequence[Run]], a: str, b: str, interval: Callable, values: Callable
) -> Difference | None:
    errors = {name: errors_of(runs) for name, runs in groups.items()}
    sizes = (len(errors[a]), len(errors[b]))
    if not all(sizes):
        return None
    several = [name for name in errors if len(errors[name]) > 1]
    kept = dict(zip(several, stable([errors[name] for name in several]), strict=True)) if several else {}
    if several and kept.get(a, True) and kept.get(b, True):
        spread = spread_within([errors[name] for name in several])
    elif min(sizes) > 1:
        spread = None
    else:  # a single run, beside nothing that says how far the next would be
        mean = sum(errors[a]) / sizes[0] - sum(errors[b]) / sizes[1]
        return Difference(mean, None, None, None, sizes)
    return Difference(*map(float, interval(values(groups[a]), values(groups[b]), spread)), sizes)
