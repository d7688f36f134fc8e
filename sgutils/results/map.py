"""The map as far as it was measured: at each point, how much Self-Guidance gains, and the gap that it could close.

What a point is, and what was planned, is in `sgutils.results.campaign`. A point that was not run is not there; runs from
before records carried the error on the training images are no part of it, for the gap cannot be read off them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..training.config import Config
from ..training.record import Run, setting_key
from .campaign import POINTS, Point
from .comparisons import compare, compare_on_new_images, pairing_of
from .labels import DATASETS, NETWORKS
from .ledger import by_setting, load_results
from .pairing import Pairing
from .statistics import Difference, corrected

GUIDED = "lambda 0.25"
# What the paper's setting is compared with, in the order in which a reader asks.
AGAINST = ("plain", "equal work", "stochastic depth", "lambda 0")


@dataclass(frozen=True)
class MeasuredPoint:
    """One place on the map, with its runs.

    Attributes:
        name: of its experiment, a key of `sgutils.results.campaign.POINTS`.
        point: what was planned.
        groups: runs by setting, in the plan's order; an empty list where a setting was not run.
        precision: of all of them: the one that most of the point's runs have.
        left_out: how many runs were left out because they have another precision.
    """

    name: str
    point: Point
    groups: dict[str, list[Run]]
    precision: str
    left_out: int

    @property
    def dataset(self) -> str:
        return self.point.recipe["dataset"]

    @property
    def title(self) -> str:
        """What was planned, for a page; a plan's own title is for a terminal too, which may know ASCII alone."""
        return self.point.title.replace(" x ", " × ")

    @property
    def short(self) -> str:
        """Data set and number of images, and what else tells a point from the others: "CIFAR-100, 10,000, ResNet-56"."""
        recipe = self.point.recipe
        words = [DATASETS[self.dataset], "all" if self.large else f"{recipe['train_examples']:,}"]
        if recipe["model"] != "resnet20":
            words.append(NETWORKS[recipe["model"]])
        if "schedule" in recipe:
            words.append(recipe["schedule"])
        return ", ".join(words)

    @property
    def large(self) -> bool:
        """Whether all training images were used."""
        return "train_examples" not in self.point.recipe

    @property
    def gap(self) -> float:
        """The plain networks' mean test error minus their error on the training images, in points."""
        gaps = [run.error - 100 * run.fit_error for run in self.finished("plain") if run.fit_error is not None]
        return sum(gaps) / len(gaps)

    @property
    def pairing(self) -> Pairing | None:
        """Whether seeds are pairs here, see `sgutils.results.pairing`."""
        return pairing_of(self.groups)

    def finished(self, name: str) -> list[Run]:
        return [run for run in self.groups.get(name, []) if run.finished]

    def errors(self, name: str) -> list[float]:
        """Test errors of a setting's runs in per cent, in order of seed."""
        return [run.error for run in self.finished(name)]

    def against(self, other: str, guided: str = GUIDED, *, images: bool = False) -> Difference | None:
        """How much more ``guided`` errs than ``other``, below 0 where it gains; None where one of them was not run.

        Args:
            other: name of a setting.
            guided: name of another one.
            images: whether for other test images too, see `compare_on_new_images`.
        """
        if not (self.finished(guided) and self.finished(other)):
            return None
        return (compare_on_new_images if images else compare)(self.groups, guided, other)


def measured_points(runs: Iterable[Run] | None = None) -> list[MeasuredPoint]:
    """The points of the map at which plain training ended and at least one other setting was run, in the plan's order.

    Args:
        runs: the ledger; None loads it.
    """
    known = [run for run in (load_results() if runs is None else runs) if run.fit_error is not None or not run.finished]
    groups = by_setting(known)
    found = []
    for name, point in POINTS.items():
        if len(point.rates) > 1:  # the learning rates of a point that is here already
            continue
        settings = {
            title: groups.get(setting_key(Config(**configuration).as_dict()), [])
            for title, configuration in zip(point.settings, point.configurations(), strict=True)
        }
        if sum(map(bool, settings.values())) > 1:
            measured = _in_one_precision(name, point, settings)
            if measured.finished("plain"):
                found.append(measured)
    return found


def gains(points: Iterable[MeasuredPoint], against: Iterable[str] = AGAINST) -> dict[tuple[str, str], Difference]:
    """The paper's setting against each other one at each point, corrected for how many comparisons that makes.

    Returns:
        Name of the point and of the other setting: how much more λ = 0.25 errs; what was not run is not there.
    """
    compared = {(point.name, other): point.against(other) for point in points for other in against}
    return corrected(compared)


def _in_one_precision(name: str, point: Point, settings: Mapping[str, list[Run]]) -> MeasuredPoint:
    counted = Counter(run.precision for runs in settings.values() for run in runs)
    precision = max(sorted(counted), key=lambda name: counted[name])
    kept = {title: [run for run in runs if run.precision == precision] for title, runs in settings.items()}
    return MeasuredPoint(name, point, kept, precision, counted.total() - counted[precision])
