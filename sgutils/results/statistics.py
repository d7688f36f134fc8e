"""The statistics of comparing trained networks: how large a difference is, how sure, and how many runs would show it.

Everything works on numbers, of one experiment or, with axes in front, of many at once. A spread is pooled over the settings of
one point, because two or three runs alone say little about theirs, but not over a setting that scatters more than the rest.
Whether seeds are pairs is asked in `sgutils.results.pairing`; how many runs it takes, in `sgutils.results.power`.
scipy is imported where it is used: training does without it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, sqrt
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ..checks import shown
from ..errors import InputError

Key = TypeVar("Key", bound=Hashable)

LEVEL = 0.95
# A setting is left out of the pool where its variance is larger than chance makes it once in this many experiments.
UNSTABLE = 0.01


class Spread(NamedTuple):
    """A variance with the degrees of freedom that it was estimated from; floats or arrays ``(...)``."""

    variance: np.ndarray
    freedom: np.ndarray

    @property
    def std(self) -> np.ndarray:
        return np.sqrt(self.variance)


# A variance below this share of a square is rounding: the runs tie.
_TIED = 1e-18


@dataclass(frozen=True)
class Difference:
    """How much more one setting errs than another, in points: above 0 it is worse.

    Attributes:
        mean: the difference of the two means.
        low: of its 95 % interval; None where the runs do not say how they scatter.
        high: as ``low``.
        p: how often a difference at least as large comes by chance where there is none; None as ``low``.
        runs: how many runs either side has.
        family: how many comparisons ``p`` is corrected for, see `holm`.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    runs: tuple[int, int]
    family: int = 1

    @property
    def verdict(self) -> str:
        """``"better"``, ``"worse"`` or ``"cannot tell"``."""
        if self.p is None or not self.p < 1 - LEVEL:
            return "cannot tell"
        return "worse" if self.mean > 0 else "better"

    @property
    def words(self) -> str:
        """The verdict, and why it is "cannot tell" where the interval does not say it."""
        if self.verdict != "cannot tell":
            return self.verdict
        if self.low is None or self.high is None:
            return "cannot tell: too few runs"
        if self.low >= 0 or self.high <= 0:  # the interval stands for itself, the word for all comparisons together
            return f"cannot tell among {self.family} comparisons"
        return self.verdict

    def __str__(self):
        bounds = "" if self.low is None else f" [{self.low:+z.1f}, {self.high:+z.1f}]"
        return f"{self.mean:+z.1f}{bounds}".replace("-", "−")


def finite_numbers(name: str, values: ArrayLike, axes: int = 1) -> np.ndarray:
    """Finite numbers with at least this many axes, whatever held them.

    Raises:
        InputError: if they are something else.
    """
    try:
        array = np.asarray(values)
        found = array.astype(float) if array.dtype.kind in "biuf" else None
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: of a tensor with a gradient
        found = None
    if found is None or found.ndim < axes or not np.isfinite(found).all():
        kind = "a list of finite numbers" if axes == 1 else f"finite numbers with {axes} axes or more"
        raise InputError(f"{name} must be {kind}, not {shown(values)}.")
    return found


def pooled(groups: Sequence[ArrayLike]) -> Spread:
    """The variance within groups, pooled over all of them.

    Args:
        groups: of each setting ``(..., runs)``; numbers of runs may differ, and of a single run nothing is learned.

    Raises:
        InputError: if no group has two runs.
    """
    arrays = _with_runs(groups)
    freedom = sum(group.shape[-1] - 1 for group in arrays)
    if freedom < 1:
        raise InputError("A spread needs a setting with at least two runs, and there is none: run another seed.")
    return Spread(sum(sum_of_squares(group) for group in arrays) / freedom, np.asarray(freedom))


def stable(groups: Sequence[ArrayLike]) -> np.ndarray:
    """Which settings scatter like the others: ``(..., groups)`` booleans.

    One after another the setting with the largest variance is tested against all others pooled, at `UNSTABLE`, corrected
    for how many there are to be the largest (Cochran's test, in the form for unequal numbers of runs of 't Lam 2010).
    Where all the others tie, they say nothing about how much one may scatter, and it is kept.
    """
    from scipy.stats import f

    arrays = _with_runs(groups)
    if not arrays or len(arrays) < len(groups):
        raise InputError("Each setting must have a run: leave out those without.")
    freedom = np.array([array.shape[-1] - 1 for array in arrays])
    squares = np.stack([sum_of_squares(array) for array in arrays], axis=-1)
    kept = np.ones(squares.shape, bool)
    for _ in range(len(arrays) - 2):
        known = kept & (freedom > 0)
        rest_freedom = (known * freedom).sum(-1, keepdims=True) - freedom
        rest = ((known * squares).sum(-1, keepdims=True) - squares) / np.maximum(rest_freedom, 1)
        ratio = squares / np.maximum(freedom, 1) / np.maximum(rest, 1e-300)
        chance = f.sf(ratio, np.maximum(freedom, 1), np.maximum(rest_freedom, 1))
        chance = np.where(known & (rest_freedom > 0) & (rest > _TIED * squares), chance, 1.0)
        worst = chance.argmin(-1, keepdims=True)
        out = np.take_along_axis(chance, worst, -1) < UNSTABLE / known.sum(-1, keepdims=True)
        np.put_along_axis(kept, worst, np.take_along_axis(kept, worst, -1) & ~out, -1)
    return kept


