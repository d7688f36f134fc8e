"""Where things lie; apart from the rest so that the site, which is built without torch, can ask too."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Where the data that ships with the book lies: ``data/`` of a checkout, or the copy inside an installed package."""
    installed = _PACKAGE / "_data"
    return installed if installed.is_dir() else _PACKAGE.parent / "data"


def ledger_to_fill() -> Path:
    """Where new records go: the checkout's own ledger, or ``data/results`` here for an installed package."""
    return Path("data/results") if (_PACKAGE / "_data").is_dir() else data_folder() / "results"
