"""Training mode and test mode, put back module by module."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

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
