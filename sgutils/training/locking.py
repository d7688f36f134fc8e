"""A run's folder belongs to one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError

try:
    import fcntl
except ImportError:  # a system without it, where nothing is held
    fcntl = None  # type: ignore[assignment]


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Within it the folder is this caller's. The lock leaves no file, and goes with the process, however that ends.

    Raises:
        InputError: if another has it.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"Another process is training in {folder}: wait until it ends, or choose another folder."
            ) from error
        except OSError:  # a file system that knows no locks
            pass
        yield
    finally:
        os.close(handle)
