"""Named experiments: lists of runs that the book shows, taken one after another into the ledger."""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout  # torch brings it along

from .checkpoint import write_atomically
from .config import Config
from .data import load_dataset
from .distributed import world_size
from .errors import InputError
from .folders import make_folder
from .paper import FIGURES, TABLES
from .results import Run, run_name
from .runs import CHECKPOINT, NETWORK, resume, train


@dataclass(frozen=True)
class Experiment:
    """Several settings, each to be run with the same seeds.

    Attributes:
        title: what it asks, for a person.
        settings: what each run is, without its seed: arguments of `Config`.
    """

    title: str
    settings: tuple[dict, ...]

    def configs(self, seeds: int, scale: str = "full") -> Iterator[Config]:
        """All runs, each once, seed by seed, so that an unfinished ledger compares all settings on the same seeds.

        Args:
            seeds: how many, from 0.
            scale: one of `sgutils.config.SCALES`.

        Raises:
            InputError: if ``seeds`` is not a positive whole number or there is no such scale.
        """
        if not isinstance(seeds, int) or seeds < 1:
            raise InputError(f"seeds must be a whole number of at least 1, not {seeds!r}.")
        seen = set()
        for seed in range(seeds):
            for setting in self.settings:
                config = Config.at_scale(scale, **setting, seed=seed)
                if (name := run_name(config.as_dict())) not in seen:
                    seen.add(name)
                    yield config


# Training and test images of the sets whose files do not say how many there should be.
WHOLE = {"fer2013": (28_709, 3_589), "raf-db": (12_271, 3_068)}

_METHODS = (
    {"method": "baseline"},
    {"method": "stochastic-depth"},
    {"method": "self-guidance", "options": {"lam": 0.0}},
    {"method": "self-guidance"},
)


_EVERY_METHOD = (
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
_OPEN_DECISIONS = (
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


def reproduce(
    name: str,
    *,
    seeds: int,
    ledger: Path,
    work: Path,
    scale: str = "full",
    budget_minutes: float | None = None,
    command: str = "",
    quiet: bool = False,
    say: Callable[[str], None] = print,
) -> list[Run]:
    """Run what an experiment lacks in a ledger, inside a budget; a run that the budget cut goes on at the next call.

    Args:
        name: one of `EXPERIMENTS`.
        seeds: how many seeds a setting, from 0.
        ledger: the folder of finished records.
        work: a folder for the checkpoints of unfinished runs.
        scale: one of `sgutils.config.SCALES`.
        budget_minutes: stop before an epoch that would end after so many minutes; None runs to the end.
        command: how this was started, for the records.
        quiet: whether to leave progress bars out.
        say: takes one line a run, and in the end one that counts those added and those left.

    Returns:
        The runs that were added to the ledger.

    Raises:
        InputError: if there is no such experiment, a folder cannot be written, the budget is no positive number, torchrun
            started several processes, or no run is left but of data sets that cannot be read. While there are others,
            those are passed over, and said in the end.
        KeyboardInterrupt: at Ctrl-C; the run that it ended goes on at the next call.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"Unknown experiment {name!r}: expected one of {', '.join(EXPERIMENTS)}.")
    if world_size() > 1:
        raise InputError("reproduce trains one run after another in one process: start it without torchrun.")
    if budget_minutes is not None and not 0 < budget_minutes < math.inf:
        raise InputError(
            f"The budget must be a number of minutes above 0, not {budget_minutes!r}: leave it out for no limit."
        )
    deadline = None if budget_minutes is None else time.monotonic() + 60 * budget_minutes
    files = {
        ledger / f"{run_name(config.as_dict())}.json": config for config in EXPERIMENTS[name].configs(seeds, scale)
    }
    for folder in (ledger, work):
        make_folder(folder)
    added = []
    why = ""
    refused: dict[str, InputError | None] = {}
    for file, config in files.items():
        if deadline is not None and time.monotonic() >= deadline:
            why = "time is up, call it again"
            break
        if file.exists():
            continue
        if config.dataset not in refused:
            refused[config.dataset] = _refusal(config)
        if refused[config.dataset]:
            continue
        mark = work / f"{file.stem}.lock"
        try:
            lock = FileLock(mark).acquire(timeout=0)
        except Timeout:
            say(f"{file.stem}: another process is at it")
            why = "other processes are at them"
            continue
        with lock:
            if file.exists():  # another process has finished it meanwhile
                continue
            folder = work / file.stem
            if (folder / CHECKPOINT).exists():
                run = resume(folder, deadline=deadline, quiet=quiet)
            else:
                run = train(config, folder, command=command, deadline=deadline, quiet=quiet)
            if run.status in ("stopped", "interrupted"):
                say(f"{file.stem}: {run.message}")
                if run.status == "interrupted":
                    raise KeyboardInterrupt
                why = "time is up, call it again"
                break
            write_atomically(file, run.to_json())
            _leave_only_the_network(folder)
        mark.unlink(missing_ok=True)  # whoever takes the lock from now on finds the record, and leaves the run
        added.append(run)
        error = "no epoch finished" if run.last_test_error is None else f"test error {run.last_test_error:.2%}"
        say(f"{file.stem}: {run.status}, {error}, {run.seconds:.0f} s")
    missing = [error for error in refused.values() if error]
    if (
        missing
        and not added
        and all(refused.get(config.dataset) for file, config in files.items() if not file.exists())
    ):
        raise missing[0]
    for error in missing:
        say(f"Left out: {error}")
        why = why or "some of their data is missing"
    left = sum(not file.exists() for file in files)
    runs = "1 run" if len(added) == 1 else f"{len(added)} runs"
    say(f"{runs} added to {ledger}, {f'{left} left: {why}' if left else 'nothing is missing'}.")
    return added


def _refusal(config: Config) -> InputError | None:
    """Why these images can not be trained on: they cannot be read, or are a part where the run asks for all."""
    try:
        dataset = load_dataset(config.dataset, train_examples=config.train_examples, test_examples=config.test_examples)
    except InputError as error:
        return error
    whole, here = WHOLE.get(config.dataset), (len(dataset.train_y), len(dataset.test_y))
    if config.train_examples is None and whole and here != whole:
        return InputError(
            f"{config.dataset} has {here[0]:,} training and {here[1]:,} test images here: expected all {whole[0]:,} and {whole[1]:,}, "
            "because a part of them is another recipe than the paper's."
        )
    return None


def _leave_only_the_network(folder: Path) -> None:
    """What was learnt stays for who wants to look at it; what was measured is in the ledger."""
    for part in folder.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
        elif part.name != NETWORK:
            part.unlink()
