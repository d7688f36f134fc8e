"""Networks whose every residual block has a gate: the protocol, our ResNets, and what a pass does to batch norm."""

from .batch_norm import keep_running_statistics, recalibrate_batch_norm
from .gated import GatedModel, gated
from .modes import check_takes, evaluating
from .pretrained import load_pretrained
from .protocol import GatedNetwork, check_gated, fold_gates
from .registry import MODELS, build_network, check_model, network_of
from .resnets import GatedBlock, ResNet, resnet, resnet20, resnet32, resnet50, resnet56, resnet110

__all__ = [
    "MODELS",
    "GatedBlock",
    "GatedModel",
    "GatedNetwork",
    "ResNet",
    "build_network",
    "check_gated",
    "check_model",
    "check_takes",
    "evaluating",
    "fold_gates",
    "gated",
    "keep_running_statistics",
    "load_pretrained",
    "network_of",
    "recalibrate_batch_norm",
    "resnet",
    "resnet20",
    "resnet32",
    "resnet50",
    "resnet56",
    "resnet110",
]
