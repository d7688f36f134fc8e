"""Torch's one global generator, from which layers draw their weights and their dropout: for one thread at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Several runs may go on at once in one process (`sgutils reproduce --jobs`). Again by the same thread: a network is built
# while it is held.
_HELD = threading.RLock()


@contextmanager
def global_generator(seed: int | None = None) -> Iterator[None]:
    """Hold the CPU's generator, started from a seed if one is given; it is afterwards as it was before."""
    with _HELD, torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        yield
