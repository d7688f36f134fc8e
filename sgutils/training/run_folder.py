"""The folder of a run: which files it holds, who may write there, and what to say where that fails."""

import os
import shlex
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from .. import own_modules
from ..errors import InputError
from ..files import remove_parts
from ..folders import make_folder
from . import distributed
from .checkpoint import previous
from .locking import check_in_place, hold
from .logs import METRICS

CHECKPOINT, RESULT, NETWORK = "checkpoint.pt", "result.json", "network.pt"
# The folder, inside that of a run, of the teacher that is trained first.
TEACHER = "teacher"


def resume_command(folder: Path) -> str:
    """What to type to go on with a run, in as many processes as now."""
    processes = os.environ.get("LOCAL_WORLD_SIZE", distributed.world_size())
    start = f"torchrun --nproc-per-node {processes} -m sgutils" if distributed.world_size() > 1 else "sgutils"
    imports = [f"--import {name}" for name in own_modules.imported]
    return " ".join([start, *imports, "resume", shlex.quote(str(folder))])


def make_new(folder: Path, held: ExitStack) -> None:
    """A folder for a new run, which is then held until it ends: two that start at once cannot both have it.

    Raises:
        InputError: if it holds a run already, cannot be written, or another process trains in it.
    """
    _check_holds_no_run(folder)
    take(folder, held)
    _check_holds_no_run(folder)


def take(folder: Path, held: ExitStack) -> None:
    """Hold the folder of a run that goes on, until it ends."""
    make_folder(folder)
    held.enter_context(hold(folder))
    for name in (CHECKPOINT, previous(Path(CHECKPOINT)).name, RESULT, NETWORK, METRICS):
        remove_parts(folder / name)


def written(write: Callable[[Path], None], folder: Path) -> None:
    """Write something of a run.

    Raises:
        InputError: if that fails, or the folder is another one by now; it says how the run goes on.
    """
    check_in_place(folder)
    try:
        write(folder)
    except (InputError, OSError) as error:  # OSError: TensorBoard's
        said = (
            str(error)
            if isinstance(error, InputError)
            else f"Cannot write to {folder} ({error.strerror}): free some space."
        )
        if (folder / CHECKPOINT).exists():
            said += f" The run goes on from its last checkpoint with: {resume_command(folder)}"
        raise InputError(said) from error


def _check_holds_no_run(folder: Path) -> None:
    parts = (CHECKPOINT, previous(Path(CHECKPOINT)).name, RESULT, NETWORK, METRICS)
    found = None
    with suppress(OSError):  # said by `make_folder`
        found = next((name for name in parts if (folder / name).exists()), None)
    if found in parts[:3]:
        raise InputError(
            f"{folder} already holds a run: choose another folder, or go on with: {resume_command(folder)}"
        )
    if found:
        raise InputError(f"{folder} already holds the {found} of a run: choose another folder.")
