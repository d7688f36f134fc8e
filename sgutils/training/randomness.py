"""What a network draws in training besides its gates, such as dropout: from the run's seed, and not from what ran before."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..drawing import global_generator
from . import distributed

# Of torch's layers, those of the book's networks. Those of sgutils have generators of their own; of any other layer nobody
# knows whether it draws.
_DRAW_NOTHING = (
    *(nn.ModuleList, nn.Sequential, nn.Identity, nn.ReLU, nn.Conv2d, nn.Linear),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm),
)


@contextmanager
def seeded(seed: int | None, epoch: int, device: torch.device, module: nn.Module) -> Iterator[None]:
    """Torch's own generators as a seed says for an epoch, so that one after a stop draws as it would have without.

    The CPU's is afterwards as it was before. Every process draws its own; threads whose networks may draw train by turns.

    Args:
        seed: None leaves the generators alone.
        epoch: from 0.
        device: where it is trained.
        module: what is trained; where nothing in it draws, the generators are left alone too.
    """
    if seed is None or not may_draw(module):
        yield
        return
    drawn = hashlib.sha256(repr((seed, epoch, distributed.rank())).encode()).digest()
    number = int.from_bytes(drawn[:7], "big")
    with global_generator(number):
        if device.type == "cuda":
            torch.cuda.manual_seed(number)
        yield


def may_draw(module: nn.Module) -> bool:
    """Whether anything in it may draw from torch's own generators."""
    ours = __name__.split(".")[0]
    return any(
        type(part) not in _DRAW_NOTHING and type(part).__module__.split(".")[0] != ours for part in module.modules()
    )
