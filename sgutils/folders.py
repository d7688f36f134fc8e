"""Where things lie; apart from the rest so that the site, which is built without torch, can ask too."""

from pathlib import Path


def data_folder() -> Path:
    """Where the data that ships with the book lies: ``data/`` of a checkout, or the copy inside an installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / "data"
    return checkout if checkout.is_dir() else package / "_data"
