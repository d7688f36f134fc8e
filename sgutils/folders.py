"""Where things lie; apart from the rest so that the site, which is built without torch, can ask too."""

import os
import tempfile
from pathlib import Path

from .errors import InputError

# Names the folder in which data sets are looked for, as `--data` does.
DATA_VARIABLE = "SGUTILS_DATA"

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Where the data that ships with the book lies: ``data/`` of a checkout, or the copy inside an installed package."""
    installed = _PACKAGE / "_data"
    return installed if installed.is_dir() else _PACKAGE.parent / "data"


def ledger_to_fill() -> Path:
    """Where new records go: the checkout's own ledger, or ``data/results`` here for an installed package."""
    return Path("data/results") if (_PACKAGE / "_data").is_dir() else data_folder() / "results"


def ledgers() -> list[Path]:
    """Where finished records lie: the book's own folder, and what an installed package has filled here, if it has."""
    shipped, own = data_folder() / "results", ledger_to_fill()
    return [shipped, own] if own != shipped and os.path.isdir(own) else [shipped]


def records(folders: list[Path]) -> list[Path]:
    """The files of these ledgers in order of their names; of two with one name, the one of the later folder.

    Raises:
        InputError: if one of them is not a folder or cannot be read.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        try:
            if not folder.is_dir():
                raise InputError(f"{folder} is not a folder: expected one with the JSON files that training wrote.")
            # Some systems put hidden files of their own beside every file.
            files |= {path.name: path for path in folder.glob("*.json") if not path.name.startswith(".")}
        except OSError as error:
            raise InputError(f"Cannot read {folder} ({error.strerror}): choose a folder that you may read.") from error
    return [files[name] for name in sorted(files)]


def make_folder(folder: Path) -> None:
    """Make a folder if there is none, and find out before any training, not after it, whether it can be written.

    Raises:
        InputError: if it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise InputError(f"{folder} is a file: choose a folder.") from error
    except OSError as error:
        raise InputError(
            f"Cannot write to {folder} ({error.strerror}): choose a folder that you may write to."
        ) from error


def expanded(path: str | Path) -> Path:
    """A path with ``~`` as the shell would write it out; one of a user whom nobody knows stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
