"""Filling the ledger: an experiment's missing runs, one after another or several at once, inside a budget of time."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout  # torch brings it along

from ..data import Dataset
from ..errors import InputError
from ..files import write_atomically
from ..folders import make_folder
from ..training.building import build_dataset
from ..training.checkpoint import previous
from ..training.config import Config
from ..training.distributed import world_size
from ..training.logs import METRICS, TENSORBOARD
from ..training.record import Run, load_run, run_name
from ..training.runs import CHECKPOINT, NETWORK, RESULT, TEACHER, Unusable, resume, train
from .experiments import EXPERIMENTS, WHOLE


@dataclass(frozen=True)
class How:
    """How rows are run, whichever they are.

    Attributes:
        work: a folder for the checkpoints of unfinished runs.
        command: how this was started, for the records.
        precision: of the convolutions, see `sgutils.training.Trainer`.
        deadline: by `time.monotonic`; None for no limit.
        quiet: whether to leave progress bars out.
        stop: asked before each epoch; True ends the runs there.
    """

    work: Path
    command: str
    precision: str | None
    deadline: float | None
    quiet: bool
    stop: threading.Event
    datasets: dict[tuple, Dataset] = field(default_factory=dict)

    def images(self, config: Config) -> Dataset:
        """The images of a run; runs that share theirs read them once."""
        if (key := _images_of(config)) not in self.datasets:
            self.datasets[key] = build_dataset(config)
        return self.datasets[key]

    @property
    def over(self) -> bool:
        return self.stop.is_set() or (self.deadline is not None and time.monotonic() >= self.deadline)


def reproduce(
    name: str,
    *,
    ledger: Path,
    work: Path,
    seeds: int | None = None,
    scale: str = "full",
    budget_minutes: float | None = None,
    precision: str | None = None,
    jobs: int = 1,
    command: str = "",
    quiet: bool = False,
    say: Callable[[str], None] = print,
) -> list[Run]:
    """Run what an experiment lacks in a ledger, inside a budget; a run that the budget cut goes on at the next call.

    Args:
        name: one of `EXPERIMENTS`.
        ledger: the folder of finished records.
        work: a folder for the checkpoints of unfinished runs.
        seeds: how many seeds per setting, from 0; None is as many as the experiment is planned with.
        scale: one of `sgutils.training.config.SCALES`.
        budget_minutes: stop before an epoch that would end after this many minutes; None runs to the end.
        precision: of the convolutions, see `sgutils.training.Trainer`.
        jobs: how many runs at once, in threads that share one GPU; on a CPU start several processes instead.
        command: how this was started, for the records.
        quiet: whether to leave progress bars out.
        say: takes one line per run, and in the end one that counts those added and those left.

    Returns:
        The runs that were added to the ledger.

    Raises:
        InputError: if there is no such experiment, a folder cannot be written, the budget is not a positive number, torchrun
            started several processes, or no run is left but of data sets that cannot be read. While there are others,
            those are passed over, and said in the end; so is a run whose checkpoint cannot be used.
        KeyboardInterrupt: at Ctrl-C; the runs that it ended go on at the next call.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"Unknown experiment {name!r}: expected one of {', '.join(EXPERIMENTS)}.")
    if world_size() > 1:
        raise InputError("reproduce trains its runs in one process: start it without torchrun.")
    if budget_minutes is not None and not 0 < budget_minutes < math.inf:
        raise InputError(
            f"The budget must be a number of minutes above 0, not {budget_minutes!r}: leave it out for no limit."
        )
    if not isinstance(jobs, int) or jobs < 1:
        raise InputError(f"jobs must be a whole number of at least 1, not {jobs!r}.")
    deadline = None if budget_minutes is None else time.monotonic() + 60 * budget_minutes
    files = {
        ledger / f"{run_name(config.as_dict())}.json": config for config in EXPERIMENTS[name].configs(seeds, scale)
    }
    for folder in (ledger, work):
        make_folder(folder)
    how = How(work, command, precision, deadline, quiet or jobs > 1, threading.Event())
    added: list[Run] = []
    refused: dict[tuple, InputError | None] = {}
    busy: set[Path] = set()
    broken: set[Path] = set()
    waiting, turn = iter(files.items()), threading.Lock()

    def work_on_rows() -> None:
        with _own_stream():
            while not how.over and take_a_row():
                pass

    def take_a_row() -> bool:
        with turn:
            if (row := next(waiting, None)) is None:
                return False
            file, config = row
            try:
                recorded = _is_recorded(file)
            except InputError as error:
                broken.add(file)
                say(f"{file.stem}: passed over. {error} To run it again, move that file away.")
                return True
            if not recorded and _images_of(config) not in refused:
                refused[_images_of(config)] = _refusal(config, how)
        if not recorded and not refused[_images_of(config)]:
            try:
                run = _one(file, config, how, say)
            except Unusable as error:
                say(f"{file.stem}: passed over. {error}")
                return True
            if run is None:
                busy.add(file)
            elif run.status not in ("stopped", "interrupted"):
                added.append(run)
        return True

    if jobs == 1:
        work_on_rows()
    else:
        with ThreadPoolExecutor(jobs) as pool:
            started = [pool.submit(work_on_rows) for _ in range(jobs)]
            try:
                for each in started:
                    each.result()
            except BaseException:
                how.stop.set()  # the others keep what they have and end
                raise
    missing = list({str(error): error for error in refused.values() if error}.values())
    left = [config for file, config in files.items() if file in broken or not _is_there(file)]
    if missing and not added and all(refused.get(_images_of(config)) for config in left):
        raise missing[0]
    for error in missing:
        say(f"Left out: {error}")
    why = "time is up, call it again" if how.over else "other processes are at them" if busy else ""
    why = why or ("some of their data is missing" if missing else "what was passed over cannot be used")
    runs = "1 run" if len(added) == 1 else f"{len(added)} runs"
    say(f"{runs} added to {ledger}, {f'{len(left)} left: {why}' if left else 'nothing is missing'}.")
    return added


