"""Residual networks for small images whose every block has a gate (paper, Eq. 2-4).

One forward serves the plain network (gates 1), the teacher (gates p) and every student (gates b of 0 and 1):

    H_l = ReLU(g_l * f_l(H_{l-1}) + shortcut_l(H_{l-1}))
"""

import copy
import math
from collections.abc import Iterable, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .errors import InputError
from .gates import survival_probabilities


class BatchNorm2d(nn.BatchNorm2d):
    """Batch norm that can be told, pass by pass, to leave its running statistics alone.

    The student and the teacher share this layer but not their statistics; see `keep_running_statistics`.
    """

    updates_statistics = True

    def forward(self, x: Tensor) -> Tensor:
        if self.training and not self.updates_statistics:
            return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
        return super().forward(x)


@contextmanager
def keep_running_statistics(net: nn.Module):
    """Within it, training passes normalise with their own batch and leave the running statistics as they are."""
    norms = [module for module in net.modules() if isinstance(module, BatchNorm2d)]
    for norm in norms:
        norm.updates_statistics = False
    try:
        yield
    finally:
        for norm in norms:
            norm.updates_statistics = True


@torch.no_grad()
def recalibrate_batch_norm(net: nn.Module, gates: Sequence[float] | Tensor | None, batches: Iterable[Tensor]) -> None:
    """Measure the running statistics anew, as plain averages over batches, for the network with these gates.

    Args:
        net: a `ResNet`; its weights stay as they are.
        gates: which sub-network the statistics are for; None is all 1.
        batches: of ``(N, C, H, W)`` training images.
    """
    norms = [module for module in net.modules() if isinstance(module, BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    training = net.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    net.train()
    try:
        for x in batches:
            net(x, gates)
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        net.train(training)


class GatedBlock(nn.Module):
    """A residual block: ``ReLU(gate * branch(h) + shortcut(h))``; at gate 0 the branch is not computed at all.

    Args:
        branch: f_l, ending in a batch norm.
        shortcut: a 1x1 convolution with batch norm where the shape changes ("option B" of He et al. 2016), or None.
    """

    def __init__(self, branch: nn.Sequential, shortcut: nn.Module | None):
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, h: Tensor, gate: float | Tensor = 1.0) -> Tensor:
        skipped = isinstance(gate, float) and gate == 0.0
        if self.shortcut is None and skipped:
            return h  # already the output of a ReLU
        bypass = h if self.shortcut is None else self.shortcut(h)
        if skipped:
            return F.relu(bypass)
        residual = self.branch(h)
        if isinstance(gate, Tensor):
            return F.relu(bypass + gate * residual)
        # The same in one pass over memory.
        return F.relu(torch.add(bypass, residual, alpha=gate), inplace=True)


def basic_block(in_channels: int, width: int, stride: int) -> GatedBlock:
    """Two 3x3 convolutions, ``width`` channels out."""
    branch = nn.Sequential(
        *_conv_norm(in_channels, width, 3, stride),
        nn.ReLU(inplace=True),
        *_conv_norm(width, width, 3),
    )
    return GatedBlock(branch, _shortcut(in_channels, width, stride))


def bottleneck_block(in_channels: int, width: int, stride: int) -> GatedBlock:
    """1x1, 3x3 and 1x1 convolutions, ``4 * width`` channels out."""
    branch = nn.Sequential(
        *_conv_norm(in_channels, width, 1),
        nn.ReLU(inplace=True),
        *_conv_norm(width, width, 3, stride),
        nn.ReLU(inplace=True),
        *_conv_norm(width, 4 * width, 1),
    )
    return GatedBlock(branch, _shortcut(in_channels, 4 * width, stride))


# kind of block -> (its builder, layers a block of one of the three stages adds in all, channels out per width)
BLOCKS = {"basic": (basic_block, 6, 1), "bottleneck": (bottleneck_block, 9, 4)}


class PreciseLinear(nn.Linear):
    """A linear layer in its own precision, also where autocast runs the convolutions in bfloat16: losses need the digits."""

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.to(self.weight.dtype))


