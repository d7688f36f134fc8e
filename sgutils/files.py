"""Files: written whole or not at all, read without running anything from them."""

import errno
import io
import os
import pickle
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from .errors import InputError

# What the system says of a file that may be sound, and cannot be read now or by this person.
NOT_NOW = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class Damaged(InputError):
    """A file that can be read, and is not what it should be."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file or none: a reader never sees half of it.

    Raises:
        InputError: if the file cannot be written.
    """
    write_file(path, lambda file: file.write(content.encode() if isinstance(content, str) else content))


def write_file(path: Path, put: Callable[[BinaryIO], object]) -> None:
    """Have ``put`` write a file beside the one of this name, and rename it when it is whole.

    Raises:
        InputError: if it cannot be written.
    """
    if path.exists() and not path.is_file():  # a folder, or a device, which would be replaced
        raise InputError(f"Cannot write {path}, which is there and is not a file: choose another name.")
    # Of a name that no other file or writer has; see `remove_parts`.
    part = path.with_name(f"{path.name[:60]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            put(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(
            f"Cannot write {path} ({error.strerror}): free some space or choose another folder."
        ) from error


def save_state(path: Path, state: dict) -> None:
    """As `write_file`, with `torch.save`, by way of memory: Ctrl-C while it writes to a disk would end in an error of its own."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_file(path, lambda file: file.write(buffer.getbuffer()))


def remove_parts(path: Path) -> None:
    """Remove what processes that were killed while they wrote this file have left beside it, and no file of a person."""
    for left in path.parent.glob(f"{path.name[:60]}.{'[0-9a-f]' * 8}.part"):
        left.unlink(missing_ok=True)


def read_state(path: Path, keys: set[str], expected: str) -> dict:
    """Read a dictionary that `torch.save` wrote, onto the CPU, with ``weights_only=True``.

    Args:
        path: of the file.
        keys: what the dictionary must have.
        expected: what the file should be, the end of a sentence.

    Raises:
        Damaged: if it is damaged or another kind of file.
        InputError: if there is no such file, or it may not be read.
    """
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
        if isinstance(error, OSError) and error.errno in NOT_NOW:
            raise InputError(f"Cannot read {path} ({error.strerror}): see who may read it, or try again.") from error
        raise Damaged(f"{path} is damaged or another kind of file: expected {expected}.") from error
    if not isinstance(state, dict) or not keys <= state.keys():
        raise Damaged(f"{path} is another kind of file: expected {expected}.")
    return state


def read_safetensors(path: Path, expected: str = "a file of safetensors") -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file: its tensors by their names, and its texts.

    Args:
        path: of the file.
        expected: what the file should be, the end of a sentence.

    Raises:
        InputError: if there is no such file or it is damaged or another kind of file.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing: expected {expected}.")
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise InputError(f"Reading {path} needs the package safetensors: pip install safetensors.") from error
    try:
        with safe_open(path, framework="pt") as file:
            # Of their own memory, for the file may change while they are used.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is damaged or another kind of file: expected {expected}.") from error


@contextmanager
def reraise_as_input_error(path: str | Path, expected: str) -> Iterator[None]:
    """Around the first use of what was read: contents of another version, or of another program, are one sentence.

    Raises:
        InputError: in place of what such contents make their use end with.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is another kind of file or of another version: expected {expected}, of this version."
        ) from error
