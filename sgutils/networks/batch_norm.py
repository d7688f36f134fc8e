"""Which passes move the running statistics of batch norm, and how to measure them again."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..gates import Gates
from .modes import evaluating
from .protocol import GatedNetwork


@contextmanager
def keep_running_statistics(net: nn.Module | GatedNetwork) -> Iterator[None]:
    """Within it, training passes normalise with their own batch and leave the running statistics as they are.

    It reaches every batch norm of torch (1d, 2d, 3d, synchronised, and subclasses of them) by its
    ``track_running_stats``, which is afterwards what it was before; so it may stand within itself.
    """
    norms = [(norm, norm.track_running_stats) for norm in _batch_norms(net)]
    for norm, _ in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm, tracked in norms:
            norm.track_running_stats = tracked


@torch.no_grad()
def recalibrate_batch_norm(net: GatedNetwork, gates: Gates, batches: Iterable[Tensor]) -> None:
    """Measure the running statistics again, as plain averages over batches, for the network with these gates.

    Everything else of the network is in eval mode meanwhile, as in deployment.

    Args:
        net: a gated network; its weights stay as they are.
        gates: which sub-network the statistics are for; None is all 1.
        batches: of ``(N, C, H, W)`` training images.
    """
    norms = [norm for norm in _batch_norms(net) if norm.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    with evaluating(net):
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average over all batches
            norm.train()
        try:
            for x in batches:
                net(x, gates)
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum


def _batch_norms(net: nn.Module | GatedNetwork) -> list[_BatchNorm]:
    assert isinstance(net, nn.Module)
    return [module for module in net.modules() if isinstance(module, _BatchNorm)]