def _own_stream() -> AbstractContextManager:
    """On a GPU, a queue of work of this thread's own: those of several threads run side by side."""
    return torch.cuda.stream(torch.cuda.Stream()) if torch.cuda.is_available() else nullcontext()


def _one(file: Path, config: Config, how: How, say: Callable[[str], None]) -> Run | None:
    """Start or go on with one run, and put its record into the ledger if it ends; None where another process is at it."""
    mark = how.work / f"{file.stem}.lock"
    try:
        lock = FileLock(mark).acquire(timeout=0)
    except Timeout:
        say(f"{file.stem}: another process is at it")
        return None
    with lock:
        if _is_there(file):  # another process has finished it meanwhile
            return None
        folder = how.work / file.stem
        arguments: dict[str, Any] = {
            "deadline": how.deadline,
            "quiet": how.quiet,
            "stop": how.stop.is_set,
            "dataset": how.images(config),
        }
        if any(path.exists() for path in (folder / CHECKPOINT, previous(folder / CHECKPOINT))):
            run = resume(folder, **arguments)
        else:
            _remove(folder / name for name in (NETWORK, METRICS))  # of this run, whose record somebody took away
            run = train(config, folder, precision=how.precision, command=how.command, **arguments)
        if run.status in ("stopped", "interrupted"):
            say(f"{file.stem}: {run.message}")
            if run.status == "interrupted":
                raise KeyboardInterrupt
            how.stop.set()
            return run
        write_atomically(file, run.to_json())
        _leave_only_the_network(folder)
    mark.unlink(missing_ok=True)  # whoever takes the lock from now on finds the record, and leaves the run
    error = "not tested" if run.last_test_error is None else f"test error {run.last_test_error:.2%}"
    say(f"{file.stem}: {run.status}, {error}, {run.seconds:.0f} s")
    return run


def _is_there(file: Path) -> bool:
    """Whether there is a file with anything in it: a full disk leaves one without."""
    return file.exists() and (file.is_dir() or file.stat().st_size > 0)


def _is_recorded(file: Path) -> bool:
    """Whether a run is in the ledger.

    Raises:
        InputError: if something else has its name there.
    """
    return _is_there(file) and load_run(file) is not None


def _images_of(config: Config) -> tuple:
    """What decides which images a run sees."""
    return (
        config.dataset,
        config.image_size,
        config.train_examples,
        config.test_examples,
        config.validation_examples,
    )


def _refusal(config: Config, how: How) -> InputError | None:
    """Why these images can not be trained on: they cannot be read, or are a part where the run asks for all."""
    try:
        dataset = how.images(config)
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
    _remove(folder / name for name in (CHECKPOINT, previous(Path(CHECKPOINT)).name, RESULT, METRICS))
    _remove((folder / TENSORBOARD).glob("events.out.tfevents.*"))
    if (folder / TEACHER).is_dir():
        _leave_only_the_network(folder / TEACHER)
        _remove([folder / TEACHER / NETWORK])
    for own in (TENSORBOARD, TEACHER):
        with suppress(OSError):  # there is none, or it holds files of somebody else
            (folder / own).rmdir()


def _remove(files: Iterable[Path]) -> None:
    """These files, and nothing else: what a person has put beside them stays."""
    for file in files:
        file.unlink(missing_ok=True)