def spread_within(groups: Sequence[ArrayLike]) -> Spread:
    """As `pooled`, over the settings that are `stable`."""
    if not (arrays := _with_runs(groups)):
        return pooled(arrays)  # which refuses
    kept = stable(arrays)
    freedom = (kept * np.array([array.shape[-1] - 1 for array in arrays])).sum(-1)
    if np.any(freedom < 1):
        return pooled(arrays)  # refuses where there is nothing to pool
    squares = np.stack([sum_of_squares(array) for array in arrays], axis=-1)
    return Spread((kept * squares).sum(-1) / freedom, freedom)


def unpaired(
    a: ArrayLike, b: ArrayLike, spread: Spread | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The difference of two means, its 95 % interval and its p: Student's t with a pooled spread, Welch's without.

    Args:
        a: ``(..., runs)``.
        b: ``(..., runs)``, not necessarily as many.
        spread: pooled over settings that scatter alike; None takes both sides' own.

    Returns:
        mean, low, high and p, each ``(...)``.
    """
    least = 2 if _own(spread) else 1
    a, b = _runs("a", a, least), _runs("b", b, least)
    _check_fit(a, b)
    runs = np.array([a.shape[-1], b.shape[-1]])
    mean = a.mean(-1) - b.mean(-1)
    if spread is None:
        parts = np.stack([sum_of_squares(x) / (n - 1) / n for x, n in zip((a, b), runs, strict=True)])
        variance = parts.sum(0)
        freedom = variance**2 / np.maximum((parts**2 / (runs - 1).reshape(2, *[1] * mean.ndim)).sum(0), 1e-300)
    else:
        variance, freedom = spread.variance * (1 / runs).sum(), spread.freedom
    return mean, *_by_t(mean, variance, freedom)


def on_new_images(
    right_a: ArrayLike, right_b: ArrayLike, spread: Spread | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As `unpaired`, for other seeds **and** other test images of the same kind: errors of the two, in points.

    All runs are tested on the same images, which are a sample too. Seeds and images are crossed, so the variance of the
    difference is that between seeds plus that between images, less the interaction, which is in both. With few
    seeds the interval can come out a little narrower than `unpaired`'s: the variance is larger, but it is known from more
    degrees of freedom (Satterthwaite's), so that the factor of t is smaller. Both cover the truth as often as they say.

    Args:
        right_a: ``(..., runs, images)`` booleans: which test images each run got right.
        right_b: the same images.
        spread: of the error in points between seeds, pooled over settings; None takes both sides' own.
    """
    least = 2 if _own(spread) else 1
    sides = [_right(name, right, 2) for name, right in (("right_a", right_a), ("right_b", right_b))]
    images = sides[0].shape[-1]
    if sides[1].shape[-1] != images:
        raise InputError(f"The same test images are needed, but there are {images} and {sides[1].shape[-1]}.")
    if images < 2 or min(side.shape[-2] for side in sides) < least:
        raise InputError(
            f"An interval needs two test images and {least} run{'s' if least > 1 else ''} of either setting; there are {images} "
            f"images, and {sides[0].shape[-2]} and {sides[1].shape[-2]} runs."
        )
    _check_fit(sides[0][..., 0], sides[1][..., 0])
    wrong = [100.0 - 100.0 * right for right in sides]
    seeds, both, freedom = np.zeros(()), np.zeros(()), np.zeros(())
    for side in wrong:
        runs = side.shape[-2]
        errors = side.mean(-1)
        own = spread.variance if spread is not None else sum_of_squares(errors) / (runs - 1)
        seeds = seeds + own / runs
        freedom = freedom + (own / runs) ** 2 / (spread.freedom if spread is not None else runs - 1)
        rest = side - side.mean(-2, keepdims=True) - errors[..., None] + errors.mean(-1)[..., None, None]
        both = both + (rest**2).sum((-2, -1)) / max(1, (runs - 1) * (images - 1)) / runs / images
    # With a pooled spread, one variance enters both sides and must not count as two independent ones.
    freedom = np.maximum(seeds**2 / np.maximum(freedom, 1e-300), 1) if spread is None else spread.freedom
    by_image = wrong[0].mean(-2) - wrong[1].mean(-2)
    between = sum_of_squares(by_image) / (images - 1) / images
    variance = between + np.maximum(seeds - both, 0)  # a little too much where seeds change nothing
    total = variance**2 / np.maximum(seeds**2 / freedom + between**2 / (images - 1), 1e-300)
    mean = by_image.mean(-1)
    return mean, *_by_t(mean, variance, total)


def two_networks(right_a: ArrayLike, right_b: ArrayLike) -> Difference:
    """Two trained networks on the same images: by how many points the first errs more, on images of this kind.

    It says nothing about other seeds. The interval is that of Bonett & Price (2012), p McNemar's, exact.

    Args:
        right_a: ``(images,)`` booleans.
        right_b: the same images.
    """
    from scipy.stats import binomtest, norm

    a, b = _right("right_a", right_a).astype(bool), _right("right_b", right_b).astype(bool)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise InputError(f"The same test images are needed, one or more, but the shapes are {a.shape} and {b.shape}.")
    worse, better, images = int((b & ~a).sum()), int((a & ~b).sum()), a.size
    more, less = (worse + 1) / (images + 2), (better + 1) / (images + 2)
    half = norm.ppf((1 + LEVEL) / 2) * sqrt((more + less - (more - less) ** 2) / (images + 2))
    p = binomtest(worse, worse + better).pvalue if worse + better else 1.0
    return Difference(
        100 * (worse - better) / images, 100 * (more - less - half), 100 * (more - less + half), p, (1, 1)
    )


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The same, with p corrected for how many they are: the chance of **any** wrong word is 5 % at most (Holm 1979).

    Those without p count too, for they were looked at.
    """
    if not isinstance(differences, Sequence) or not all(isinstance(one, Difference) for one in differences):
        raise InputError(f"differences must be a list of Difference, not {shown(differences)}.")
    family = len(differences)
    adjusted, largest = {}, 0.0
    known = sorted((one.p, i) for i, one in enumerate(differences) if one.p is not None and not isnan(one.p))
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (family - rank) * p))
        adjusted[i] = largest
    return [replace(one, p=adjusted.get(i), family=family) for i, one in enumerate(differences)]


def corrected(differences: Mapping[Key, Difference | None]) -> dict[Key, Difference]:
    """Those that were measured, by the same names, as `holm` gives them."""
    measured = {key: difference for key, difference in differences.items() if difference is not None}
    return dict(zip(measured, holm(list(measured.values())), strict=True))


def _with_runs(groups: Sequence[ArrayLike]) -> list[np.ndarray]:
    """The groups that have a run: one without would take away a degree of freedom."""
    if isinstance(groups, str) or not hasattr(groups, "__iter__"):
        raise InputError(f"groups must be a list of the runs of each setting, not {shown(groups)}.")
    arrays = [np.atleast_1d(finite_numbers("a group", group, 0)) for group in groups]
    for array in arrays[1:]:
        _check_fit(arrays[0], array)
    return [array for array in arrays if array.shape[-1]]


def _check_fit(a: np.ndarray, b: np.ndarray) -> None:
    """Raise an `InputError` unless two settings are of as many experiments: the axes before that of the runs."""
    if a.shape[:-1] != b.shape[:-1]:
        raise InputError(
            f"Settings must be of the same experiments, but before the runs their shapes are {a.shape[:-1]} and {b.shape[:-1]}."
        )


def _own(spread: Spread | None) -> bool:
    """Whether both sides say themselves how they scatter."""
    if spread is not None and not isinstance(spread, Spread):
        raise InputError(f"spread must be what pooled(groups) gives, or None, not {shown(spread)}.")
    return spread is None


def _runs(name: str, values: ArrayLike, least: int) -> np.ndarray:
    """The runs of one setting."""
    array = finite_numbers(name, values)
    if array.shape[-1] < least:
        runs = "one run or more" if least == 1 else "two runs or more, where no spread is given"
        raise InputError(f"{name} must have {runs}, not {array.shape[-1]}.")
    return array


def _right(name: str, values: ArrayLike, axes: int = 1) -> np.ndarray:
    """Which images were right, as 0.0 and 1.0."""
    array = finite_numbers(name, values, axes)
    if not np.isin(array, (0, 1)).all():
        raise InputError(f"{name} must say of each image whether it was right, not {shown(values)}.")
    return array


def sum_of_squares(values: np.ndarray) -> np.ndarray:
    """Of the deviations from the mean: ``(..., n)`` -> ``(...)``."""
    return ((values - values.mean(-1, keepdims=True)) ** 2).sum(-1)


def _by_t(mean: np.ndarray, variance: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from scipy.stats import t

    error = np.sqrt(variance)
    freedom = np.maximum(freedom, 1)  # where nothing scatters, none is left
    half = t.ppf((1 + LEVEL) / 2, freedom) * error
    p = 2 * t.sf(np.abs(mean) / np.maximum(error, 1e-300), freedom)
    # Runs that tie do not say how far the next would be: of a difference between them nothing is known.
    return mean - half, mean + half, np.where(variance > _TIED * mean**2, p, np.where(mean == 0, 1.0, np.nan))
