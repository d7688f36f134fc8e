"""Comparing settings of the ledger: who errs less, how sure that is, and how many runs it would take to see.

The mathematics is in `sgutils.results.statistics`; here are the runs. A seed fixes the first weights and the order of
images, so that runs of one seed look like pairs, and chapters may show them so; whether they are is `pairing_of`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan

import numpy as np

from ..checks import one_of
from ..training.record import Run, setting_key
from .experiments import EXPERIMENTS
from .labels import label
from .ledger import by_setting
from .pairing import Pairing, pairing
from .power import runs_needed, smallest_seen
from .statistics import (
    Difference,
    corrected,
    on_new_images,
    spread_within,
    stable,
    two_networks,
    unpaired,
)

__all__ = [
    "Difference",
    "Pairing",
    "compare",
    "compare_all",
    "compare_on_new_images",
    "errors_of",
    "measured_in",
    "pairing_of",
    "runs_needed",
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

    Raises:
        InputError: if there is no such experiment.
    """
    one_of("experiment", experiment, EXPERIMENTS)
    finished = by_setting([run for run in runs if run.finished])
    return {
        label(config.method, config.as_dict()["options"]): finished.get(setting_key(config.as_dict()), [])
        for config in EXPERIMENTS[experiment].configs(1, scale)
        if dataset in (None, config.dataset)
    }


def errors_of(runs: Sequence[Run]) -> list[float]:
    """Last-epoch test errors in points of the runs that finished."""
    return [run.error for run in runs if run.finished]


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
    if any(run.right is None for name in (a, b) for run in groups[name] if run.finished):
        return None
    return _compare(groups, a, b, on_new_images, _right_images)


def compare_all(
    groups: Mapping[str, Sequence[Run]], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Difference]:
    """`compare` for each pair that was run, corrected for how many they are."""
    compared = {(a, b): compare(groups, a, b) for a, b in pairs}
    return corrected(compared)


def pairing_of(groups: Mapping[str, Sequence[Run]]) -> Pairing | None:
    """Whether runs of one seed err alike at a point; None where no two settings have two seeds in common, or all runs tie."""
    finished = [{run.seed: run.error for run in runs if run.finished} for runs in groups.values()]
    errors = [found for found in finished if len(found) > 1]
    seeds = sorted(set.intersection(*map(set, errors))) if errors else []
    if len(errors) < 2 or len(seeds) < 2:
        return None
    found = Pairing(*map(float, pairing([[of[seed] for seed in seeds] for of in errors])))
    return None if isnan(found.ratio) else found


def _right_images(runs: Sequence[Run]) -> list[np.ndarray]:
    return [right for run in runs if run.finished and (right := run.right_images()) is not None]


def _compare(
    groups: Mapping[str, Sequence[Run]], a: str, b: str, interval: Callable, values: Callable
) -> Difference | None:
    for name in (a, b):
        one_of("a setting to compare", name, groups)
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
    mean, low, high, p = map(float, interval(values(groups[a]), values(groups[b]), spread))
    if isnan(p):  # all runs tie
        return Difference(mean, None, None, None, sizes)
    return Difference(mean, low, high, p, sizes)
