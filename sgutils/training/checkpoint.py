"""Checkpoints of runs on disk."""

import warnings
from contextlib import suppress
from pathlib import Path

from ..data import load_inputs  # where it was before version 0.2, as the two below
from ..errors import InputError
from ..files import Damaged, read_state, save_state, write_file
from ..networks.saved import load_network, save_network
from .distributed import rank

__all__ = [
    "A_CHECKPOINT",
    "load_checkpoint",
    "load_inputs",
    "load_network",
    "previous",
    "save_checkpoint",
    "save_network",
]

A_CHECKPOINT = "the checkpoint of a run that `sgutils train` started"


def save_checkpoint(path: Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dicts) so that a crash leaves the old file or the new one.

    The one before stays beside it, as ``checkpoint.previous.pt``, for the day when a disk damages the newest.

    Raises:
        InputError: if the file cannot be written.
    """
    if path.exists():
        _copy(path, previous(path))  # not renamed: at every moment there is a whole file under the first name
    save_state(path, state)


def load_checkpoint(path: Path, *, replace: bool = False) -> dict:
    """Read the checkpoint of a run, onto the CPU, with ``weights_only=True``.

    Where it is damaged or gone and the one before is not, that one is read, and a warning says so.

    Args:
        path: of the newest.
        replace: whether the one before then takes its place, for a run that goes on from it.

    Raises:
        InputError: if there is no such file, it is damaged or another kind of file, or it may not be read.
    """
    keys = {"config", "command", "trainer"}
    try:
        return read_state(path, keys, A_CHECKPOINT)
    except InputError as error:
        if not isinstance(error, Damaged) and path.exists():
            raise
        try:
            state = read_state(previous(path), keys, A_CHECKPOINT)
        except InputError:
            raise error from None
        warnings.warn(f"{error} The checkpoint before it is used instead.", stacklevel=2)
        # Back in its place: the next save would put the damaged file where the whole one is.
        if replace and rank() == 0:
            with suppress(InputError):  # a folder that cannot be written has no next save
                _copy(previous(path), path)
        return state


def previous(path: Path) -> Path:
    """Where the checkpoint before the newest lies."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _copy(path: Path, to: Path) -> None:
    write_file(to, lambda file: file.write(path.read_bytes()))
