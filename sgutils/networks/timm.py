"""The residual blocks of timm's networks, by the full names of their classes."""

from typing import Any

from torch import Tensor, nn

from .known_blocks import KnownBlock
from .units import activated


def _last_of(block: Any, *names: str) -> nn.Module:
    """The first of these parts that the block has; timm leaves out what a configuration does not ask for."""
    return next(part for name in names if (part := getattr(block, name, None)) is not None)


def _resnet(norm: str, activation: str) -> KnownBlock:
    def end(block: Any) -> nn.Module:
        return _last_of(block, "drop_path", "se", norm)

    # Squeeze and excitation looks at what it multiplies: its output is not proportional to the norm before it.
    def last_layer(block: Any) -> nn.Module | None:
        return getattr(block, norm) if block.se is None else None

    return KnownBlock(branch_end=end, shortcut=_SHORTCUTS[activation], last_layer=last_layer)


def _shortcut_act2(block: Any, h: Tensor) -> Tensor:
    return activated(block.act2, h if block.downsample is None else block.downsample(h))


def _shortcut_act3(block: Any, h: Tensor) -> Tensor:
    return activated(block.act3, h if block.downsample is None else block.downsample(h))


def _shortcut_preact(block: Any, h: Tensor) -> Tensor:
    return h if block.downsample is None else block.downsample(block.norm1(h))


def _shortcut_convnext(block: Any, h: Tensor) -> Tensor:
    return block.shortcut(h)


_SHORTCUTS = {"act2": _shortcut_act2, "act3": _shortcut_act3}

_TRANSFORMERS = (
    "vision_transformer.Block",  # also DeiT's
    "vision_transformer.ResPostBlock",
    "vision_transformer.ParallelScalingBlock",
    "swin_transformer.SwinTransformerBlock",
    "swin_transformer_v2.SwinTransformerV2Block",
)

BLOCKS = {
    # ResNet, ResNeXt, Wide ResNet, SE-ResNet
    "timm.models.resnet.BasicBlock": _resnet("bn2", "act2"),
    "timm.models.resnet.Bottleneck": _resnet("bn3", "act3"),
    # ResNet with the norm before the convolution
    "timm.models.resnetv2.PreActBasic": KnownBlock(
        branch_end=lambda block: block.drop_path, shortcut=_shortcut_preact, last_layer=lambda block: block.conv2
    ),
    "timm.models.resnetv2.PreActBottleneck": KnownBlock(
        branch_end=lambda block: block.drop_path, shortcut=_shortcut_preact, last_layer=lambda block: block.conv3
    ),
    "timm.models.resnetv2.Bottleneck": KnownBlock(
        branch_end=lambda block: block.drop_path, shortcut=_shortcut_act3, last_layer=lambda block: block.norm3
    ),
    # ConvNeXt: timm's block can change the shape, too
    "timm.models.convnext.ConvNeXtBlock": KnownBlock(
        branch_end=lambda block: block.drop_path,
        shortcut=_shortcut_convnext,
        last_layer=lambda block: block.mlp if block.gamma is None else block.gamma,
    ),
    # EfficientNet, MobileNetV2 and V3
    "timm.models._efficientnet_blocks.InvertedResidual": KnownBlock(
        gated=lambda block: block.has_skip, last_layer=lambda block: block.bn3
    ),
    "timm.models._efficientnet_blocks.DepthwiseSeparableConv": KnownBlock(
        gated=lambda block: block.has_skip, last_layer=lambda block: block.bn2
    ),
    "timm.models._efficientnet_blocks.EdgeResidual": KnownBlock(
        gated=lambda block: block.has_skip, last_layer=lambda block: block.bn2
    ),
    # Transformers: attention and perceptron, two branches in a row, under one gate
    **{f"timm.models.{name}": KnownBlock() for name in _TRANSFORMERS},
}
