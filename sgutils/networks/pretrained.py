"""Weights from a file into a network, the classifier left as it is where the classes are others."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..files import read_safetensors
from .gated import GatedModel

# Under which keys a file may keep its state dict: training scripts, timm, and our network.pt.
_INSIDE = ("state_dict", "model", "weights")


def load_pretrained(net: nn.Module, path: str | Path) -> list[str]:
    """Put the weights of a file into a network.

    The file is read without running anything from it.

    Args:
        net: the network; of a gated one, the file is that of the plain model.
        path: a state dict, written by ``torch.save`` or as safetensors.

    Returns:
        The names of the parameters that were left as they were: those of a classifier for other classes.

    Raises:
        InputError: if the file cannot be read or holds the weights of another network.
    """
    model = net.model if isinstance(net, GatedModel) else net
    weights = _read(Path(path))
    own = model.state_dict()
    left = [
        name
        for name, value in weights.items()
        if name in own and value.shape != own[name].shape and _of_classifier(model, name, value)
    ]
    for name in left:
        del weights[name]
    wrong = [name for name, value in weights.items() if name not in own or value.shape != own[name].shape]
    missing = [name for name in own if name not in weights and name not in left]
    if wrong or missing:
        what = f"{wrong[0]} does not fit" if wrong else f"{missing[0]} is missing"
        raise InputError(
            f"{path} holds the weights of another network than this {type(model).__name__} ({what}): choose the network that "
            "they were trained in."
        )
    model.load_state_dict(weights, strict=False)
    return left


def _of_classifier(model: nn.Module, name: str, value: Tensor) -> bool:
    module = model.get_submodule(name.rpartition(".")[0])
    same_but_classes = value.shape[1:] == model.state_dict()[name].shape[1:]
    return isinstance(module, (nn.Linear, nn.Conv2d)) and same_but_classes


def _read(path: Path) -> dict[str, Tensor]:
    expected = "a state dict, written by torch.save or as safetensors"
    if path.is_dir():
        raise InputError(f"{path} is a folder: expected {expected}, such as the network.pt of a run.")
    if not path.is_file():
        raise InputError(f"{path} is missing: expected {expected}.")
    try:
        if path.suffix == ".safetensors":
            state: Any = read_safetensors(path, expected)[0]
        else:
            state = torch.load(path, "cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # readers have many kinds of errors of their own, which all say this
        raise InputError(f"{path} is damaged or another kind of file: expected {expected}.") from error
    for key in _INSIDE:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path} is another kind of file: expected {expected}.")
    return {name.removeprefix("module."): value for name, value in state.items()}
