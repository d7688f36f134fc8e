"""What a network draws in training besides its gates, such as dropout: from the run's seed, and not from what ran before."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from . import distributed


@contextmanager
def seeded(seed: int | None, epoch: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators as a seed says for an epoch, so that one after a stop draws as it would have without.

    The CPU's is afterwards as it was before. Every process draws its own.

    Args:
        seed: None leaves the generators alone.
        epoch: from 0.
        device: where it is trained.
    """
    if seed is None:
        yield
        return
    drawn = hashlib.sha256(repr((seed, epoch, distributed.rank())).encode()).digest()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int.from_bytes(drawn[:7], "big"))
        if device.type == "cuda":
            torch.cuda.manual_seed(int.from_bytes(drawn[:7], "big"))
        yield
