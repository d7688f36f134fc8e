"""Networks by name: our own, and those of torchvision and timm with gates."""

import importlib
from types import ModuleType
from typing import Any, cast

import torch
from torch import nn

from ..checks import shown, unknown
from ..errors import InputError
from .gated import gated
from .modes import check_takes
from .protocol import GatedNetwork
from .resnets import ResNet, resnet20, resnet32, resnet50, resnet56, resnet110

# Our own, by what builds them from (num_classes, in_channels).
MODELS = {
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet50": resnet50,
    "resnet56": resnet56,
    "resnet110": resnet110,
}
# Others', by the library before the colon.
LIBRARIES = ("torchvision", "timm")


def check_name(name: str) -> None:
    """Raise an `InputError` unless a network may have this name: a record is read also where its library is missing."""
    library, colon, own = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not (library in MODELS if not colon else library in LIBRARIES and own):
        raise unknown("model", name, [*MODELS, "torchvision:NAME", "timm:NAME"])


def check_model(name: str) -> None:
    """Raise an `InputError` unless there is a network of this name; of a library, unless it is installed and knows it."""
    library, colon, own = name.partition(":")
    check_name(name)
    if not colon:
        return
    names = _import(library).list_models() if library == "timm" else _torchvision_names()
    if own not in names:
        near = [known for known in names if known.startswith(own[:4])][:5]
        raise InputError(f"{library} has no network {own!r}" + (f", but {', '.join(near)}." if near else "."))


def build_network(model: str, *, num_classes: int, in_channels: int = 3, image_size: int | None = None) -> GatedNetwork:
    """A new network with gates, its weights drawn from torch's global generator.

    Args:
        model: one of `MODELS`, or ``torchvision:NAME`` or ``timm:NAME`` for a network of these libraries that has
            residual blocks; no weights are downloaded.
        num_classes: K, how many classes there are.
        in_channels: C of the images.
        image_size: their side, which some networks (vision transformers) are built for; None leaves it at the usual.

    Raises:
        InputError: if there is no such network, its library is not installed, it has no residual blocks, or it does not take
            images of that size.
    """
    check_model(model)
    if model in MODELS:
        made = MODELS[model](num_classes=num_classes, in_channels=in_channels)
        if not isinstance(made, nn.Module):
            raise InputError(f"The network {model} must be a torch module, not {shown(made)}.")
        own: Any = made
        if getattr(own, "architecture", None) is None:  # somebody's own: a saved network is built again by its name
            own.architecture = {"model": model, "num_classes": num_classes, "in_channels": in_channels}
        return own
    library, _, name = model.partition(":")
    make = _timm if library == "timm" else _torchvision
    try:
        plain = make(name, num_classes, in_channels, image_size)
    except (AssertionError, RuntimeError, ValueError) as error:
        raise InputError(f"{model} cannot be built for images of side {image_size}: {error}") from error
    net = gated(plain)
    if image_size is not None:
        check_takes(net, torch.zeros(1, in_channels, image_size, image_size), "choose another network or image size")
    net.architecture = {
        "model": model,
        "num_classes": num_classes,
        "in_channels": in_channels,
        "image_size": image_size,
    }
    return net


def network_of(architecture: dict[str, Any], weights: dict[str, torch.Tensor]) -> GatedNetwork:
    """The network that an ``architecture`` describes, as `ResNet` and `build_network` leave it with theirs.

    Args:
        architecture: of the file of a network.
        weights: of the same file: a damaged one may name a network that no memory holds.

    Raises:
        ValueError: if the architecture names sizes that none of its weights has.
    """
    largest = max([len(weights), *(size for weight in weights.values() for size in weight.shape)])
    sizes = [value for name, value in architecture.items() if name != "image_size"]
    for size in [*sizes, *architecture.get("widths", ())]:
        if isinstance(size, int) and size > largest:
            raise ValueError(f"{size} of something, where no weight is larger than {largest}")
    return build_network(**architecture) if "model" in architecture else ResNet(**architecture)


def _torchvision_names() -> list[str]:
    models = _import("torchvision").models
    return models.list_models(module=models)


def _torchvision(name: str, num_classes: int, in_channels: int, image_size: int | None) -> nn.Module:
    size = {"image_size": image_size} if image_size and name.startswith("vit_") else {}
    model = _import("torchvision").models.get_model(name, weights=None, num_classes=num_classes, **size)
    if in_channels != 3:
        _replace_first_convolution(model, in_channels)
    return model


def _timm(name: str, num_classes: int, in_channels: int, image_size: int | None) -> nn.Module:
    timm = _import("timm")
    usual = timm.get_pretrained_cfg(name)
    size = {"img_size": image_size} if image_size and usual is not None and usual.fixed_input_size else {}
    return timm.create_model(name, pretrained=False, num_classes=num_classes, in_chans=in_channels, **size)


def _replace_first_convolution(model: nn.Module, in_channels: int) -> None:
    """A new one for images of other than three channels."""
    name, old = next((name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d))
    parent, _, own = name.rpartition(".")
    new = nn.Conv2d(
        in_channels,
        old.out_channels,
        cast(tuple[int, int], old.kernel_size),
        cast(tuple[int, int], old.stride),
        cast(tuple[int, int], old.padding),
        bias=old.bias is not None,
    )
    setattr(model.get_submodule(parent), own, new)


def _import(library: str) -> ModuleType:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        extra = "timm" if library == "timm" else "data"
        raise InputError(
            f"A network of {library} needs the package {library}: install it with pip install 'sgutils[{extra}]'."
        ) from error
