"""``sgutils predict``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

# Images at once: what a network computes of them is many times their size.
BATCH = 32


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="a run's folder, its network.pt alone, or a network that the page saved"
    )
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image files")


def run(given: argparse.Namespace, command: str) -> int:
    import torch

    from ..data.images import shown
    from ..export import deployed_network, inputs_of
    from ..networks import check_takes

    inputs, net = inputs_of(given.run), deployed_network(given.run)
    check_takes(net, inputs.read(given.images[:1]), f"{given.run} says so, and seems to be of another network")
    for start in range(0, len(given.images), BATCH):
        paths = given.images[start : start + BATCH]
        with torch.no_grad():
            probabilities = net(inputs.read(paths)).softmax(dim=1)
        if probabilities.shape[1] != len(inputs.classes):
            raise InputError(
                f"The network of {given.run} knows {probabilities.shape[1]} classes, and its file names {len(inputs.classes)}."
            )
        if not probabilities.isfinite().all():
            raise InputError(
                f"What the network of {given.run} says is not a number: its file is damaged, or of a run that diverged."
            )
        for path, each in zip(paths, probabilities, strict=True):
            probability, label = each.max(dim=0)
            print(f"{shown(path)}: {inputs.classes[int(label)]} {float(probability):.1%}")
    return 0
