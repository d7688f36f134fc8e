"""Checkpoints and networks on disk: written whole or not at all, read without running anything from the file."""

import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import torch

from .errors import InputError
from .resnets import ResNet


def save_checkpoint(path: Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dicts) so that a crash leaves the old file or the new one.

    Raises:
        InputError: if the file cannot be written.
    """
    _write(path, lambda file: torch.save(state, file))


def write_atomically(path: Path, text: str) -> None:
    """Write a whole text file or none: a reader never sees half of it.

    Raises:
        InputError: if the file cannot be written.
    """
    _write(path, lambda file: file.write(text.encode()))


def load_checkpoint(path: Path) -> dict:
    """Read the checkpoint of a run, onto the CPU, with ``weights_only=True``.

    Raises:
        InputError: if there is no such file or it is damaged or something else.
    """
    return _load(path, {"config", "command", "trainer"}, "the checkpoint of a run that `sgutils train` started")


def save_network(path: Path, net: ResNet) -> None:
    """Write a network, its architecture with its weights.

    Raises:
        InputError: if the file cannot be written.
    """
    save_checkpoint(path, {"architecture": net.architecture, "weights": net.state_dict()})


def load_network(path: str | Path) -> ResNet:
    """Read what `save_network` wrote.

    Raises:
        InputError: if there is no such file or it is damaged or something else.
    """
    state = _load(Path(path), {"architecture", "weights"}, "the network.pt of a finished run")
    net = ResNet(**state["architecture"])
    net.load_state_dict(state["weights"])
    return net


def _write(path: Path, put: Callable[[BinaryIO], object]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            put(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error


def _load(path: Path, keys: set[str], expected: str) -> dict:
    try:
        if not path.is_file():
            raise InputError(f"{path} is missing: expected {expected}.")
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch.load does not look at the checksums
                raise zipfile.BadZipFile(damaged)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise InputError(f"{path} is damaged or something else: expected {expected}.") from error
    if not isinstance(state, dict) or not keys <= state.keys():
        raise InputError(f"{path} is something else: expected {expected}.")
    return state
