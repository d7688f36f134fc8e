"""Eval mode for a while, and what a network takes in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..checks import shown
from ..errors import InputError
from .protocol import GatedNetwork


@contextmanager
def evaluating(net: nn.Module | GatedNetwork) -> Iterator[None]:
    """Within it the network is in eval mode; afterwards each of its modules is in the mode it was in.

    ``net.train(True)`` afterwards would also wake modules that somebody holds in eval mode on purpose, such as the
    frozen batch norms of a pretrained network.
    """
    assert isinstance(net, nn.Module)
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@torch.no_grad()
def check_takes(net: nn.Module | GatedNetwork, images: Tensor, advice: str) -> int:
    """Raise an `InputError` unless the network makes logits of these ``(N, C, H, W)`` images; K, how many of each."""
    try:
        with evaluating(net):
            logits = net(images)
    except (AssertionError, RuntimeError, ValueError) as error:
        size = " x ".join(map(str, images.shape[1:]))
        raise InputError(f"The network does not take images of {size}: {advice}.") from error
    if (
        not isinstance(logits, Tensor)
        or logits.ndim != 2
        or len(logits) != len(images)
        or not logits.is_floating_point()
    ):
        found = f"{logits.dtype} of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else shown(type(logits))
        raise InputError(
            f"{type(net).__name__} must return logits of shape (N, K), floating-point numbers and one row for each of "
            f"{len(images)} images, not {found}."
        )
    return logits.shape[1]
