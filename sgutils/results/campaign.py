"""The map, planned before it was run: when does Self-Guidance pay?

Each point of the map is a data set, a number of training images and a length of training, at which the same settings are
run with the same seeds. What is read off is the gain of one setting over another against the baseline's generalisation
gap. `data/results/PLAN.md` says what is compared, and how, in words.
"""

from dataclasses import dataclass

SELF_GUIDANCE = {"method": "self-guidance"}
# The settings of every point. A Self-Guidance step costs 1.75 plain steps, and so "as much work" is 1.75 times the epochs.
EQUAL_WORK = 1.75
CORE = ("plain", "equal work", "stochastic depth", "lambda 0", "lambda 0.25", "w/o backward full")
# At the points where a run takes minutes. "twice the rate" is what lambda 0 amounts to where no block is ever skipped: two
# equal cross-entropies are a learning rate of twice, and a decay of half, the size.
MORE = ("cosub", "twice the rate")
# What a reader could try before: at the small points.
SIMPLER = ("label smoothing", "stronger recipe")


@dataclass(frozen=True)
class Point:
    """One place on the map.

    Attributes:
        title: for a person.
        recipe: arguments of `Config` that all its runs share.
        settings: names of `setting`.
        seeds: how many, from 0.
        rates: the first learning rates at which each setting is run.
    """

    title: str
    recipe: dict
    settings: tuple[str, ...]
    seeds: int
    rates: tuple[float, ...] = (0.1,)

    def configurations(self) -> tuple[dict, ...]:
        """The settings as arguments of `Config`, in order, without a seed."""
        return tuple(setting(name, self.recipe | {"lr": lr}) for lr in self.rates for name in self.settings)


def setting(name: str, recipe: dict) -> dict:
    """One setting of a point as arguments of `Config`.

    Args:
        name: one of `CORE`, `MORE` or `SIMPLER`.
        recipe: of the point.
    """
    lr, decay = recipe.get("lr", 0.1), recipe.get("weight_decay", 1e-4)
    return (
        recipe
        | {
            "plain": {"method": "baseline"},
            "equal work": {"method": "baseline", "epochs": round(EQUAL_WORK * recipe["epochs"])},
            "stochastic depth": {"method": "stochastic-depth"},
            "lambda 0": SELF_GUIDANCE | {"options": {"lam": 0.0}},
            "lambda 0.25": SELF_GUIDANCE,
            "w/o backward full": SELF_GUIDANCE | {"options": {"backward_full": False}},
            "cosub": {"method": "cosub"},
            "twice the rate": {"method": "baseline", "lr": 2 * lr, "weight_decay": decay / 2},
            "label smoothing": {"method": "baseline", "options": {"label_smoothing": 0.1}},
            "stronger recipe": {"method": "baseline"} | _STRONG,
        }[name]
    )


# Every epoch is tested on held-out images, and the test set, all of it, once: testing 10,000 images after each epoch would
# take longer than training 2,560.
_SMALL = {
    "model": "resnet20",
    "validation_examples": 1000,
    "image_size": 14,
    "train_examples": 2560,
    "epochs": 24,
    "batch_size": 64,
    "augment": False,
}
_CIFAR = {"model": "resnet20"}
_STRONG = {"schedule": "cosine", "weight_decay": 5e-4}
_FEW = ("plain", "stochastic depth", "lambda 0", "lambda 0.25")

POINTS: dict[str, Point] = {
    **{
        f"map-small-{name}": Point(
            f"{title}, 2,560 images of 14 x 14, 24 epochs", _SMALL | {"dataset": name}, CORE + MORE + SIMPLER, 10
        )
        for name, title in (
            ("fashion-mnist", "Fashion-MNIST"),
            ("cifar10", "CIFAR-10"),
            ("fer2013", "FER-2013 (a part)"),
        )
    },
    "map-cifar10-5k": Point(
        "CIFAR-10, 5,000 images, 100 epochs",
        _CIFAR | {"dataset": "cifar10", "train_examples": 5000, "epochs": 100},
        CORE + MORE,
        5,
    ),
    "map-cifar100": Point("CIFAR-100, all images, 30 epochs", _CIFAR | {"dataset": "cifar100", "epochs": 30}, CORE, 5),
    "map-cifar100-10k": Point(
        "CIFAR-100, 10,000 images, 60 epochs",
        _CIFAR | {"dataset": "cifar100", "train_examples": 10_000, "epochs": 60},
        CORE,
        5,
    ),
    "map-cifar10": Point("CIFAR-10, all images, 30 epochs", _CIFAR | {"dataset": "cifar10", "epochs": 30}, CORE, 3),
    "map-cifar100-strong": Point(
        "CIFAR-100, all images, 30 epochs, cosine schedule, weight decay 5e-4",
        _CIFAR | {"dataset": "cifar100", "epochs": 30} | _STRONG,
        ("plain", "lambda 0.25"),
        3,
    ),
    **{
        f"map-depth-{model}": Point(
            f"CIFAR-100, 10,000 images, 60 epochs, {title}",
            {"model": model, "dataset": "cifar100", "train_examples": 10_000, "epochs": 60},
            _FEW,
            3,
        )
        for model, title in (("resnet56", "ResNet-56"), ("resnet110", "ResNet-110"))
    },
    # Learning rates for every method, chosen on the held-out images. The first is that of the points above.
    **{
        f"map-rates-{name}": Point(
            f"{name}: learning rates, chosen on held-out images",
            _SMALL | {"dataset": name},
            CORE + MORE,
            3,
            rates=(0.1, 0.05, 0.02),
        )
        for name in ("fashion-mnist", "cifar10", "fer2013")
    },
}

# Which form of the loss blows up at lambda = 3, as one entry of the paper's Table 5 did? At the small point of CIFAR-10.
BLOW_UP: tuple[dict, ...] = tuple(
    _SMALL
    | {"dataset": "cifar10", "method": "self-guidance"}
    | {"options": {"lam": 3.0, "kl_direction": direction, "detach_teacher": detached}}
    for direction in ("teacher||student", "student||teacher")
    for detached in (True, False)
)
