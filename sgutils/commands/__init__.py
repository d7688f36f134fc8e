"""The commands of `sgutils`, a file each with ``add_arguments(parser, arguments)`` and ``run(given, command)``.

``arguments`` are those that were typed, ``command`` is their whole line, and what `run` returns is the exit status.

`sgutils.cli` imports only the one that is called, and its parser loads no torch where it need not: help comes at once.
"""

import argparse
from pathlib import Path


def add_data(parser) -> None:
    """The option that names where data sets are."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="look for data sets in this folder, as in the one that the variable SGUTILS_DATA names",
    )


def a_folder(text: str) -> Path:
    """What was typed as the name of a folder; argparse says the sentence."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the folder is empty: name one, such as runs/x")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError("the name of the folder is not UTF-8: choose another one") from error
    return Path(text)
