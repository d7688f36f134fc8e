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


# What this process holds, by the name under which it was taken.
_held: dict[Path, int] = {}


def check_in_place(folder: Path) -> None:
    """Raise an `InputError` where a folder that is held, or one that it lies in, is not the one of its name any more.

    A run writes by names: into whatever somebody has put into the place of its folder.
    """
    for place in (folder, *folder.parents):
        if (handle := _held.get(place)) is None:
            continue
        try:
            same = os.path.samestat(os.fstat(handle), os.stat(place))
        except OSError:
            same = False
        if not same:
            raise InputError(
                f"{place} is not the folder any more in which this training began, and nothing more is written there: put the "
                "one that it began in back, and go on with sgutils resume."
            )


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
        _held[folder] = handle
        yield
    finally:
        if _held.get(folder) == handle:
            del _held[folder]
        os.close(handle)
