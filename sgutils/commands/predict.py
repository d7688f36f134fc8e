"""``sgutils predict``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

# Images at once: what a network computes of them is many times their size.
BATCH = 32


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="a run's folder, or its network.pt alone")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image files")


def run(given: argparse.Namespace, command: str) -> int:
    import torch

    from ..data.images import shown
    from ..export import deployed_network, inputs_of

    inputs, net = inputs_of(given.run), deployed_network(given.run)
    for start in range(0, len(given.images), BATCH):
        paths = given.images[start : start + BATCH]
        with torch.no_grad():
            probabilities = net(inputs.read(paths)).softmax(dim=1)
        for path, each in zip(paths, probabilities, strict=True):
            probability, label = each.max(dim=0)
            print(f"{shown(path)}: {inputs.classes[int(label)]} {float(probability):.1%}")
    return 0
