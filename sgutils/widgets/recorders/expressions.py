"""Records what the expressions explorable shows: how often each trained network takes one expression for another.

    python -m sgutils.widgets.recorders.expressions runs/ledger

reads the networks that `sgutils reproduce every-method --scale small` left in that folder and FER-2013's test images,
and writes `data/explorables/expressions.json`: counts alone, never a face.
"""

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path

import torch

from ...data import load_dataset
from ...errors import InputError
from ...files import write_atomically
from ...folders import data_folder, ledger_to_fill
from ...networks.saved import load_network
from ...results.labels import label
from ...results.ledger import load_results
from ...training.config import SCALES
from ...training.record import Run

SCALE = SCALES["small"]


def main(folder: Path, ledger: Path) -> None:
    out = data_folder() / "explorables" / "expressions.json"
    made = recording(folder, load_results(ledger))
    write_atomically(out, json.dumps(made, separators=(",", ":")) + "\n")
    runs = sum(len(setting["runs"]) for setting in made["settings"])
    print(f"{out}: {runs} networks, {out.stat().st_size / 1000:.0f} kB")


def recording(folder: Path, runs: list[Run]) -> dict:
    """What the page needs, as JSON values: for each setting and seed a matrix of counts, true class by row.

    Args:
        folder: one folder a run, with its network.pt.
        runs: the ledger; what is not FER-2013 at the small scale is ignored.

    Raises:
        InputError: if there is no such run, or a network does not err as its record says.
    """
    chosen = [run for run in runs if run.config["dataset"] == "fer2013" and run.finished and _is_small(run.config)]
    chosen = [run for run in chosen if (folder / run.name / "network.pt").exists()]
    if not chosen:
        raise InputError(
            f"{folder} has no network of a finished run on fer2013: run `sgutils reproduce every-method --scale small` first."
        )
    data = load_dataset("fer2013", **{key: SCALE[key] for key in ("image_size", "train_examples", "test_examples")})
    images = data.normalizer()(data.test_x)
    settings = defaultdict(list)
    for run in sorted(chosen, key=lambda run: (name_of(run.config).lower(), run.seed)):
        counts = _counts(folder, run, images, data.test_y, data.num_classes)
        settings[name_of(run.config)].append({"seed": run.seed, "counts": counts})
    return {
        "classes": list(data.classes),
        "trained_on": data.train_y.bincount(minlength=data.num_classes).tolist(),
        "settings": [{"name": name, "runs": measured} for name, measured in settings.items()],
    }


def name_of(config: dict) -> str:
    """A setting as the book names it, told apart from other methods."""
    name = label(config["method"], config["options"])
    return f"Self-Guidance, {name}" if config["method"] == "self-guidance" else name


def _is_small(config: dict) -> bool:
    return all(config[key] == value for key, value in SCALE.items())


@torch.no_grad()
def _counts(folder: Path, run: Run, images: torch.Tensor, target: torch.Tensor, classes: int) -> list[list[int]]:
    said = load_network(folder / run.name / "network.pt").eval()(images).argmax(dim=1)
    counts = torch.bincount(target * classes + said, minlength=classes**2).view(classes, classes)
    error = 1 - counts.trace().item() / len(target)
    # A prediction on the edge may fall to the other side on another machine.
    recorded = math.nan if run.last_test_error is None else run.last_test_error
    if not abs(error - recorded) <= 0.002:
        raise InputError(
            f"The network of {run.name} errs on {error:.2%} of the test images and its record says {recorded:.2%}: "
            "take the network and the data set that the record was made with."
        )
    return counts.tolist()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m sgutils.widgets.recorders.expressions", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="folder of the runs, each with its network.pt")
    parser.add_argument("--ledger", type=Path, default=ledger_to_fill(), help="folder of the records")
    arguments = parser.parse_args()
    main(arguments.folder, arguments.ledger)
