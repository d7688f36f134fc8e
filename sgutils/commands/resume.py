"""``sgutils resume``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import add_data


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument("run", type=Path, help="its folder")
    add_data(parser)


def run(given: argparse.Namespace, command: str) -> int:
    from ..training.runs import resume
    from .outcome import report

    return report(resume(given.run), given.run)