class ResNet(nn.Module):
    """A residual network of L gated blocks in three stages, for images of any size.

    Stem (3x3 convolution, batch norm, ReLU), blocks, global average pool, one linear layer (He et al. 2016, sec. 4.2).
    Build it with `resnet`.
    """

    def __init__(self, blocks_per_stage: int, num_classes: int, in_channels: int, widths: Sequence[int], block: str):
        super().__init__()
        # Enough to build it again beside its weights; plain values, so that a file of it needs no unpickling.
        self.architecture = {
            "blocks_per_stage": blocks_per_stage,
            "num_classes": num_classes,
            "in_channels": in_channels,
            "widths": list(widths),
            "block": block,
        }
        make_block, _, expansion = BLOCKS[block]
        self.stem = nn.Sequential(*_conv_norm(in_channels, widths[0], 3), nn.ReLU(inplace=True))
        self.blocks = nn.ModuleList()
        channels = widths[0]
        for stage, width in enumerate(widths):
            for position in range(blocks_per_stage):
                stride = 2 if stage > 0 and position == 0 else 1
                self.blocks.append(make_block(channels, width, stride))
                channels = expansion * width
        self.classifier = PreciseLinear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def num_blocks(self) -> int:
        """L, the number of residual blocks and so of gates."""
        return len(self.blocks)

    def forward(self, x: Tensor, gates: Sequence[float] | Tensor | None = None) -> Tensor:
        """Logits of the network with these gates.

        Args:
            x: ``(N, C, H, W)`` images.
            gates: L numbers, one a block: 1 runs it, 0 skips it without computing it, anything between weights its
                branch. None is all 1. A tensor on a GPU, or one that is being traced, is multiplied with the branches
                and never read: reading it would make the CPU wait, and a graph of one student would be of no use to
                the next.

        Returns:
            ``(N, K)`` logits.

        Raises:
            InputError: if there is not one gate for each block.
        """
        return self.classifier(self.features(x, gates))

    def features(self, x: Tensor, gates: Sequence[float] | Tensor | None = None) -> Tensor:
        """Penultimate features, ``(N, D)``: what the linear classifier sees. Arguments as for `forward`."""
        h = self.stem(x)
        for block, gate in zip(self.blocks, self._gate_list(gates)):
            h = block(h, gate)
        return h.mean(dim=(2, 3))

    def _gate_list(self, gates: Sequence[float] | Tensor | None) -> Sequence[float | Tensor]:
        if gates is None:
            return [1.0] * self.num_blocks
        if (
            isinstance(gates, Tensor)
            and gates.shape == (self.num_blocks,)
            and (gates.is_cuda or torch.jit.is_tracing())
        ):
            return gates.unbind()
        try:
            values = [float(gate) for gate in (gates.tolist() if isinstance(gates, Tensor) else gates)]
        except (TypeError, ValueError) as error:
            given = f"shape {tuple(gates.shape)}" if isinstance(gates, Tensor) else repr(gates)
            raise InputError(f"gates must be {self.num_blocks} numbers, one a block, not {given}.") from error
        if len(values) != self.num_blocks:
            raise InputError(f"gates must be {self.num_blocks} numbers, one a block, not {len(values)}.")
        if not all(math.isfinite(value) for value in values):
            raise InputError(f"gates must be finite numbers, not {values}.")
        return values


def resnet(
    depth: int,
    num_classes: int = 10,
    in_channels: int = 3,
    widths: Sequence[int] = (16, 32, 64),
    block: str | None = None,
) -> ResNet:
    """A gated CIFAR ResNet of ``depth`` layers.

    Basic blocks make 6n + 2 layers, bottleneck blocks 9n + 2. The paper's ResNet-110 is the bottleneck one, which its
    1.15M parameters tell; all its others are basic.

    Args:
        depth: number of weighted layers, such as 20, 32, 50, 56, 110.
        num_classes: K.
        in_channels: C of the images.
        widths: channels of the three stages.
        block: ``"basic"`` or ``"bottleneck"``; None takes bottleneck for 110 and basic otherwise.

    Raises:
        InputError: if no network has that depth, or a number is not positive.
    """
    block = block or ("bottleneck" if depth == 110 else "basic")
    if block not in BLOCKS:
        raise InputError(f"block must be one of {', '.join(BLOCKS)}, not {block!r}.")
    layers = BLOCKS[block][1]
    if not isinstance(depth, int) or depth < layers + 2 or (depth - 2) % layers:
        raise InputError(
            f"A ResNet of {block} blocks has {layers}n + 2 layers, such as {3 * layers + 2}, not {depth!r}."
        )
    for name, value in (("num_classes", num_classes), ("in_channels", in_channels), *(("a width", w) for w in widths)):
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1, not {value!r}.")
    if len(widths) != 3:
        raise InputError(f"widths must be three numbers, one a stage, not {len(widths)}.")
    return ResNet((depth - 2) // layers, num_classes, in_channels, widths, block)


def resnet20(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """9 basic blocks, 0.27M parameters."""
    return resnet(20, num_classes, in_channels)


def resnet32(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """15 basic blocks, 0.47M parameters (paper, Table 1)."""
    return resnet(32, num_classes, in_channels)


def resnet50(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """24 basic blocks, 0.76M parameters (paper, Table 1); not the ImageNet network of that name."""
    return resnet(50, num_classes, in_channels)


def resnet56(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """27 basic blocks, 0.86M parameters."""
    return resnet(56, num_classes, in_channels)


def resnet110(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """36 bottleneck blocks, 1.15M parameters (paper, Table 1)."""
    return resnet(110, num_classes, in_channels)


MODELS = {
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet50": resnet50,
    "resnet56": resnet56,
    "resnet110": resnet110,
}


def fold_gates(net: ResNet, p: Sequence[float] | Tensor) -> ResNet:
    """An ordinary ResNet that computes what ``net`` computes with gates ``p``, for deployment.

    p_l scales the last batch norm of block l, so that ``fold_gates(net, p)(x) == net(x, gates=p)`` in eval mode.

    Args:
        net: the trained network; it is left as it is.
        p: ``(L,)`` survival probabilities.

    Raises:
        InputError: if ``p`` is not one probability for each block.
    """
    p = survival_probabilities(p).tolist()
    if len(p) != net.num_blocks:
        raise InputError(f"p must be {net.num_blocks} survival probabilities, one a block, not {len(p)}.")
    folded = copy.deepcopy(net)
    with torch.no_grad():
        for block, survival in zip(folded.blocks, p):
            last_norm = block.branch[-1]
            last_norm.weight *= survival
            last_norm.bias *= survival
    return folded


def _conv_norm(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, BatchNorm2d]:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
    return conv, BatchNorm2d(out_channels)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(*_conv_norm(in_channels, out_channels, 1, stride))
