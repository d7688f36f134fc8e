"""Whole runs: a training that keeps its checkpoints, curves and record in a folder, and goes on as if never stopped."""

import dataclasses
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from torch import nn
from tqdm.auto import tqdm

from ..checks import path_of, shown
from ..data import Dataset, ImageLoader, Inputs
from ..errors import InputError
from ..files import reraise_as_input_error, write_atomically
from ..folders import make_folder
from ..networks.saved import save_network, with_weights
from . import distributed
from .building import build, build_dataset, make_trainer
from .checkpoint import A_CHECKPOINT, load_checkpoint, previous, save_checkpoint
from .config import Config
from .distributed import on_rank_zero
from .logs import Log
from .record import Run, code_commit, load_run, run_name
from .run_folder import CHECKPOINT, NETWORK, RESULT, TEACHER, make_new, resume_command, take, written
from .same_images import check_same_images, images_of
from .trainer import Diverged, Trainer

__all__ = ["CHECKPOINT", "NETWORK", "RESULT", "TEACHER", "evaluate", "resume", "resume_command", "train"]

# Writing checkpoints may take a twentieth of the time: very short epochs do not have one each.
SAVING = 20


@dataclass(frozen=True)
class _How:
    """How a run is run, whatever it trains: see `train`."""

    command: str
    deadline: float | None
    quiet: bool
    stop: Callable[[], bool]
    dataset: Dataset


def train(
    config: Config,
    out: str | Path | None = None,
    *,
    precision: str | None = None,
    command: str = "",
    deadline: float | None = None,
    quiet: bool = False,
    stop: Callable[[], bool] = lambda: False,
    dataset: Dataset | None = None,
) -> Run:
    """Train one run from start to end.

    Args:
        config: what to train.
        out: a folder for the checkpoint, the metrics (one JSON object per epoch), the result and, in the end, the
            network that is deployed; None keeps no file.
        precision: see `sgutils.training.Trainer`.
        command: how the run was started, for the record.
        deadline: stop before an epoch that, as long as the last one, would end after `time.monotonic` passes this; None
            runs to the end.
        quiet: whether to leave the progress bar out.
        stop: asked before each epoch; True stops the run there, as a deadline does.
        dataset: its images, where they have been read already.

    Returns:
        The record of the run. A run whose loss became NaN or infinite has the status ``"diverged"``, one that the
        deadline or ``stop`` ended ``"stopped"``, one that Ctrl-C ended ``"interrupted"``.

    Raises:
        InputError: if the data cannot be read, ``out`` cannot be written or already holds a run, there is no such
            precision, or a mini-batch has fewer than two images for each of torchrun's processes.
    """
    if not isinstance(config, Config):
        raise InputError(f"config must be a sgutils.Config, not {shown(config)}.")
    folder = None if out is None else path_of("out", out)
    dataset = dataset or build_dataset(config)
    trainer = make_trainer(config, dataset=dataset, teacher=_placeholder(config, dataset), precision=precision)
    with ExitStack() as held:
        if folder is not None:
            on_rank_zero(lambda: make_new(folder, held), trainer.device)
        return _run(trainer, config, folder, _How(command, deadline, quiet, stop, dataset))


def resume(
    out: str | Path,
    *,
    deadline: float | None = None,
    quiet: bool = False,
    stop: Callable[[], bool] = lambda: False,
    dataset: Dataset | None = None,
    expected: Config | None = None,
) -> Run:
    """Go on with a run that was stopped, from its last checkpoint; of one that is finished, only return the record.

    Args:
        out: the folder of the run.
        deadline: as of `train`, and so are ``quiet``, ``stop`` and ``dataset``.
        expected: what the run must be of; None goes on with any.

    Raises:
        InputError: if ``out`` holds no usable checkpoint or another run than the expected one, cannot be written, or another
            process trains in it.
    """
    folder = Path(out)
    if (folder / RESULT).exists() and (run := load_run(folder / RESULT)).finished:
        _check_expected(folder, Config(**run.config), expected)
        return run
    _check_holds_a_checkpoint(folder)
    distributed.setup()
    with ExitStack() as held:
        # Before it is read: whoever holds it now trains on, and what was read would be old.
        on_rank_zero(lambda: take(folder, held), distributed.own_device())
        config, trainer, command, dataset = _restore(folder, dataset, expected, goes_on=True)
        return _run(trainer, config, folder, _How(command, deadline, quiet, stop, dataset))


