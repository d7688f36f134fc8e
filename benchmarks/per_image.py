"""What it takes to run a block for the images that drew it, and for no other: against computing all of them and masking.

    python -m benchmarks.per_image

times a training step of single blocks, forward and backward, at several rates of dropping: with every image computed and the
dropped ones multiplied by 0 (masked), and with the others alone, taken out of the batch and added back (subset). Writes
`data/benchmarks/per-image-cpu.json` or `per-image-cuda.json`. Ratios within a round, so that a busy machine does not matter much.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from functools import partial

import timm
import torch
from torch import Tensor, nn

import sgutils as sg

from .common import DEVICE, one_thread, save, seconds

RATES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
WARM_UP = 2


def transformer_block(width: int, heads: int) -> nn.Module:
    return timm.models.vision_transformer.Block(width, heads)


class Branch(nn.Module):
    """A residual block of ours without its shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.branch = sg.resnet(8, widths=(channels,) * 3).blocks[0].branch

    def forward(self, h: Tensor) -> Tensor:
        return h + self.branch(h)


# The block, and the shape of what enters it.
BLOCKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "transformer, 197 tokens of 192": (lambda: transformer_block(192, 3), (16, 197, 192)),
    "transformer, 17 tokens of 48": (lambda: transformer_block(48, 4), (64, 17, 48)),
    "convolutions, 16 maps of 32 x 32": (lambda: Branch(16), (64, 16, 32, 32)),
}


def masked(block: nn.Module, h: Tensor, order: Tensor, kept: int) -> Tensor:
    weights = torch.zeros(len(h), device=h.device)
    weights[order[:kept]] = len(h) / kept
    return h + weights.view(-1, *[1] * (h.ndim - 1)) * (block(h) - h)


def subset(block: nn.Module, h: Tensor, order: Tensor, kept: int) -> Tensor:
    part = h[order[:kept]]
    return h.index_add(0, order[:kept], block(part) - part, alpha=len(h) / kept)


def times(make: Callable[[], nn.Module], shape: tuple[int, ...], rounds: int) -> dict[str, dict[str, float]]:
    """Of the masked block, and of the subset at each rate: the time as a share of the plain block's in the same round."""
    block = make().to(DEVICE).train()
    h = torch.randn(shape, device=DEVICE, requires_grad=True)
    taken: dict[str, list[float]] = {}
    for done in range(-WARM_UP, rounds):
        order = torch.randperm(len(h), device=DEVICE)
        steps: dict[str, Callable[[], Tensor]] = {"masked": lambda: masked(block, h, order, len(h) // 2)}
        for rate in RATES:
            steps[str(rate)] = partial(subset, block, h, order, max(1, round(len(h) * (1 - rate))))
        plain = seconds(lambda: block(h).sum().backward())
        for name, step in steps.items():
            spent = seconds(lambda: step().sum().backward())
            if done >= 0:
                taken.setdefault(name, []).append(spent / plain)
    return {name: _summary(ratios) for name, ratios in taken.items()}


def _summary(ratios: list[float]) -> dict[str, float]:
    values = {"least": min(ratios), "median": statistics.median(ratios), "most": max(ratios)}
    return {name: round(value, 3) for name, value in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (default: %(default)s)")
    given = parser.parse_args()
    device = one_thread()
    torch.manual_seed(0)
    record = {
        "what": "forward and backward of one block; ratios to the block for all images, without drop path, in the same round",
        "device": device,
        "rounds": given.rounds,
        "shapes": {name: list(shape) for name, (_, shape) in BLOCKS.items()},
        "ratios": {name: times(make, shape, given.rounds) for name, (make, shape) in BLOCKS.items()},
        "versions": {"torch": torch.__version__, "timm": timm.__version__},
    }
    save("per-image", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
