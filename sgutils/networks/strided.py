"""Strided 1x1 convolutions of very few channels, computed so that oneDNN does not corrupt the heap."""

import torch.nn.functional as F
from torch import Tensor, nn

# Channels of a vector of AVX2. oneDNN's weight gradient of a 1x1 convolution with stride 2 in channels_last writes whole
# vectors where the processor has AVX2 and not AVX-512, and with fewer channels than that it writes past its buffer (tried
# with each number from 1 to 33, torch 2.11.0 and 2.12.1: 2 to 7 kill the process; 3x3, stride 1 and contiguous do not).
_VECTOR = 8


class SlicedConv2d(nn.Conv2d):
    """A strided 1x1 convolution as a slice and a convolution of stride 1: the same products, in any memory format."""

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = self.stride
        return F.conv2d(x[..., ::rows, ::columns], self.weight, self.bias)


def slice_narrow_convolutions(module: nn.Module) -> nn.Module:
    """Let the convolutions of a network that oneDNN cannot be trusted with be computed as slices; returns the network.

    On every kind of processor, so that the same network computes the same way everywhere. Published networks have no
    such convolution: their narrowest has 16 channels. Names and weights stay what they are.
    """
    for part in module.modules():
        if type(part) is nn.Conv2d and _is_at_risk(part):
            part.__class__ = SlicedConv2d
    return module


def _is_at_risk(conv: nn.Conv2d) -> bool:
    pointwise = conv.kernel_size == (1, 1) and conv.groups == 1 and conv.padding in ((0, 0), "valid")
    return pointwise and max(conv.stride) > 1 and 1 < conv.in_channels < _VECTOR
