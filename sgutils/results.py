"""The ledger: one JSON file a run, written at the end of a run, from which every number in the book comes."""

import dataclasses
import functools
import hashlib
import json
import platform
import statistics
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import distributed
from .config import Config
from .errors import InputError
from .folders import data_folder, ledgers, records
from .methods import options
from .paper import FIGURES, TABLES


@dataclass(frozen=True)
class Run:
    """One run as it was measured.

    Attributes:
        config: everything that decided it (see `sgutils.config.Config`), its seed included.
        status: ``"finished"``, ``"diverged"`` (NaN or infinite loss), ``"stopped"`` (deadline) or ``"interrupted"``.
        message: what there is to say about a run that did not finish.
        command: how it was started.
        curves: one number an epoch: ``test_error`` and epoch means of the method's losses, ``train_...``.
        last_test_error: of the last epoch, as a share; what tables quote. None if no epoch was finished.
        best_test_error: the lowest of any epoch; chosen on the test set, so no table quotes it.
        parameters: how many are trained, and how many are deployed.
        seconds: wall time of all epochs, those of a teacher that is trained first included.
        images_per_second: training images a second, testing included.
        device: what it ran on.
        versions: of Python and the libraries.
        commit: of the code, see `code_commit`.
        precision: of the convolutions in training, see `sgutils.training.Trainer`.
    """

    config: dict
    status: str
    message: str
    command: str
    curves: dict[str, list[float]]
    last_test_error: float | None
    best_test_error: float | None
    parameters: dict[str, int]
    seconds: float
    images_per_second: float
    device: str
    versions: dict[str, str]
    commit: str
    precision: str = "float32"

    @classmethod
    def of(cls, trainer, config, *, status: str, message: str, command: str) -> "Run":
        """The record of what a trainer has done so far."""
        history = trainer.history
        curves = {"test_error": [epoch.test_error for epoch in history]}
        for name in history[0].train if history else ():
            curves[f"train_{name}"] = [round(epoch.train[name], 6) for epoch in history]
        seconds = sum(epoch.seconds for epoch in trainer.epochs_done)
        images = len(trainer.epochs_done) * len(trainer.dataset.train_x)
        return cls(
            config=dataclasses.asdict(config),
            status=status,
            message=message,
            command=command,
            curves=curves,
            last_test_error=curves["test_error"][-1] if history else None,
            best_test_error=min(curves["test_error"]) if history else None,
            parameters={
                "trained": sum(p.numel() for p in trainer.parameters),
                "deployed": sum(p.numel() for p in trainer.method.deployed_network().parameters()),
            },
            seconds=round(seconds, 2),
            images_per_second=round(images / seconds, 1) if seconds else 0.0,
            device=_device_name(trainer.device),
            versions={"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
            commit=code_commit(),
            precision=trainer.precision,
        )

    @property
    def seed(self) -> int:
        return self.config["seed"]

    @property
    def name(self) -> str:
        """What the ledger calls the file: data set, network, method, and a digest of the whole configuration."""
        return run_name(self.config)

    def to_json(self) -> str:
        """The text of the ledger file."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def run_name(config: dict) -> str:
    """The ledger's file name for a configuration, without ending: equal for equal configurations."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    return f"{config['dataset']}_{config['model']}_{config['method']}_seed{config['seed']}_{digest}"


def load_results(folder: str | Path | None = None) -> list[Run]:
    """All runs of a ledger, in the order of their file names.

    Args:
        folder: of JSON files; None is what ships with the book and, for an installed package, what ``data/results`` here
            holds: of two files with one name, the one that is here.

    Raises:
        InputError: if there is no such folder or a file in it is no record of a run.
    """
    return [load_run(path) for path in records(ledgers() if folder is None else [Path(folder)])]


def load_run(path: str | Path) -> Run:
    """One record of a ledger.

    Raises:
        InputError: if the file cannot be read or is no record of a run.
    """
    try:
        run = Run(**json.loads(Path(path).read_text()))
        Config(**run.config)  # refuses settings that this version does not know
        return run
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is no record of a run ({error}): expected a JSON file that this version of `sgutils train` wrote."
        ) from error


def load_benchmark(name: str) -> dict | None:
    """What ``make bench`` measured, from a file of ``data/benchmarks``; None if it was not run.

    Args:
        name: of the file, without ending, such as ``"steps-cpu"``.
    """
    path = data_folder() / "benchmarks" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def by_setting(runs: list[Run]) -> dict[str, list[Run]]:
    """Runs that differ in nothing but the seed, together, in order of seed; keyed by `setting`."""
    groups = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.seed):
        groups[setting(run.config)].append(run)
    return dict(groups)


