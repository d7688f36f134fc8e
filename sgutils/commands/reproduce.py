"""``sgutils reproduce``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..folders import ledger_to_fill
from ..results.experiments import EXPERIMENTS
from ..results.reproduce import reproduce
from ..training.config import SCALES
from ..training.precision import PRECISIONS
from . import a_folder, add_data


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    titles = "; ".join(f"{name}: {experiment.title}" for name, experiment in EXPERIMENTS.items())
    parser.add_argument("experiment", metavar="EXPERIMENT", help=titles)
    default = " (default: %(default)s)"
    parser.add_argument(
        "--scale", default="full", help=f"{', '.join(SCALES)}; anything but full is a reduced-scale result{default}"
    )
    parser.add_argument(
        "--seeds", type=int, help="seeds per setting (default: as many as the experiment is planned with)"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help="of the convolutions; bfloat16 on a GPU that has it if not given"
    )
    parser.add_argument("--jobs", type=int, default=1, help=f"runs at once on one GPU, in threads{default}")
    parser.add_argument(
        "--budget-minutes", type=float, help="stop cleanly after this many minutes; no limit if not given"
    )
    parser.add_argument(
        "--ledger", type=a_folder, default=ledger_to_fill(), help=f"folder of finished records{default}"
    )
    parser.add_argument(
        "--work",
        type=a_folder,
        default=Path("runs/ledger"),
        help=f"folder of unfinished runs, and of the networks of finished ones{default}",
    )
    add_data(parser)


def run(given: argparse.Namespace, command: str) -> int:
    passed_over: list[str] = []
    reproduce(
        given.experiment,
        seeds=given.seeds,
        scale=given.scale,
        precision=given.precision,
        jobs=given.jobs,
        ledger=given.ledger,
        work=given.work,
        budget_minutes=given.budget_minutes,
        command=command,
        passed_over=passed_over,
    )
    return 1 if passed_over else 0
