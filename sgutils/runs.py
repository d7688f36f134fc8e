"""Whole runs: a training that keeps its checkpoints, curves and record in a folder, and goes on as if never stopped."""

import os
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from tqdm.auto import tqdm

from . import distributed
from .checkpoint import A_CHECKPOINT, load_checkpoint, save_checkpoint, save_network, understood, write_atomically
from .config import Config
from .errors import InputError
from .folders import make_folder
from .logs import Log
from .results import Run, code_commit, load_run
from .training import Diverged, Trainer, make_trainer

CHECKPOINT, RESULT, NETWORK = "checkpoint.pt", "result.json", "network.pt"


def train(
    config: Config,
    out: str | Path | None = None,
    *,
    precision: str | None = None,
    command: str = "",
    deadline: float | None = None,
    quiet: bool = False,
) -> Run:
    """Train one run from start to end.

    Args:
        config: what to train.
        out: a folder for the checkpoint, the metrics (one JSON object an epoch), the result and, in the end, the
            network that is deployed; None keeps no file.
        precision: see `sgutils.training.Trainer`.
        command: how the run was started, for the record.
        deadline: stop before an epoch that, as long as the last one, would end after `time.monotonic` passes this; None
            runs to the end.
        quiet: whether to leave the progress bar out.

    Returns:
        The record of the run. A run whose loss became NaN or infinite has the status ``"diverged"``, one that the
        deadline ended ``"stopped"``, one that Ctrl-C ended ``"interrupted"``.

    Raises:
        InputError: if the data cannot be read, ``out`` cannot be written or already holds a run, there is no such
            precision, or a mini-batch has fewer than two images for each of torchrun's processes.
    """
    trainer = make_trainer(config, precision=precision)
    folder = None if out is None else Path(out)
    if folder is not None:
        _by_the_first(lambda: _make_new(folder), trainer.device)
    return _run(trainer, config, folder, command, deadline, quiet)


def resume(out: str | Path, *, deadline: float | None = None, quiet: bool = False) -> Run:
    """Go on with a run that was stopped, from its last checkpoint; of one that is finished, only return the record.

    Raises:
        InputError: if ``out`` holds no usable checkpoint or cannot be written.
    """
    folder = Path(out)
    if (folder / RESULT).exists() and (run := load_run(folder / RESULT)).status == "finished":
        return run
    config, trainer, command = _restore(folder)
    _by_the_first(lambda: make_folder(folder), trainer.device)
    return _run(trainer, config, folder, command, deadline, quiet)


def resume_command(folder: Path) -> str:
    """What to type to go on with a run, in as many processes as now."""
    processes = os.environ.get("LOCAL_WORLD_SIZE", distributed.world_size())
    start = f"torchrun --nproc-per-node {processes} -m sgutils" if distributed.world_size() > 1 else "sgutils"
    return f"{start} resume {shlex.quote(str(folder))}"


def evaluate(out: str | Path) -> tuple[Config, float, Trainer]:
    """Measure anew the test error of the network that a run's folder holds.

    Returns:
        What was trained, the share of wrong test predictions, and the trainer as it stands.

    Raises:
        InputError: if ``out`` holds no usable checkpoint or its data cannot be read.
    """
    config, trainer, _ = _restore(Path(out))
    return config, trainer.test_error(), trainer


def _restore(folder: Path) -> tuple[Config, Trainer, str]:
    if folder.is_file():
        raise InputError(
            f"{folder} is a file: expected the folder of a run, which was given to `sgutils train` as --out."
        )
    state = load_checkpoint(folder / CHECKPOINT)
    with understood(folder / CHECKPOINT, A_CHECKPOINT):
        config = Config(**state["config"])
    trainer = make_trainer(config)
    with understood(folder / CHECKPOINT, A_CHECKPOINT):
        trainer.load_state_dict(state["trainer"])
    return config, trainer, state["command"]


def _run(
    trainer: Trainer, config: Config, folder: Path | None, command: str, deadline: float | None, quiet: bool
) -> Run:
    message = ""
    code_commit()  # of the code that was loaded; it may have changed by the end

    def save() -> None:
        state = {"config": config.as_dict(), "command": command, "trainer": trainer.state_dict()}
        save_checkpoint(folder / CHECKPOINT, state)
        log.write(trainer.history)

    def finish() -> None:
        if status == "finished":
            save_network(folder / NETWORK, trainer.method.deployed_network())
        write_atomically(folder / RESULT, run.to_json())

    def keep(write: Callable[[], None]) -> None:
        if folder is not None:
            _by_the_first(lambda: _written(write, folder), trainer.device)

    def too_late() -> bool:
        done = trainer.epochs_done
        more = deadline is not None and 0 < len(done) < trainer.epochs_to_do
        return distributed.decided_by_the_first(more and time.monotonic() + done[-1].seconds > deadline, trainer.device)

    log = None if folder is None or distributed.rank() > 0 else Log(folder, done=len(trainer.history))
    steps = trainer.steps_per_epoch
    total, done = trainer.epochs_to_do * steps, len(trainer.epochs_done) * steps
    bar = tqdm(total=total, initial=done, unit="step", disable=quiet or distributed.rank() > 0)
    trainer.on_step = bar.update
    try:
        keep(save)
        epochs = iter(trainer)
        while not (stopped := too_late()) and (epoch := next(epochs, None)):
            keep(save)
            bar.set_postfix(epoch=epoch.index, train=f"{epoch.train['error']:.1%}", test=f"{epoch.test_error:.1%}")
        status = "stopped" if stopped else "finished"
    except Diverged as error:
        settings = ", ".join(f"{name} {value}" for name, value in config.options.items())
        status, message = "diverged", f"{error} Method {config.method}" + (f": {settings}." if settings else ".")
    except KeyboardInterrupt:
        status = "interrupted"
    finally:
        bar.close()
        if log is not None:
            with suppress(OSError):  # of a full disk, which `keep` has said
                log.close()
    if status in ("stopped", "interrupted"):
        message = f"Stopped after {len(trainer.epochs_done)} of {trainer.epochs_to_do} epochs."
    run = Run.of(trainer, config, status=status, message=message, command=command)
    if status in ("finished", "diverged"):
        keep(finish)
    return run


def _by_the_first(do: Callable[[], None], device: torch.device) -> None:
    """What one process does for all; where it cannot, all of them end, rather than wait for it."""
    refusal = None
    if distributed.rank() == 0:
        try:
            do()
        except InputError as error:
            refusal = error
    if distributed.decided_by_the_first(refusal is not None, device):
        raise refusal or InputError("The first process could not write: it says why.")


def _written(write: Callable[[], None], folder: Path) -> None:
    try:
        write()
    except (InputError, OSError) as error:  # OSError: TensorBoard's
        said = (
            str(error)
            if isinstance(error, InputError)
            else f"Cannot write to {folder} ({error.strerror}): free some space."
        )
        if (folder / CHECKPOINT).exists():
            said += f" The run goes on from its last checkpoint with: {resume_command(folder)}"
        raise InputError(said) from error


def _make_new(folder: Path) -> None:
    with suppress(OSError):  # said by `make_folder`
        if (folder / CHECKPOINT).exists() or (folder / RESULT).exists():
            raise InputError(
                f"{folder} already holds a run: choose another folder, or go on with: {resume_command(folder)}"
            )
    make_folder(folder)
