"""Which layer can take a factor in, so that a gate becomes part of the weights."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from .units import BranchEnd, LinearInput

# The output of these forwards is proportional to weight and bias together. A class may build its layer in another way,
# but must not compute in another: a convolution that standardises its weight first would undo the factor.
_FORWARDS = {
    *(kind.forward for kind in (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)),
    *(kind.forward for kind in (_BatchNorm, nn.SyncBatchNorm, nn.GroupNorm, nn.LayerNorm)),
}
# Where a convolution's forward leaves the work to another method, that must be torch's, too.
_CONVOLUTIONS = {kind._conv_forward for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)}
# Others that keep to it, by name, for their libraries need not be there; where they end in an activation, it must be none.
_CLASSES = {
    "torchvision.models.convnext.LayerNorm2d",
    "timm.layers.norm.LayerNorm",
    "timm.layers.norm.LayerNorm2d",
    "timm.layers.norm_act.BatchNormAct2d",
    "timm.layers.norm_act.GroupNormAct",
}
# A perceptron's last layer, by the name of its class.
_LAST = {"timm.layers.mlp.Mlp": "fc2", "timm.layers.mlp.GlobalResponseNormMlp": "fc2"}
# What passes a factor on unchanged, of these libraries' own classes.
_LIBRARIES = ("torch", "torchvision", "timm")
_PASSING = ("Identity", "Dropout", "Dropout2d", "ReLU", "Permute", "Flatten", "StochasticDepth", "DropPath")


def scale_output(model: nn.Module, layer: nn.Module | nn.Parameter | None, factor: float) -> bool:
    """Scale the output of a layer of the model by its parameters alone.

    Args:
        model: that the layer belongs to; a parameter that another of its modules holds, too, cannot be scaled. (That
            one reads the parameter of another in its forward cannot be seen.)
        layer: a layer, a sequence of them, or the parameter that multiplies the output.
        factor: at least 0.

    Returns:
        Whether it could be done; if not, nothing has changed.
    """
    parameters = _factors(layer)
    uses = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    if not parameters or any(uses[id(parameter)] != 1 for parameter in parameters):
        return False
    with torch.no_grad():
        for parameter in parameters:
            parameter.mul_(factor)
    return True


def _factors(layer: nn.Module | nn.Parameter | None) -> Sequence[nn.Parameter]:
    """The parameters that the output is proportional to, all together; none if there are no such."""
    if layer is None or isinstance(layer, nn.Parameter):
        return [] if layer is None else [layer]
    if _has_hooks_of_its_own(layer):
        return []
    if isinstance(layer, nn.Sequential):
        for part in reversed(layer):
            if not _passes_on(part):
                return _factors(part)
        return []
    name = f"{type(layer).__module__}.{type(layer).__qualname__}"
    if name in _LAST:
        return _factors(getattr(layer, _LAST[name]))
    proportional = _computes_as_torch(layer) or (name in _CLASSES and "forward" not in vars(layer))
    activation = getattr(layer, "act", None)
    if not proportional or not isinstance(activation, (nn.Identity, type(None))) or parametrize.is_parametrized(layer):
        return []
    weight, bias = layer._parameters.get("weight"), layer._parameters.get("bias")
    return [] if weight is None else [weight] if bias is None else [weight, bias]


def _computes_as_torch(layer: nn.Module) -> bool:
    kind: Any = type(layer)
    own = {"forward", "_conv_forward"} & set(vars(layer))  # set on the instance by hand
    return not own and kind.forward in _FORWARDS and getattr(kind, "_conv_forward", None) in {None, *_CONVOLUTIONS}


def _passes_on(part: nn.Module) -> bool:
    kind = type(part)
    known = kind.__name__ in _PASSING and kind.__module__.partition(".")[0] in _LIBRARIES
    return known and not _has_hooks_of_its_own(part)


def _has_hooks_of_its_own(layer: nn.Module) -> bool:
    """Whether somebody else's hook may change what goes in or comes out."""
    others = [hook for hook in layer._forward_hooks.values() if not isinstance(hook, (BranchEnd, LinearInput))]
    return bool(others or layer._forward_pre_hooks)
