"""Checkpoints and networks on disk: written whole or not at all, read without running anything from the file."""

import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import nn

from ..data.inputs import Inputs
from ..errors import InputError
from ..networks import GatedModel, network_of
from .distributed import rank

A_CHECKPOINT = "the checkpoint of a run that `sgutils train` started"
A_NETWORK = "the network.pt of a finished run"
# Of a network's file. 1: the first, without this number: architecture and weights. 2: with what it must be given.
SCHEMA = 2


def save_checkpoint(path: Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dicts) so that a crash leaves the old file or the new one.

    The one before stays beside it, as ``checkpoint.previous.pt``, for the day when a disk damages the newest.

    Raises:
        InputError: if the file cannot be written.
    """
    if path.exists():
        _copy(path, previous(path))  # not renamed: at every moment there is a whole file under the first name
    _write(path, lambda file: torch.save(state, file))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file or none: a reader never sees half of it.

    Raises:
        InputError: if the file cannot be written.
    """
    _write(path, lambda file: file.write(content.encode() if isinstance(content, str) else content))


def load_checkpoint(path: Path) -> dict:
    """Read the checkpoint of a run, onto the CPU, with ``weights_only=True``.

    Where it is damaged and the one before is not, that one is read and takes its place, and a warning says so.

    Raises:
        InputError: if there is no such file or it is damaged or something else.
    """
    keys = {"config", "command", "trainer"}
    try:
        return _load(path, keys, A_CHECKPOINT)
    except InputError as error:
        try:
            state = _load(previous(path), keys, A_CHECKPOINT)
        except InputError:
            raise error from None
        warnings.warn(f"{error} The checkpoint before it is used instead.", stacklevel=2)
        if rank() == 0:  # Back in its place: the next save would put the damaged file where the whole one is.
            with suppress(InputError):  # a folder that cannot be written has no next save
                _copy(previous(path), path)
        return state


@contextmanager
def reraise_as_input_error(path: str | Path, expected: str) -> Iterator[None]:
    """Around the first use of what was read: contents of another version, or of another program, are one sentence.

    Raises:
        InputError: in place of what such contents make their use end with.
    """
    try:
        yield
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is something else or of another version: expected {expected}, of this version."
        ) from error


def save_network(path: str | Path, net: nn.Module, inputs: Inputs | None = None) -> None:
    """Write a network: its architecture, its weights and, where they are known, what it must be given.

    Raises:
        InputError: if the file cannot be written.
    """
    state = {
        "schema": SCHEMA,
        "architecture": getattr(net, "architecture", None),
        "weights": net.state_dict(),
        "inputs": None if inputs is None else inputs.as_dict(),
    }
    _write(Path(path), lambda file: torch.save(state, file))


def load_network(path: str | Path) -> nn.Module:
    """Read what `save_network` wrote.

    Returns:
        The network in eval mode, ready to be used. It has gates, all 1; but where gates were folded that no layer could
        take, it is the folded network.

    Raises:
        InputError: if there is no such file, it is damaged or something else, or of a network that has no name.
    """
    state = _load_network(path)
    if state["architecture"] is None:
        raise InputError(
            f"{path} is of a network that only its owner can build: use load_state_dict with the file's 'weights'."
        )
    with reraise_as_input_error(path, A_NETWORK), torch.random.fork_rng(devices=[]):
        net: Any = network_of(state["architecture"])
        if isinstance(net, GatedModel):
            return net.folded_again(state["weights"]).eval()
        net.load_state_dict(state["weights"])
    return net.eval()


def load_inputs(path: str | Path) -> Inputs:
    """What the network in this file must be given: normalisation, image size and class names.

    Raises:
        InputError: if there is no such file, it is damaged or something else, or it does not say.
    """
    state = _load_network(path)
    if state.get("inputs") is None:
        raise InputError(
            f"{path} does not say how its images were normalised or what its classes are called: it is of an older version, "
            "or was saved without."
        )
    with reraise_as_input_error(path, A_NETWORK):
        return Inputs.from_dict(state["inputs"])


def _load_network(path: str | Path) -> dict:
    return _load(Path(path), {"architecture", "weights"}, A_NETWORK)


def previous(path: Path) -> Path:
    """Where the checkpoint before the newest lies."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _copy(path: Path, to: Path) -> None:
    _write(to, lambda file: file.write(path.read_bytes()))


def _write(path: Path, put: Callable[[BinaryIO], object]) -> None:
    if path.exists() and not path.is_file():  # a folder, or a device, which would be replaced
        raise InputError(f"Cannot write {path}, which is there and is not a file: choose another name.")
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            put(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            part.unlink()
        said = error if isinstance(error, OSError) else error.__context__  # torch.save hides what the disk said
        if not isinstance(said, OSError):
            raise
        raise InputError(f"Cannot write {path} ({said.strerror}): free some space or choose another folder.") from error


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
