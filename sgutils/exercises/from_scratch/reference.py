"""What a reader's network is compared with: this package's own of the same shape, with the same weights."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...methods import SelfGuidance
from ...networks import ResNet, resnet
from ...networks.resnets import GatedBlock
from ..hints import drawn

WIDTHS, SIDE, CLASSES = (8, 16, 32), 8, 10
SEED, LR = 5, 0.1


def images(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def reference_network() -> ResNet:
    """This package's network of the same shape as the reader's, with statistics that are not those of a fresh one."""
    with drawn(0):
        net = resnet(8, num_classes=CLASSES, in_channels=1, widths=WIDTHS).train()
        with torch.no_grad():
            net(torch.randn(32, 1, SIDE, SIDE))
    return net


def pairs(reference: ResNet, net: Any) -> Iterator[tuple[nn.Module, nn.Module]]:
    """The modules with weights, each beside that of a `Network` of the chapter."""
    yield reference.stem, net.stem
    for block, branch, shortcut in zip(gated_blocks(reference), net.branches, net.shortcuts, strict=True):
        yield block.branch, branch
        if block.shortcut is not None:
            yield block.shortcut, shortcut
    yield reference.classifier, net.classifier


def gated_blocks(reference: ResNet) -> list[GatedBlock]:
    return cast(list[GatedBlock], list(reference.blocks))


def copy_weights(reference: ResNet, net: Any) -> None:
    """Weights and statistics into a `Network` of the chapter."""
    for source, target in pairs(reference, net):
        target.load_state_dict(source.state_dict())


def gradient(loss: Tensor, modules: Iterable[nn.Module]) -> Tensor:
    """That on the parameters of these modules, in one row; zeros where it does not reach them."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if one is None else one).flatten() for p, one in zip(parameters, found, strict=True)]
    )


def losses_of_sgutils(
    net: ResNet,
    batches: Sequence[tuple[Tensor, Tensor]],
    *,
    lam: float = 0.25,
    tau: float = 3.0,
    lr: float = LR,
) -> Tensor:
    """The losses that this package's own `SelfGuidance` has on these mini-batches."""
    method = SelfGuidance(copy.deepcopy(net), lam=lam, tau=tau, seed=SEED).train()
    optimizer = torch.optim.SGD(method.parameters(), lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses = []
    for x, y in batches:
        loss = method(x, y)["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)
