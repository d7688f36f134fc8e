"""Residual networks for small images whose every block has a gate (paper, Eq. 2-4).

One forward serves the plain network (gates 1), the teacher (gates p) and every student (gates b of 0 and 1):

    H_l = ReLU(g_l * f_l(H_{l-1}) + shortcut_l(H_{l-1}))
"""

import copy
from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checks import one_of, shown, whole_number
from ..errors import InputError
from ..gates import Gates, gate_list, survival_of
from .strided import slice_narrow_convolutions


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
        self.architecture: dict[str, Any] = {
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
        slice_narrow_convolutions(self)

    @property
    def num_blocks(self) -> int:
        """L, the number of residual blocks and so of gates."""
        return len(self.blocks)

    def forward(self, x: Tensor, gates: Gates = None) -> Tensor:
        """Logits of the network with these gates.

        Args:
            x: ``(N, C, H, W)`` images.
            gates: L numbers, one per block: 1 runs it, 0 skips it without computing it, anything between weights its
                branch. None is all 1. A tensor on a GPU, or one that is being traced, is multiplied with the branches
                and never read: reading it would make the CPU wait, and a graph of one student would be of no use to
                the next.

        Returns:
            ``(N, K)`` logits.

        Raises:
            InputError: if there is not one gate for each block.
        """
        return self.classifier(self.features(x, gates))

    def features(self, x: Tensor, gates: Gates = None) -> Tensor:
        """Penultimate features, ``(N, D)``: what the linear classifier sees. Arguments as for `forward`."""
        if not torch.jit.is_tracing():
            self._check_images(x)
        h = self.stem(x)
        for block, gate in zip(self.blocks, gate_list(gates, self.num_blocks), strict=True):
            h = block(h, gate)
        return h.mean(dim=(2, 3))

    def _check_images(self, x: Tensor) -> None:
        channels = next(self.stem.parameters()).shape[1]
        if not isinstance(x, Tensor) or x.ndim != 4 or x.shape[1] != channels or not x.is_floating_point():
            given = f"{x.dtype} of shape {tuple(x.shape)}" if isinstance(x, Tensor) else shown(x)
            raise InputError(
                f"The network takes images (N, {channels}, H, W) of floating-point numbers, not {given}: normalise them first."
            )

    def fold(self, p: Sequence[float] | Tensor) -> "ResNet":
        """An ordinary ResNet that computes what this one computes with gates ``p``, for deployment.

        p_l scales the last batch norm of block l, so that ``net.fold(p)(x) == net(x, gates=p)`` in eval mode.

        Args:
            p: ``(L,)`` survival probabilities.

        Raises:
            InputError: if ``p`` is not one probability for each block.
        """
        folded = copy.deepcopy(self)
        with torch.no_grad():
            for block, survival in zip(folded.blocks, survival_of(p, self.num_blocks), strict=True):
                last_norm = cast(nn.BatchNorm2d, cast(GatedBlock, block).branch[-1])
                last_norm.weight.mul_(survival)
                last_norm.bias.mul_(survival)
        return folded


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
        num_classes: K, how many classes there are.
        in_channels: C of the images.
        widths: channels of the three stages.
        block: ``"basic"`` or ``"bottleneck"``; None takes bottleneck for 110 and basic otherwise.

    Raises:
        InputError: if no network has that depth, or a number is not positive.
    """
    depth = whole_number("depth", depth, 1)
    num_classes = whole_number("num_classes", num_classes, 1)
    in_channels = whole_number("in_channels", in_channels, 1)
    if not isinstance(widths, Sequence) or isinstance(widths, (str, bytes)) or len(widths) != 3:
        raise InputError(f"widths must be three numbers, one per stage, not {shown(widths)}.")
    widths = [whole_number("a width", width, 1) for width in widths]
    block = ("bottleneck" if depth == 110 else "basic") if block is None else one_of("block", block, BLOCKS)
    layers = BLOCKS[block][1]
    if depth < layers + 2 or (depth - 2) % layers:
        raise InputError(
            f"A ResNet of {block} blocks has {layers}n + 2 layers, such as {3 * layers + 2}, not {depth!r}."
        )
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


def _conv_norm(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(out_channels)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(*_conv_norm(in_channels, out_channels, 1, stride))