def evaluate(out: str | Path) -> tuple[Config, float, Trainer]:
    """Measure again the test error of the network that a run's folder holds.

    Returns:
        What was trained, the share of wrong test predictions, and the trainer as it stands.

    Raises:
        InputError: if ``out`` holds no usable checkpoint or its data cannot be read.
    """
    config, trainer, *_ = _restore(Path(out))
    return config, trainer.error(cast(ImageLoader, trainer.test)), trainer  # a configuration has one


def _check_expected(folder: Path, config: Config, expected: Config | None) -> None:
    if expected is not None and run_name(config.as_dict()) != run_name(expected.as_dict()):
        raise InputError(
            f"{folder} holds another run, {run_name(config.as_dict())}: move it away, or choose another folder."
        )


def _check_holds_a_checkpoint(folder: Path) -> None:
    """Raise an `InputError` where there is nothing to go on with, and so nothing to be made or held."""
    if folder.is_file():
        raise InputError(
            f"{folder} is a file: expected the folder of a run, which was given to `sgutils train` as --out."
        )
    if not any(path.exists() for path in (folder / CHECKPOINT, previous(folder / CHECKPOINT))):
        raise InputError(f"{folder / CHECKPOINT} is missing: expected {A_CHECKPOINT}.")


def _restore(
    folder: Path, dataset: Dataset | None = None, expected: Config | None = None, *, goes_on: bool = False
) -> tuple[Config, Trainer, str, Dataset]:
    _check_holds_a_checkpoint(folder)
    state = load_checkpoint(folder / CHECKPOINT, replace=goes_on)
    with reraise_as_input_error(folder / CHECKPOINT, A_CHECKPOINT):
        config = Config.from_dict(state["config"])
        if not isinstance(state["command"], str):
            raise TypeError("the command is not a text")
        inputs = None if state.get("inputs") is None else Inputs.from_dict(state["inputs"])
        teacher = _teacher_in(state)
    _check_expected(folder, config, expected)
    started = dataclasses.replace(config, pretrained=None)  # its weights are in the checkpoint, trained on
    dataset = dataset or build_dataset(started)
    teacher = _placeholder(started, dataset) if teacher is None else teacher
    trainer = make_trainer(started, dataset=dataset, teacher=teacher)
    check_same_images(inputs, state.get("images"), trainer, config)
    with reraise_as_input_error(folder / CHECKPOINT, A_CHECKPOINT):
        trainer.load_state_dict(state["trainer"])
    return config, trainer, state["command"], dataset


def _teacher_in(state: dict) -> nn.Module | None:
    """The teacher that a checkpoint holds, whose own file may be gone; None of a run without one, or of an older version."""
    if state.get("teacher") is None:
        return None
    weights = state["trainer"]["method"].items()
    prefix = "teacher."
    return with_weights(state["teacher"], {k.removeprefix(prefix): v for k, v in weights if k.startswith(prefix)})


def _inputs(trainer: Trainer) -> Inputs:
    return Inputs.of(cast(ImageLoader, trainer.train))  # a configuration has no other


