"""What others measured: test errors that public code and papers print for networks and methods of this book.

None is ours. They stand beside the paper's numbers, because a plain network is not one number either: recipe, shape and
the epoch that is reported differ from source to source, and each says which it has.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Who measured.

    Attributes:
        name: short, for a figure.
        link: where the numbers are printed.
        recipe: what differs from the paper's recipe, for a person.
    """

    name: str
    link: str
    recipe: str


@dataclass(frozen=True)
class PublicError:
    """One printed error.

    Attributes:
        source: who measured it.
        dataset: as in `Config`.
        model: the network's depth as in `Config`; ``shape`` where it is another network of that depth.
        method: as `sgutils.results.labels.label` names it.
        error: top-1 test error in per cent.
        spread: its printed standard deviation; None for a number that stands alone.
        shape: how the network differs from the paper's; empty where it does not.
    """

    source: Source
    dataset: str
    model: str
    method: str
    error: float
    spread: float | None = None
    shape: str = ""


MCL = Source("MCL-OKD", "https://github.com/winycg/MCL-OKD", "cosine schedule, weight decay 5e-4, one run")
PCL = Source(
    "PCL",
    "https://github.com/shaoeric/Peer-Collaborative-Learning-for-Online-Knowledge-Distillation",
    "the table that is quoted there, with a standard deviation",
)
CHENYAOFO = Source("chenyaofo", "https://github.com/chenyaofo/pytorch-cifar-models", "one run")
AKAMASTER = Source("akamaster", "https://github.com/akamaster/pytorch_resnet_cifar10", "one run")
REP = Source(
    "RepDistiller", "https://github.com/HobbitLong/RepDistiller", "240 epochs from rate 0.05, weight decay 5e-4"
)
HE = Source("He et al.", "https://arxiv.org/abs/1512.03385", "five runs")
HUANG = Source("Huang et al.", "https://arxiv.org/abs/1603.09382", "500 epochs")

BASIC = "basic blocks, 1.7 million parameters"
OPTION_A = "shortcuts without parameters"


def _row(source: Source, dataset: str, model: str, shape: str = "", /, **errors: float | tuple[float, float]):
    names = {"plain": "plain", "depth": "stochastic depth", "dml": "DML", "one": "ONE", "okddip": "OKDDip"}
    pairs = {names[key]: value if isinstance(value, tuple) else (value, None) for key, value in errors.items()}
    return tuple(
        PublicError(source, dataset, model, name, error, spread, shape) for name, (error, spread) in pairs.items()
    )


PUBLIC: tuple[PublicError, ...] = (
    *_row(MCL, "cifar100", "resnet32", plain=28.91, dml=24.92, one=25.74, okddip=25.76),
    *_row(MCL, "cifar100", "resnet110", plain=23.62, dml=21.51, one=22.19, okddip=21.05),
    *_row(PCL, "cifar10", "resnet32", dml=(6.06, 0.07), one=(5.80, 0.12), okddip=(5.83, 0.15)),
    *_row(PCL, "cifar100", "resnet32", dml=(26.32, 0.14), one=(26.21, 0.41), okddip=(26.75, 0.38)),
    *_row(PCL, "cifar10", "resnet110", dml=(5.47, 0.25), one=(4.84, 0.30), okddip=(4.86, 0.10)),
    *_row(PCL, "cifar100", "resnet110", dml=(22.14, 0.50), one=(21.60, 0.36), okddip=(21.46, 0.26)),
    *_row(CHENYAOFO, "cifar10", "resnet32", plain=6.47),
    *_row(CHENYAOFO, "cifar100", "resnet32", plain=29.84),
    *_row(AKAMASTER, "cifar10", "resnet32", OPTION_A, plain=7.37),
    *_row(AKAMASTER, "cifar10", "resnet110", f"{BASIC}, {OPTION_A}", plain=6.32),
    *_row(REP, "cifar100", "resnet32", plain=28.86),
    *_row(REP, "cifar100", "resnet110", BASIC, plain=25.69),
    *_row(HE, "cifar10", "resnet110", BASIC, plain=(6.61, 0.16)),
    *_row(HUANG, "cifar10", "resnet110", BASIC, plain=6.41, depth=5.23),
)
