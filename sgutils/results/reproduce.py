"""Filling the ledger: an experiment's missing runs, one after another or several at once, inside a budget of time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout  # torch brings it along

from ..checks import is_number, shown, whole_number
from ..data import Dataset
from ..errors import InputError
from ..files import write_atomically
from ..folders import make_folder
from ..training.building import build_dataset
from ..training.checkpoint import previous
from ..training.config import Config
from ..training.distributed import world_size
from ..training.logs import METRICS
from ..training.record import Run, load_run, run_name
from ..training.runs import CHECKPOINT, NETWORK, RESULT, resume, train
from .experiments import EXPERIMENTS, WHOLE
from .unfinished import claim, leave_only_the_network, remove


@dataclass(frozen=True)
class How:
    """How rows are run, whichever they are.

    Attributes:
        work: a folder for the checkpoints of unfinished runs.
        command: how this was started, for the records.
        precision: of the convolutions, see `sgutils.training.Trainer`.
        deadline: by `time.monotonic`; None for no limit.
        quiet: whether to leave progress bars out.
        stop: asked before each epoch; set, it ends the runs there.
        datasets: images that were read already, by what decides them.
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
    ledger: str | Path,
    work: str | Path,
    seeds: int | None = None,
    scale: str = "full",
    budget_minutes: float | None = None,
    precision: str | None = None,
    jobs: int = 1,
    command: str = "",
    quiet: bool = False,
    say: Callable[[str], None] = print,
    passed_over: list[str] | None = None,
) -> list[Run]:
    """Run what an experiment lacks in a ledger, inside a budget; a run that the budget cut goes on at the next call.

    Args:
        name: one of `EXPERIMENTS`.
        ledger: the folder of finished records.
        work: a folder for the checkpoints of unfinished runs, of this ledger alone.
        seeds: how many seeds per setting, from 0; None is as many as the experiment is planned with.
        scale: one of `sgutils.training.config.SCALES`.
        budget_minutes: stop before an epoch that would end after this many minutes; None runs to the end.
        precision: of the convolutions, see `sgutils.training.Trainer`.
        jobs: how many runs at once, in threads that share one GPU; on a CPU start several processes instead.
        command: how this was started, for the records.
        quiet: whether to leave progress bars out.
        say: takes one line per run, and in the end one that counts those added and those left.
        passed_over: takes the names of the runs that are left for another reason than time.

    Returns:
        The runs that were added to the ledger.

    Raises:
        InputError: if there is no such experiment, a folder cannot be written, ``work`` is another ledger's, the budget is not a positive number, torchrun
            started several processes, or no run is left but of data sets that cannot be read. While there are others,
            those are passed over, and said in the end; so is a run whose files cannot be used or written.
        KeyboardInterrupt: at Ctrl-C; the runs that it ended go on at the next call.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"Unknown experiment {name!r}: expected one of {', '.join(EXPERIMENTS)}.")
    if world_size() > 1:
        raise InputError("reproduce trains its runs in one process: start it without torchrun.")
    if budget_minutes is not None and not (is_number(budget_minutes) and budget_minutes > 0):
        raise InputError(
            f"The budget must be a number of minutes above 0, not {shown(budget_minutes)}: leave it out for no limit."
        )
    jobs = whole_number("jobs", jobs, 1)
    ledger, work = Path(ledger), Path(work)
    deadline = None if budget_minutes is None else time.monotonic() + 60 * budget_minutes
    files = {
        ledger / f"{run_name(config.as_dict())}.json": config for config in EXPERIMENTS[name].configs(seeds, scale)
    }
    for folder in (ledger, work):
        make_folder(folder)
    claim(work, ledger)
    how = How(work, command, precision, deadline, quiet or jobs > 1, threading.Event())
    rows = _Rows(files, how, say)
    rows.run(jobs)
    left = rows.say_what_is_left(ledger)
    if passed_over is not None:
        passed_over += left
    return rows.added


class _Rows:
    """The rows of an experiment, taken one after another by one thread or by several."""

    def __init__(self, files: dict[Path, Config], how: How, say: Callable[[str], None]):
        self.files, self.how, self.say = files, how, say
        self.added: list[Run] = []
        # Why these images can not be trained on, or None where they can; rows that are another process's; rows whose files,
        # in the ledger or of the unfinished run, cannot be used.
        self.refused: dict[tuple, InputError | None] = {}
        self.busy: set[Path] = set()
        self.broken: set[Path] = set()
        self._waiting, self._turn = iter(files.items()), threading.Lock()

    def run(self, jobs: int) -> None:
        """Take rows until none is left or time is over, ``jobs`` at once."""
        jobs = min(jobs, len(self.files))  # more would find nothing to do
        if jobs <= 1:
            return self._take_rows()
        with ThreadPoolExecutor(jobs) as pool:
            started = [pool.submit(self._take_rows) for _ in range(jobs)]
            try:
                for each in started:
                    each.result()
            except BaseException:
                self.how.stop.set()  # the others keep what they have and end
                raise

    def _take_rows(self) -> None:
        with _own_stream():
            while not self.how.over and (row := self._next()) is not None:
                if self._is_to_be_run(*row):
                    self._run_row(*row)

    def _next(self) -> tuple[Path, Config] | None:
        with self._turn:
            return next(self._waiting, None)

    def _is_to_be_run(self, file: Path, config: Config) -> bool:
        """Whether a row is missing and its images are there; images are read by one thread at a time."""
        with self._turn:
            try:
                recorded = _is_recorded(file)
            except InputError as error:
                self.broken.add(file)
                self.say(f"{file.stem}: passed over. {error} To run it again, move that file away.")
                return False
            if not recorded and _images_of(config) not in self.refused:
                self.refused[_images_of(config)] = _refusal(config, self.how)
        return not recorded and not self.refused[_images_of(config)]

    def _run_row(self, file: Path, config: Config) -> None:
        try:
            run = _one(file, config, self.how, self.say)
        except (InputError, OSError) as error:  # of this row: the others can run
            said = error if isinstance(error, InputError) else f"Cannot write {error.filename} ({error.strerror})."
            self.broken.add(file)
            self.say(f"{file.stem}: passed over. {said}")
            return
        if run is None:
            self.busy.add(file)
        elif run.ended:
            self.added.append(run)

    def say_what_is_left(self, ledger: Path) -> list[str]:
        """One line of how many rows were added, and how many are left for which reason; the names of those passed over.

        Raises:
            InputError: if nothing was added, and all that is left needs images that cannot be read.
        """
        missing = list({str(error): error for error in self.refused.values() if error}.values())
        left = {file: config for file, config in self.files.items() if file in self.broken or not _is_there(file)}
        refused = {file for file, config in left.items() if self.refused.get(_images_of(config))}
        if missing and not self.added and len(refused) == len(left):
            raise missing[0]
        for error in missing:
            self.say(f"Left out: {error}")
        reasons = {
            "its data is missing": refused,
            "another process is at it": (self.busy & left.keys()) - refused,
            "its files cannot be used": self.broken - self.busy - refused,
        }
        why = [f"{len(files)} passed over ({reason})" for reason, files in reasons.items() if files]
        passed = set().union(*reasons.values())
        if self.how.over and len(passed) < len(left):
            why.append("time is up, call it again")
        runs = "1 run" if len(self.added) == 1 else f"{len(self.added)} runs"
        rest = f"{len(left)} left: {', '.join(why)}" if left else "nothing is missing"
        self.say(f"{runs} added to {ledger}, {rest}.")
        return sorted(file.stem for file in passed)


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
        begun = (folder / CHECKPOINT, previous(folder / CHECKPOINT), folder / RESULT)
        if any(path.exists() for path in begun):
            run = resume(folder, expected=config, **arguments)
        else:
            remove(folder / name for name in (NETWORK, METRICS))  # of this run, whose record somebody took away
            run = train(config, folder, precision=how.precision, command=how.command, **arguments)
        if not run.ended:
            say(f"{file.stem}: {run.message}")
            if run.status == "interrupted":
                raise KeyboardInterrupt
            how.stop.set()
            return run
        write_atomically(file, run.to_json())
        leave_only_the_network(folder)
    mark.unlink(missing_ok=True)  # whoever takes the lock from now on finds the record, and leaves the run
    error = "not tested" if run.last_test_error is None else f"test error {run.last_test_error:.2%}"
    say(f"{file.stem}: {run.status}, {error}, {run.seconds:.0f} s")
    return run


def _is_there(file: Path) -> bool:
    """Whether there is a file with anything in it, for a full disk leaves one without; or anything else of its name."""
    return file.exists() and (not file.is_file() or file.stat().st_size > 0)


def _is_recorded(file: Path) -> bool:
    """Whether a run is in the ledger.

    Raises:
        InputError: if something else has its name there.
    """
    if not _is_there(file):
        return False
    run = load_run(file)
    if run.name != file.stem:
        raise InputError(f"{file} is the record of another run, {run.name}.")
    if not run.ended:
        raise InputError(f"{file} is the record of a run that did not end ({run.status}).")
    return True


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
