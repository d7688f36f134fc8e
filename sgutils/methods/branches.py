"""What the multi-branch methods share: networks with one trunk, and a weight that ramps up."""

import math
from collections.abc import Callable, Iterable
from typing import cast

from torch import Tensor, nn

from ..errors import InputError
from ..networks import ResNet
from ..networks.resnets import GatedBlock


def branched(make_network: Callable[[], nn.Module], branches: int) -> list[ResNet]:
    """Networks that share stem and stages 1 and 2, and have a third stage and a classifier each of their own.

    Each is a whole `ResNet`, so that one branch is deployed as it is.

    Raises:
        InputError: if they are not ResNets of this package: of another network nobody knows where its trunk ends.
    """
    first, *others = (_our_resnet(make_network()) for _ in range(branches))
    for net in others:
        net.stem = first.stem
        for index in range(_trunk_blocks(first)):
            net.blocks[index] = first.blocks[index]
    return [first, *others]


def resnets(nets: Iterable[nn.Module]) -> list[ResNet]:
    """What `branched` made, out of the module list that a method keeps it in."""
    return cast(list[ResNet], list(nets))


def trunk(net: ResNet, x: Tensor) -> Tensor:
    """The output of stage 2, ``(N, C, H, W)``, which all branches share."""
    h = net.stem(x)
    for block in net.blocks[: _trunk_blocks(net)]:
        h = block(h)
    return h


def trunk_channels(net: ResNet) -> int:
    """C of what `trunk` gives."""
    first = cast(GatedBlock, net.blocks[_trunk_blocks(net)])
    return cast(nn.Conv2d, first.branch[0]).in_channels


def branch_features(net: ResNet, h: Tensor) -> Tensor:
    """Penultimate features ``(N, D)`` of one branch on the output of the trunk."""
    for block in net.blocks[_trunk_blocks(net) :]:
        h = block(h)
    return h.mean(dim=(2, 3))


def ramp_up(index: int, epochs: int) -> float:
    """The weight of distillation: exp(-5 (1 - e/E)^2) up to epoch E, then 1.

    E is 80 of the 300 epochs of the recipe, and the same share of a run of another length.

    Args:
        index: of the epoch, from 0.
        epochs: of the whole run.
    """
    progress = min(1.0, index / (80 / 300 * epochs))
    return math.exp(-5 * (1 - progress) ** 2)


def _our_resnet(net: nn.Module) -> ResNet:
    if not isinstance(net, ResNet):
        raise InputError(
            f"Branches on one trunk are made of this package's ResNets (sgutils.resnet), not of {type(net).__name__}."
        )
    return net


def _trunk_blocks(net: ResNet) -> int:
    return 2 * net.num_blocks // 3
