"""The residual blocks of torchvision's classification networks, by the full names of their classes."""

from typing import Any

from torch import Tensor

from .known_blocks import KnownBlock
from .units import activated


def _shortcut(block: Any, h: Tensor) -> Tensor:
    return activated(block.relu, h if block.downsample is None else block.downsample(h))


BLOCKS = {
    # ResNet, ResNeXt, Wide ResNet
    "torchvision.models.resnet.BasicBlock": KnownBlock(
        branch_end=lambda block: block.bn2, shortcut=_shortcut, last_layer=lambda block: block.bn2
    ),
    "torchvision.models.resnet.Bottleneck": KnownBlock(
        branch_end=lambda block: block.bn3, shortcut=_shortcut, last_layer=lambda block: block.bn3
    ),
    # ConvNeXt
    "torchvision.models.convnext.CNBlock": KnownBlock(last_layer=lambda block: block.layer_scale),
    # EfficientNet
    "torchvision.models.efficientnet.MBConv": KnownBlock(
        gated=lambda block: block.use_res_connect, last_layer=lambda block: block.block
    ),
    "torchvision.models.efficientnet.FusedMBConv": KnownBlock(
        gated=lambda block: block.use_res_connect, last_layer=lambda block: block.block
    ),
    # MobileNet
    "torchvision.models.mobilenetv2.InvertedResidual": KnownBlock(
        gated=lambda block: block.use_res_connect, last_layer=lambda block: block.conv
    ),
    "torchvision.models.mobilenetv3.InvertedResidual": KnownBlock(
        gated=lambda block: block.use_res_connect, last_layer=lambda block: block.block
    ),
    # Transformers: attention and perceptron, two branches in a row, under one gate
    "torchvision.models.vision_transformer.EncoderBlock": KnownBlock(),
    "torchvision.models.swin_transformer.SwinTransformerBlock": KnownBlock(),
    "torchvision.models.swin_transformer.SwinTransformerBlockV2": KnownBlock(),
}
