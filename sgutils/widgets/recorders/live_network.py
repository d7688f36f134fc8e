"""Makes what the network with switches runs on: two trained networks, and what is known of them before they are loaded.

    python -m sgutils.widgets.recorders.live_network runs/live-network

trains the two networks of the experiment `live-network` in that folder (or takes those that it already holds), then
writes `data/networks/` (each network for PyTorch and as ONNX, and the test images) and
`data/explorables/live-network.json`.
"""

import argparse
import gzip
import itertools
import json
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from ...data import load_dataset
from ...export import export_onnx, trained_network
from ...files import write_atomically
from ...folders import data_folder
from ...gates import linear_decay
from ...networks.saved import save_network
from ...results.experiments import EXPERIMENTS
from ...training.runs import RESULT, train
from .encoding import as_text

# As many of each class as fit: the page tests two networks on them, again at each touch of a switch.
TEST_EXAMPLES = 200

# One image of each class is on offer: of those that both whole networks get right, one on which more students fail than
# on so large a share of them.
RANK = 0.8

# Where the whole network stands among the recorded gates: the teacher is the last, all gates 1 the one before.
WHOLE = {"self-guidance": -1, "baseline": -2}


def main(folder):
    networks = {}
    (data_folder() / "networks").mkdir(exist_ok=True)
    for config in EXPERIMENTS["live-network"].configs(seeds=1):
        run = folder / config.method
        if not (run / RESULT).exists():
            train(config, run, command=f"python -m sgutils.widgets.recorders.live_network {folder}")
        networks[config.method], _ = trained_network(run)
        out = data_folder() / "networks" / config.method
        save_network(out.with_suffix(".pt"), cast(nn.Module, networks[config.method]))
        export_onnx(networks[config.method], out.with_suffix(".onnx"))
    dataset = load_dataset("fashion-mnist", test_examples=TEST_EXAMPLES)
    labels, pixels = dataset.test_y.to(torch.uint8).numpy(), dataset.test_x.numpy()
    # All labels, then all pixels, one byte each; no time of making in the file.
    test_set = gzip.compress(labels.tobytes() + pixels.tobytes(), mtime=0)
    (data_folder() / "networks" / "test-set.gz").write_bytes(test_set)
    out = data_folder() / "explorables" / "live-network.json"
    write_atomically(out, json.dumps(recording(networks, dataset), separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


@torch.no_grad()
def recording(networks, dataset):
    """What the page shows before the networks are loaded, as JSON values; bytes are in base64."""
    x, y = dataset.normalizer()(dataset.test_x), dataset.test_y
    blocks = next(iter(networks.values())).num_blocks
    p = linear_decay(blocks)
    # Student number n runs the blocks whose bits are 1, block 1 being the highest bit; the teacher comes last.
    gates = [*itertools.product([0.0, 1.0], repeat=blocks), p.tolist()]
    logits = {name: torch.stack([net(x, vector) for vector in gates]) for name, net in networks.items()}
    wrong = {name: (all_logits.argmax(dim=2) != y) for name, all_logits in logits.items()}
    right = ~torch.stack([wrong[name][at] for name, at in WHOLE.items()]).any(dim=0)
    hardness = sum(of_net.float().mean(dim=0) for of_net in wrong.values())
    images = []
    for label in range(dataset.num_classes):
        candidates = ((y == label) & right).nonzero().squeeze(1)
        chosen = candidates[hardness[candidates].argsort(stable=True)[int(RANK * (len(candidates) - 1))]]
        images.append(
            {
                "label": label,
                "pixels": as_text(dataset.test_x[chosen, 0]),
                "whole": {name: _rounded(logits[name][at, chosen]) for name, at in WHOLE.items()},
            }
        )
    pixels = dataset.train_x.float()
    return {
        "classes": list(dataset.classes),
        "survival": _rounded(p),
        "side": dataset.test_x.shape[-1],
        "mean": round(pixels.mean().item(), 4),
        "std": round(pixels.std().item(), 4),
        "test_images": len(y),
        "wrong": {name: as_text(of_net.sum(dim=1).to(torch.uint8)) for name, of_net in wrong.items()},
        "images": images,
    }


def _rounded(values):
    return [round(float(value), 4) for value in np.asarray(values)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m sgutils.widgets.recorders.live_network", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="folder of the two training runs")
    main(parser.parse_args().folder)
