"""The old place of `sgutils.networks`: it works for one more release, with a warning."""

import warnings

from .networks import MODELS, fold_gates, keep_running_statistics, recalibrate_batch_norm
from .networks.resnets import (
    BLOCKS,
    GatedBlock,
    PreciseLinear,
    ResNet,
    basic_block,
    bottleneck_block,
    resnet,
    resnet20,
    resnet32,
    resnet50,
    resnet56,
    resnet110,
)

__all__ = [
    "BLOCKS",
    "MODELS",
    "GatedBlock",
    "PreciseLinear",
    "ResNet",
    "basic_block",
    "bottleneck_block",
    "fold_gates",
    "keep_running_statistics",
    "recalibrate_batch_norm",
    "resnet",
    "resnet20",
    "resnet32",
    "resnet50",
    "resnet56",
    "resnet110",
]

warnings.warn("sgutils.resnets is now sgutils.networks.", DeprecationWarning, stacklevel=2)
