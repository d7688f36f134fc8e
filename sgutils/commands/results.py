"""``sgutils results``."""

import argparse
import json
from collections.abc import Sequence

from ..folders import ledgers
from ..results.paper import FIGURES, TABLES
from . import a_folder


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "table",
        nargs="?",
        choices=(*TABLES, *FIGURES),
        metavar="TABLE",
        help=f"{', '.join((*TABLES, *FIGURES))}; all if not given",
    )
    parser.add_argument("--scale", help="full, small or smoke; full and small if not given")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    read = " and ".join(map(str, ledgers()))
    parser.add_argument(
        "--ledger", type=a_folder, help=f"folder of finished records (default: {read.replace('%', '%%')})"
    )


def run(given: argparse.Namespace, command: str) -> int:
    from ..errors import InputError
    from ..results.ledger import load_results
    from ..results.tables import as_markdown, as_text, beside_the_paper, measured, title_at_scale
    from ..training.config import SCALES

    if given.scale not in (None, *SCALES):
        raise InputError(f"Unknown scale {given.scale!r}: expected one of {', '.join(SCALES)}.")
    runs = load_results(given.ledger)
    parts = {
        title_at_scale(name, scale): beside_the_paper(name, runs, scale)
        for name in (TABLES | FIGURES if given.table is None else [given.table])
        for scale in (("full", "small") if given.scale is None else [given.scale])
    }
    if given.table is None and given.scale is None:
        parts["Everything measured"] = measured(runs)
    if given.format == "json":
        print(json.dumps(parts, indent=1, ensure_ascii=False))
        return 0
    heading, write = ("## ", as_markdown) if given.format == "markdown" else ("", as_text)
    print(
        "\n\n".join(f"{heading}{title}\n\n{write(rows) if rows else 'Nothing yet.'}" for title, rows in parts.items())
    )
    folders = ledgers() if given.ledger is None else [given.ledger]
    print(f"\nRuns read from {' and '.join(str(folder.absolute()) for folder in folders)}: {len(runs)}.")
    return 0
