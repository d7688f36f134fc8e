"""``sgutils evaluate``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from . import add_data


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "run", type=Path, help="the folder that was given to train as --out, or a network that the page saved"
    )
    add_data(parser)


def run(given: argparse.Namespace, command: str) -> int:
    from ..data import ImageLoader
    from ..page_network import SUFFIX, load_saved_network
    from ..training.runs import evaluate

    if given.run.suffix == SUFFIX:
        saved = load_saved_network(given.run)
        images = f"{saved.test_examples:,} images of {saved.dataset}"
        print(
            f"{saved.method}, from the page: test error {saved.test_error():.2%} of {images}, after {saved.steps} steps"
        )
        return 0
    config, error, trainer = evaluate(given.run)
    epochs = f"{len(trainer.history)} of {trainer.epochs} epochs"
    images = f"{len(cast(ImageLoader, trainer.test).y):,} images"
    print(f"{config.method}, {config.model}, {config.dataset}: test error {error:.2%} of {images}, after {epochs}")
    return 0
