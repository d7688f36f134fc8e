"""The commands of `sgutils`, a file each: ``add_arguments(parser, given)`` and ``run(given, command)``.

`sgutils.cli` imports only the one that is called, and its parser loads no torch where it need not: help comes at once.
"""

from pathlib import Path


def add_data(parser) -> None:
    """The option that names where data sets are."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="look for data sets in this folder, as in the one that the variable SGUTILS_DATA names",
    )