def _run(trainer: Trainer, config: Config, folder: Path | None, how: _How) -> Run:
    message = ""
    code_commit()  # of the code that was loaded; it may have changed by the end
    next_save = -math.inf
    images = images_of(trainer)

    def save(folder: Path) -> None:
        nonlocal next_save
        start = time.monotonic()
        net, teacher = (getattr(trainer.method, name, None) for name in ("net", "teacher"))
        state = {
            "config": config.as_dict(),
            "command": how.command,
            "trainer": trainer.state_dict(),
            "architecture": getattr(net, "architecture", None),
            "teacher": getattr(teacher, "architecture", None),
            "inputs": _inputs(trainer).as_dict(),
            "images": images,
        }
        save_checkpoint(folder / CHECKPOINT, state)
        next_save = time.monotonic() + SAVING * (time.monotonic() - start)

    def finish(folder: Path) -> None:
        if status == "finished":
            save_network(folder / NETWORK, trainer.method.deployed_network(), _inputs(trainer))
        write_atomically(folder / RESULT, run.to_json())

    def note(folder: Path) -> None:
        if log is not None:
            log.write(trainer.history)

    def keep(write: Callable[[Path], None]) -> None:
        if folder is not None:
            on_rank_zero(lambda: written(write, folder), trainer.device)

    def too_late() -> bool:
        done = trainer.history
        late = how.deadline is not None and len(done) > 0 and time.monotonic() + done[-1].seconds > how.deadline
        more = len(done) < trainer.epochs
        return distributed.broadcast_flag(more and (late or how.stop()), trainer.device)

    log = None if folder is None or distributed.rank() > 0 else Log(folder, done=len(trainer.history))
    steps = len(trainer.train)
    bar = tqdm(
        total=trainer.epochs * steps,
        initial=len(trainer.history) * steps,
        unit="step",
        disable=how.quiet or distributed.rank() > 0 or sys.stderr is None,  # closed: there is nothing to draw on
    )
    trainer.on_step = bar.update
    try:
        keep(save)
        status = "finished"
        if (first := _teacher_first(trainer, config, folder, how)) is not None:
            status, message = first.status, f"Its teacher came first. {first.message}"
        else:
            epochs = iter(trainer)
            while not (stopped := too_late()) and (epoch := next(epochs, None)):
                keep(note)
                due = time.monotonic() >= next_save or len(trainer.history) == trainer.epochs
                if distributed.broadcast_flag(due, trainer.device):
                    keep(save)
                held_out = epoch.validation_error  # where there is one, the test images are left alone until the end
                shown = {"test_error": epoch.test_error} if held_out is None else {"validation_error": held_out}
                errors = {"train_error": epoch.train["error"], **shown}
                bar.set_postfix(epoch=epoch.index, **{name: f"{error:.1%}" for name, error in errors.items()})
            if stopped:
                keep(save)
                status = "stopped"
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
        message = message or f"Stopped after {len(trainer.history)} of {trainer.epochs} epochs."
    run = Run.of(trainer, config, status=status, message=message, command=how.command)
    if run.ended:
        keep(finish)
    return run


def _placeholder(config: Config, dataset: Dataset):
    """A network in the place of the teacher that is yet to be trained, for a method that learns from one."""
    if not _wants_a_teacher(config):
        return None
    return build(_plain(config), dataset)[0].net


def _wants_a_teacher(config: Config) -> bool:
    return "teacher" in config.options and config.options["teacher"] is None


def _plain(config: Config) -> Config:
    """The run of a teacher: the same recipe and seed, trained plainly."""
    return dataclasses.replace(config, method="baseline", options={})


def _teacher_first(trainer: Trainer, config: Config, folder: Path | None, how: _How) -> Run | None:
    """Train, or go on training, the teacher that a run begins with; its record if it did not finish."""
    if not _wants_a_teacher(config) or trainer.history:
        return None
    own = None if folder is None else folder / TEACHER
    if own is not None and (own / CHECKPOINT).exists():
        _, plain, *_ = _restore(own, how.dataset, goes_on=True)
    else:
        plain = make_trainer(_plain(config), dataset=how.dataset, device=trainer.device, precision=trainer.precision)
        if own is not None:
            on_rank_zero(lambda: make_folder(own), trainer.device)
    run = _run(plain, _plain(config), own, how)
    if not run.finished:
        return run
    trainer.method.teacher.load_state_dict(plain.method.net.state_dict())
    return None
