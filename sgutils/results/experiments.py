"""Named experiments: lists of runs that the book shows, which `sgutils reproduce` takes into the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..checks import whole_number
from ..training.config import Config
from ..training.record import run_name
from .campaign import BLOW_UP, POINTS
from .paper import FIGURES, TABLES

# More would take longer to plan than anybody waits.
MOST_SEEDS = 1000


@dataclass(frozen=True)
class Experiment:
    """Several settings, each to be run with the same seeds.

    Attributes:
        title: what it asks, for a person.
        settings: what each run is, without its seed: arguments of `Config`.
        seeds: with how many it is planned.
        parts: names of other experiments, whose runs it is, one after another, instead of settings of its own.
    """

    title: str
    settings: tuple[dict, ...] = ()
    seeds: int = 3
    parts: tuple[str, ...] = ()

    def configs(self, seeds: int | None = None, scale: str = "full") -> Iterator[Config]:
        """All runs, each once, seed by seed, so that an unfinished ledger compares all settings on the same seeds.

        Args:
            seeds: how many, from 0; None is as many as planned.
            scale: one of `sgutils.training.config.SCALES`.

        Raises:
            InputError: if ``seeds`` is not a positive whole number or there is no such scale.
        """
        seeds = None if seeds is None else whole_number("seeds", seeds, 1, MOST_SEEDS)
        seen = set()
        for config in self._with_repetitions(seeds, scale):
            if (name := run_name(config.as_dict())) not in seen:
                seen.add(name)
                yield config

    def _with_repetitions(self, seeds: int | None, scale: str) -> Iterator[Config]:
        for part in self.parts:
            yield from EXPERIMENTS[part].configs(seeds, scale)
        for seed in range(self.seeds if seeds is None else seeds):
            for setting in self.settings:
                yield Config.at_scale(scale, **setting, seed=seed)


# Training and test images of the sets whose files do not say how many there should be.
WHOLE = {"fer2013": (28_709, 3_589), "raf-db": (12_271, 3_068)}

_METHODS: tuple[dict, ...] = (
    {"method": "baseline"},
    {"method": "stochastic-depth"},
    {"method": "self-guidance", "options": {"lam": 0.0}},
    {"method": "self-guidance"},
)


_EVERY_METHOD: tuple[dict, ...] = (
    {"method": "baseline"},
    {"method": "stochastic-depth"},
    *({"method": "self-guidance", "options": {"lam": lam}} for lam in (0.25, 0.0, 0.1, 0.5, 1.0, 3.0)),
    {"method": "self-guidance", "options": {"backward_full": False}},
    {"method": "mutual-learning"},
    {"method": "mutual-learning", "options": {"averaged": False}},
    {"method": "mutual-learning", "options": {"tau": 3.0}},
    {"method": "native-ensemble"},
    {"method": "diverse-peers"},
    {"method": "distillation"},
    {"method": "cosub"},
)
_OPEN_DECISIONS: tuple[dict, ...] = (
    {},
    {"detach_teacher": False},
    {"kl_direction": "student||teacher"},
    {"bn_statistics": "both"},
    {"bn_statistics": "recalibrate"},
    {"lam": 3.0},
    {"lam": 3.0, "kl_direction": "student||teacher"},
    {"lam": 3.0, "kl_direction": "student||teacher", "detach_teacher": False},
)


def _small_fashion(**scale) -> tuple[dict, ...]:
    return tuple({"dataset": "fashion-mnist", "model": "resnet20", "image_size": 14, **scale, **m} for m in _METHODS)


def _whole_paper() -> tuple[dict, ...]:
    """The quickest and most telling first: ResNet-32 on CIFAR with every method, then larger networks, then faces."""
    telling = [{"dataset": d, "model": "resnet32", **m} for m in _EVERY_METHOD for d in ("cifar10", "cifar100")]
    rest = [cell.setting for table in TABLES.values() for cell in table.cells]
    datasets, models = ("cifar10", "cifar100", "fer2013", "raf-db"), ("resnet32", "resnet50", "resnet110")

    def turn(setting: dict) -> tuple[int, int, int]:
        dataset = datasets.index(setting["dataset"])
        place = max(dataset, datasets.index("cifar100"))  # both CIFARs share theirs: network by network, side by side
        return place, models.index(setting["model"]), dataset

    return (*telling, *sorted(rest, key=turn))


EXPERIMENTS: dict[str, Experiment] = {
    "map": Experiment("When does Self-Guidance pay? All points of the map", parts=tuple(POINTS)),
    **{name: Experiment(point.title, point.configurations(), point.seeds) for name, point in POINTS.items()},
    **{
        name: Experiment(table.title, tuple(cell.setting for cell in table.cells))
        for name, table in (TABLES | FIGURES).items()
    },
    "paper": Experiment("All tables of the paper, with every method for ResNet-32", _whole_paper()),
    "every-method": Experiment(
        "Every method of this book on three data sets",
        tuple({"dataset": d, **m} for d in ("fashion-mnist", "cifar10", "fer2013") for m in _EVERY_METHOD),
    ),
    "open-decisions": Experiment(
        "What the paper leaves open about Self-Guidance, each choice on its own, CIFAR-10",
        tuple({"dataset": "cifar10", "method": "self-guidance", "options": options} for options in _OPEN_DECISIONS),
    ),
    "blow-up": Experiment("Lambda = 3 in the four forms of its divergence, CIFAR-10", BLOW_UP, seeds=10),
    "fashion-fitted": Experiment(
        "Few images, trained long enough for the baseline to fit them all (1,280 images of 14 x 14, 120 epochs)",
        _small_fashion(train_examples=1280, test_examples=2000, epochs=120, batch_size=64),
    ),
    "fashion-underfitted": Experiment(
        "More images, stopped long before anything fits them (4,000 images of 14 x 14, 20 epochs)",
        _small_fashion(epochs=20),
    ),
    "live-network": Experiment(
        "The two networks whose blocks the book's page switches: one trained plainly, one with Self-Guidance",
        tuple(
            {"dataset": "fashion-mnist", "model": "resnet20", "method": method, "epochs": 30, "batch_size": 64}
            for method in ("baseline", "self-guidance")
        ),
    ),
}