def setting(config: dict) -> str:
    """A configuration without its seed, as text: equal for runs that may be averaged."""
    return json.dumps({key: value for key, value in config.items() if key != "seed"}, sort_keys=True)


def mean_and_deviation(values: list[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation; the latter is None for a single value."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def describe_setting(config: dict) -> tuple[str, str]:
    """A configuration in words: the method with what differs from its defaults, and the scale.

    The scale is "full recipe" for the paper's own (sec. 4.1), and says how it differs for any other, so that a
    scaled-down run never passes for a full one.
    """
    full = Config()
    chosen = {name: parameter.default for name, parameter in options(config["method"]).items()}
    method = [f"{name}={value}" for name, value in config["options"].items() if value != chosen[name]]
    words = {
        "train_examples": "{:,} training images",
        "test_examples": "{:,} test images",
        "image_size": "{0} x {0} pixels",
        "epochs": "{} epochs",
        "batch_size": "batch {}",
        "augment": "no augmentation",
    }
    recipe = ("dataset", "model", "method", "options", "seed")
    scale = [
        words.get(name, name + " {}").format(value)
        for name, value in config.items()
        if name not in recipe and value != getattr(full, name)
    ]
    return " ".join([config["method"], *method]), ", ".join(scale) or "full recipe"


def beside_the_paper(name: str, runs: list[Run], scale: str = "full") -> list[dict[str, str]]:
    """A table or figure of the paper, each printed number beside what the ledger's runs measured, or "not run".

    Args:
        name: one of `sgutils.paper.TABLES` or `sgutils.paper.FIGURES`.
        runs: the ledger; runs at any other scale are looked over.
        scale: one of `sgutils.config.SCALES`.

    Returns:
        Rows of equal keys, ready for `as_text` and `as_markdown`. At a reduced scale the network is not the row's own.
    """
    groups = by_setting(runs)
    rows = []
    for cell in (TABLES | FIGURES)[name].cells:
        config = Config.at_scale(scale, **cell.setting).as_dict()
        group = groups.get(setting(config), [])
        printed = "a curve" if cell.error is None else f"{cell.error:.2f}"
        row = {"row": cell.label, "data set": config["dataset"]}
        row |= {"paper": printed + (f" ({cell.note})" if cell.note else "")}
        row |= {} if scale == "full" else {"run here": config["model"]}
        rows.append(row | {"measured": _error(group) if group else "not run", "seeds": _seeds(group)})
    return rows


def title_at_scale(name: str, scale: str) -> str:
    """The title of a table or figure of the paper, with what is changed at a reduced scale."""
    table = (TABLES | FIGURES)[name]
    if scale == "full":
        return table.title
    return f"{table.title} (scale {scale}: {describe_setting(Config.at_scale(scale).as_dict())[1]})"


def measured(runs: list[Run]) -> list[dict[str, str]]:
    """The last-epoch test error of every setting, mean and standard deviation over its seeds, with its scale."""
    rows = []
    for group in by_setting(runs).values():
        config = group[0].config
        method, scale = describe_setting(config)
        rows.append(
            {
                "data set": config["dataset"],
                "network": config["model"],
                "method": method,
                "test error, %": _error(group),
                "seeds": _seeds(group),
                "scale": scale,
            }
        )
    return sorted(rows, key=lambda row: (row["data set"], row["network"], row["scale"], row["method"]))


def as_text(rows: list[dict[str, str]]) -> str:
    """Rows of equal keys as aligned columns."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def as_markdown(rows: list[dict[str, str]]) -> str:
    """Rows of equal keys as a Markdown table."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _error(group: list[Run]) -> str:
    """Mean and deviation in percent of the runs that finished, and how many did not."""
    finished = [100 * run.last_test_error for run in group if run.status == "finished"]
    cells = []
    if finished:
        mean, deviation = mean_and_deviation(finished)
        cells.append(f"{mean:.2f}" + ("" if deviation is None else f" ± {deviation:.2f}"))
    if len(finished) < len(group):
        cells.append(f"{len(group) - len(finished)} diverged")
    return ", ".join(cells)


def _seeds(group: list[Run]) -> str:
    """How many runs, and how many of them trained in bfloat16, if any."""
    low = sum(run.precision != "float32" for run in group)
    return str(len(group)) + (f", {'all' if low == len(group) else low} in bfloat16" if low else "")


def _device_name(device: torch.device) -> str:
    processes = f", {distributed.world_size()} processes" if distributed.world_size() > 1 else ""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device) + processes
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'' if threads == 1 else 's'}" + processes


@functools.cache
def code_commit() -> str:
    """The commit of this code, "+" if the package has changed since, or "unknown" outside a checkout.

    Asked once a process, when training starts: the code that runs is the code that was loaded then.
    """
    package = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", package, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # a checkout of this code, not one that it is installed in
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)widgets")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
