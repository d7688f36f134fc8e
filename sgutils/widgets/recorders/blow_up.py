"""Measures how far the logits of the networks of the experiment `blow-up` have run, from what `sgutils reproduce` left.

    python -m sgutils.widgets.recorders.blow_up runs/ledger

writes `data/explorables/blow-up.json`: for each run of the ledger, and for those of lambda = 0.25 at the same point, the
largest logit of its network, in size, on the test images.
"""

import argparse
import json
from pathlib import Path

import torch

from ...files import write_atomically
from ...folders import data_folder
from ...networks.saved import load_network
from ...results.campaign import BLOW_UP, POINTS, SELF_GUIDANCE, setting
from ...results.ledger import by_setting, load_results
from ...training.building import build_dataset
from ...training.config import Config
from ...training.record import setting_key
from ...training.runs import NETWORK

OUT = data_folder() / "explorables" / "blow-up.json"
USUAL = setting("lambda 0.25", POINTS["map-small-cifar10"].recipe) | SELF_GUIDANCE


def main(folder: Path) -> None:
    done = by_setting(load_results())
    dataset = build_dataset(Config(**USUAL))
    x = dataset.normalizer()(dataset.test_x)
    largest = {}
    for configuration in (USUAL, *BLOW_UP):
        for run in done.get(setting_key(Config(**configuration).as_dict()), []):
            file = folder / run.name / NETWORK
            if file.exists():
                with torch.no_grad():
                    net = load_network(file)
                    largest[run.name] = round(max(net(part).abs().max().item() for part in x.split(500)), 1)
    write_atomically(OUT, json.dumps({"largest_logit": largest}, indent=1) + "\n")
    print(f"{OUT}: {len(largest)} networks")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the --work of `sgutils reproduce blow-up`")
    main(parser.parse_args().folder)
