"""Checkpoints: written whole or not at all, read without running anything from the file."""

import os
import pickle
import zipfile
from pathlib import Path

import torch

from .errors import InputError


def save_checkpoint(path: Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dicts) so that a crash leaves the old file or the new one.

    Raises:
        InputError: if the file cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error


def load_checkpoint(path: Path) -> dict:
    """Read what `save_checkpoint` wrote, onto the CPU, with ``weights_only=True``.

    Raises:
        InputError: if there is no such file or it is damaged or something else.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing: expected the checkpoint of a run that was started with --out {path.parent}.")
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch.load does not look at the checksums
                raise zipfile.BadZipFile(damaged)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise InputError(f"{path} is damaged or no checkpoint of sgutils: start the run again in another folder.") from error
    if not isinstance(state, dict) or not {"config", "command", "trainer"} <= state.keys():
        raise InputError(f"{path} is no checkpoint of sgutils: expected one written by `sgutils train`.")
    return state
