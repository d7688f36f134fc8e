"""Records what the chapter *Beyond the paper* cannot train while it is read: small transformers, several ways, three seeds.

    python -m book._tools.record_beyond

writes `data/explorables/beyond.json`. What is trained is the code that the chapter shows: the cells of `CELLS` are run from
the notebook. It goes on where it was stopped, run by run.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import torch
from torch import Tensor, nn

import sgutils as sg
from sgutils.files import write_atomically
from sgutils.folders import data_folder

ROOT = Path(__file__).resolve().parents[2]
CELLS = ("imports", "per-image", "exits", "half-hidden", "cascade")
OUT = data_folder() / "explorables" / "beyond.json"
SEEDS, EPOCHS, BATCH, LR, TEST_IMAGES, P_LAST = range(3), 10, 50, 2e-3, 2000, 0.5
ASKED = [k / 10 for k in range(11)]


def chapter() -> dict[str, Any]:
    """What the chapter's cells define."""
    notebook = nbformat.read(ROOT / "book" / "beyond.ipynb", as_version=4)
    sources = {cell.id: cell.source for cell in notebook.cells}
    names: dict[str, Any] = {}
    for cell in CELLS:
        exec(sources[cell], names)
    return names


def methods(names: dict[str, Any], seed: int) -> dict[str, Callable[[], nn.Module]]:
    """The ways of training, by name; each makes a new network of this seed."""

    def net() -> nn.Module:
        return sg.gated(names["transformer"](seed))

    def per_image() -> nn.Module:
        p = sg.linear_decay(6, P_LAST)
        return sg.Baseline(names["per_image"](names["transformer"](seed), p, torch.Generator().manual_seed(seed)))

    usual: dict[str, Any] = {"p_last": P_LAST, "scaling": "train", "seed": seed}
    return {
        "plain": lambda: sg.Baseline(net()),
        "gates per batch": lambda: sg.StochasticDepth(net(), **usual),
        "gates per image": per_image,
        "Self-Guidance": lambda: sg.SelfGuidance(net(), **usual),
        "exits, labels": lambda: names["early_exits"](net(), lam=0.0, seed=seed),
        "exits, guided": lambda: names["early_exits"](net(), lam=0.25, seed=seed),
        "half hidden, labels": lambda: names["HalfHidden"](net(), lam=0.0, seed=seed),
        "half hidden, guided": lambda: names["HalfHidden"](net(), lam=0.25, seed=seed),
    }


def trained(method: nn.Module, data: sg.Dataset, seed: int) -> nn.Module:
    loaders = sg.loaders(data, batch_size=BATCH, seed=seed, augment=False)
    for _ in sg.Trainer(
        method, *loaders, epochs=EPOCHS, schedule="cosine", warmup_epochs=1,
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=LR, weight_decay=0.05),
    ):  # fmt: skip
        pass
    net: Any = method.net
    if isinstance(net, sg.GatedNetwork):
        return net.eval()
    net.blocks = nn.Sequential(*(block.block for block in net.blocks))
    return sg.gated(net).eval()


@torch.no_grad()
def measured(net: Any, names: dict[str, Any], x: Tensor, y: Tensor) -> dict[str, Any]:
    """Errors in per cent: of the whole network, with half of the image, of students, and of what ends early."""
    blocks = net.num_blocks
    p = sg.linear_decay(blocks, P_LAST)
    draws = torch.Generator().manual_seed(100)
    students = [net(x, sg.sample_gates(p, draws) / p) for _ in range(8)]
    ends = [net(x, [float(block < last) for block in range(blocks)]).softmax(dim=1) for last in range(1, blocks + 1)]
    whole = ends[-1]
    half = net(names["half_hidden"](x, draws))

    def error(outputs: Tensor) -> float:
        return percent((outputs.argmax(dim=1) != y).float().mean().item())

    return {
        "whole": error(whole),
        "half": error(half),
        "students": round(sum(map(error, students)) / len(students), 2),
        "exits": [error(end) for end in ends],
        "agree": [percent((end.argmax(dim=1) == whole.argmax(dim=1)).float().mean().item()) for end in ends],
        "cascade": [[percent(names["cascade"](end, whole, y, asked)) for asked in ASKED] for end in ends],
    }


def percent(share: float) -> float:
    return round(100 * share, 2)


def main() -> None:
    names = chapter()
    data = sg.load_dataset("fashion-mnist", test_examples=TEST_IMAGES)
    x, y = data.normalizer()(data.test_x), data.test_y
    recorded = {
        "recipe": {
            "images": len(data.train_x), "test_images": len(x), "epochs": EPOCHS, "batch": BATCH, "lr": LR, "p_last": P_LAST
        },
        "asked": ASKED,
        "runs": json.loads(OUT.read_text())["runs"] if OUT.exists() else {},
    }  # fmt: skip
    for seed in SEEDS:
        for name, make in methods(names, seed).items():
            done = recorded["runs"].setdefault(name, {})
            if str(seed) not in done:
                torch.manual_seed(seed)
                done[str(seed)] = measured(trained(make(), data, seed), names, x, y)
                print(name, seed, done[str(seed)], flush=True)
                write_atomically(OUT, json.dumps(recorded, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
