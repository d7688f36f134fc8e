"""The tables and figures of the paper (Zheng & Peng 2022): each number or curve with the run that answers it.

Numbers are top-1 error in percent, as printed. Where the paper prints two for one run, both stand here, in the table in
which they are printed.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Cell:
    """One printed number, or one curve.

    Attributes:
        label: its row, in the paper's words.
        setting: the run, as arguments of `Config` without seed; everything else is the paper's recipe.
        error: top-1 error in percent; None for a curve, of which the paper prints no number.
        note: what is printed beside it.
    """

    label: str
    setting: dict
    error: float | None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """One table row by row, or one figure curve by curve."""

    title: str
    cells: tuple[Cell, ...]


def _cells(label: str, model: str, method: str, errors: dict[str, float], **options) -> list[Cell]:
    def setting(dataset: str) -> dict:
        return {"dataset": dataset, "model": model, "method": method} | ({"options": options} if options else {})

    return [Cell(label, setting(dataset), error) for dataset, error in errors.items()]


def _cifar(ten: float, hundred: float) -> dict[str, float]:
    return {"cifar10": ten, "cifar100": hundred}


def _faces(fer: float, raf: float) -> dict[str, float]:
    return {"fer2013": fer, "raf-db": raf}


def _sweep(
    dataset: str, model: str, name: str, baseline: float, depth: float, errors: dict[float, float]
) -> list[Cell]:
    cells = _cells(name, model, "baseline", {dataset: baseline})
    cells += _cells(f"{name} + SD", model, "stochastic-depth", {dataset: depth})
    for lam, error in errors.items():
        options = {} if lam == 0.25 else {"lam": lam}
        cells += _cells(f"{name} + Ours, lambda = {lam:g}", model, "self-guidance", {dataset: error}, **options)
    return cells


_SWEEP_10 = _sweep(
    "cifar10", "resnet50", "ResNet-50", 6.06, 6.05, {0.0: 5.31, 0.1: 5.29, 0.25: 5.28, 0.5: 5.62, 1.0: 5.78, 3.0: 90.00}
)
_SWEEP_10[-1] = Cell(_SWEEP_10[-1].label, _SWEEP_10[-1].setting, 90.00, "loss blow up")
_SWEEP_100 = _sweep(
    *("cifar100", "resnet110", "ResNet-110", 25.33, 22.61),
    {0.0: 22.63, 0.1: 21.25, 0.25: 21.08, 0.5: 21.97, 1.0: 22.40, 3.0: 23.51},
)

TABLES: dict[str, Table] = {
    "table1": Table(
        "Table 1: image classification",
        (
            *_cells("ResNet-32", "resnet32", "baseline", _cifar(6.34, 30.14)),
            *_cells("ResNet-32 + Ours", "resnet32", "self-guidance", _cifar(5.73, 27.65)),
            *_cells("ResNet-50", "resnet50", "baseline", _cifar(6.07, 28.37)),
            *_cells("ResNet-50 + Ours", "resnet50", "self-guidance", _cifar(5.28, 25.33)),
            *_cells("ResNet-110", "resnet110", "baseline", _cifar(5.43, 26.18)),
            *_cells("ResNet-110 + Ours", "resnet110", "self-guidance", _cifar(4.65, 21.60)),
        ),
    ),
    "table2": Table(
        "Table 2: online distillation, ResNet-32",
        (
            *_cells("baseline", "resnet32", "baseline", _cifar(6.34, 30.14)),
            *_cells("DML", "resnet32", "mutual-learning", _cifar(6.22, 28.47)),
            *_cells("ONE", "resnet32", "native-ensemble", _cifar(5.89, 27.30)),
            *_cells("Ours", "resnet32", "self-guidance", _cifar(5.73, 27.65)),
        ),
    ),
    "table3": Table(
        "Table 3: facial expressions",
        (
            *_cells("ResNet-32", "resnet32", "baseline", _faces(32.85, 18.55)),
            *_cells("ResNet-32 + Ours", "resnet32", "self-guidance", _faces(31.33, 17.80)),
            *_cells("ResNet-50", "resnet50", "baseline", _faces(31.83, 17.67)),
            *_cells("ResNet-50 + Ours", "resnet50", "self-guidance", _faces(30.38, 16.43)),
            *_cells("ResNet-110", "resnet110", "baseline", _faces(32.35, 19.62)),
            *_cells("ResNet-110 + Ours", "resnet110", "self-guidance", _faces(30.48, 16.53)),
        ),
    ),
    "table4": Table(
        "Table 4: online distillation on facial expressions, ResNet-32",
        (
            *_cells("baseline", "resnet32", "baseline", _faces(32.19, 18.55)),
            *_cells("DML", "resnet32", "mutual-learning", _faces(31.91, 18.48)),
            *_cells("ONE", "resnet32", "native-ensemble", _faces(31.90, 17.85)),
            *_cells("OKDDip", "resnet32", "diverse-peers", _faces(31.40, 17.42)),
            *_cells("Ours", "resnet32", "self-guidance", _faces(31.33, 17.80)),
        ),
    ),
    "table5": Table("Table 5: the trade-off lambda", (*_SWEEP_10, *_SWEEP_100)),
    "table6": Table(
        "Table 6: components, ResNet-110 on CIFAR-100",
        (
            *_cells("Baseline", "resnet110", "baseline", {"cifar100": 25.33}),
            *_cells("Stochastic Depth", "resnet110", "stochastic-depth", {"cifar100": 22.61}),
            *_cells("W/O Online Distillation (lambda = 0)", "resnet110", "self-guidance", {"cifar100": 22.63}, lam=0.0),
            *_cells(
                "W/O Backward Full network", "resnet110", "self-guidance", {"cifar100": 23.15}, backward_full=False
            ),
            *_cells("Full", "resnet110", "self-guidance", {"cifar100": 21.60}),
        ),
    ),
}


def _curves(title: str, cells: list[Cell]) -> Table:
    return Table(title, tuple(replace(cell, error=None, note="") for cell in cells))


FIGURES: dict[str, Table] = {
    "figure2": _curves(
        "Figure 2: training and test curves, ResNet-110",
        [cell for cell in TABLES["table1"].cells if cell.setting["model"] == "resnet110"],
    ),
    "figure3": _curves("Figure 3: curves for each lambda, CIFAR-10", _SWEEP_10),
    "figure4": _curves("Figure 4: curves for each lambda, CIFAR-100", _SWEEP_100),
    "figure5": _curves(
        "Figure 5: features of teacher and students, CIFAR-100",
        _cells("ResNet-50 + Ours", "resnet50", "self-guidance", {"cifar100": 0.0}),
    ),
}
