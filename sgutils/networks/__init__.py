"""Networks whose every residual block has a gate: the protocol, our ResNets, and what a pass does to batch norm."""

from .batch_norm import keep_running_statistics, recalibrate_batch_norm
from .gated import GatedModel, gated
from .modes import evaluating
from .protocol import GatedNetwork, check_gated, fold_gates
from .resnets import GatedBlock, ResNet, resnet, resnet20, resnet32, resnet50, resnet56, resnet110

# The names that the command line and a configuration know, and what builds them from (num_classes, in_channels).
MODELS = {
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet50": resnet50,
    "resnet56": resnet56,
    "resnet110": resnet110,
}

__all__ = [
    "MODELS",
    "GatedBlock",
    "GatedModel",
    "GatedNetwork",
    "ResNet",
    "check_gated",
    "evaluating",
    "fold_gates",
    "gated",
    "keep_running_statistics",
    "recalibrate_batch_norm",
    "resnet",
    "resnet20",
    "resnet32",
    "resnet50",
    "resnet56",
    "resnet110",
]
