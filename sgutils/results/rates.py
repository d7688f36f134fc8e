"""Each setting at the learning rate that suits it best, chosen on held-out training images.

One learning rate for all can be fair to none: a method that shrinks the steps may want a larger rate than plain training. The
points ``map-rates-...`` of `sgutils.results.campaign` run every setting at several first learning rates, of which the held-out images
choose one for each; test images have no part in the choice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..training.config import Config
from ..training.record import Run, setting_key
from .campaign import POINTS, Point
from .comparisons import compare
from .ledger import by_setting, load_results
from .map import AGAINST, GUIDED, MeasuredPoint
from .statistics import Difference, corrected

SETTINGS = (*AGAINST, GUIDED)
# Of a recipe, what makes a point of the map another one.
SCALE = ("dataset", "model", "train_examples", "image_size", "epochs")


@dataclass(frozen=True)
class Rates:
    """What was found at one data set.

    Attributes:
        name: of its experiment, a key of `sgutils.results.campaign.POINTS`.
        point: what was planned.
        groups: finished runs by setting and learning rate.
    """

    name: str
    point: Point
    groups: dict[tuple[str, float], list[Run]]

    def is_of(self, point: MeasuredPoint) -> bool:
        """Whether the map's point is the same but for the learning rates."""
        return all(point.point.recipe.get(key) == self.point.recipe.get(key) for key in SCALE)

    def is_complete(self, *settings: str) -> bool:
        """Whether these have as many seeds at every rate as were planned."""
        return all(
            len(self.groups[setting, rate]) >= self.point.seeds for setting in settings for rate in self.point.rates
        )

    def held_out(self, setting: str) -> dict[float, float]:
        """Error on the held-out images in per cent at each rate, as a mean over the seeds that all its rates have.

        Empty where there is no such seed.
        """
        errors = {
            rate: {run.seed: 100 * run.curves["validation_error"][-1] for run in self.groups[setting, rate]}
            for rate in self.point.rates
        }
        seeds = set.intersection(*map(set, errors.values()))
        return {rate: sum(of[seed] for seed in seeds) / len(seeds) for rate, of in errors.items()} if seeds else {}

    def chosen(self, setting: str) -> float | None:
        """The rate with the least error on the held-out images, the first of equals; None where not all rates were run."""
        found = self.held_out(setting)
        return min(found, key=lambda rate: found[rate]) if found else None

    def against(self, other: str) -> Difference | None:
        """How much more `GUIDED` errs on the test images than ``other``, each at its own rate; None where one has none."""
        rates = [self.chosen(name) for name in (GUIDED, other)]
        if None in rates:
            return None
        named = {f"{setting} at {rate}": runs for (setting, rate), runs in self.groups.items()}
        return compare(named, *(f"{name} at {rate}" for name, rate in zip((GUIDED, other), rates, strict=True)))


def measured_rates(runs: Iterable[Run] | None = None) -> list[Rates]:
    """The data sets at which Self-Guidance and at least one other setting were run at all rates, in the plan's order.

    Args:
        runs: the ledger; None loads it.
    """
    finished = [run for run in (load_results() if runs is None else runs) if run.finished]
    of_setting = by_setting([run for run in finished if "validation_error" in run.curves])
    found = []
    for name, point in POINTS.items():
        if len(point.rates) == 1:
            continue
        keys = [(setting, rate) for rate in point.rates for setting in point.settings]
        groups = {
            key: of_setting.get(setting_key(Config(**configuration).as_dict()), [])
            for key, configuration in zip(keys, point.configurations(), strict=True)
        }
        rates = Rates(name, point, groups)
        if rates.chosen(GUIDED) and any(map(rates.chosen, AGAINST)):
            found.append(rates)
    return found


def rate_gains(found: Iterable[Rates]) -> dict[tuple[str, str], Difference]:
    """The paper's setting against each other one, each at its own rate, corrected for how many comparisons that makes."""
    return corrected({(rates.name, other): rates.against(other) for rates in found for other in AGAINST})
