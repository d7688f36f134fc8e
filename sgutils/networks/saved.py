"""Networks on disk: architecture, weights, and what a network must be given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from ..checks import path_of, shown
from ..drawing import global_generator
from ..errors import InputError
from ..files import read_state, reraise_as_input_error, save_state
from .gated import GatedModel
from .registry import network_of

if TYPE_CHECKING:
    from ..data import Inputs

A_NETWORK = "the network.pt of a finished run"
# Of a network's file. 1: the first, without this number: architecture and weights. 2: with what it must be given.
SCHEMA = 2


def save_network(path: str | Path, net: nn.Module, inputs: Inputs | None = None) -> None:
    """Write a network: its architecture, its weights and, where they are known, what it must be given.

    Raises:
        InputError: if the file cannot be written.
    """
    path = path_of("path", path)
    if not isinstance(net, nn.Module):
        raise InputError(f"net must be a torch module, not {shown(net)}.")
    state = {
        "schema": SCHEMA,
        "architecture": getattr(net, "architecture", None),
        "weights": net.state_dict(),
        "inputs": None if inputs is None else inputs.as_dict(),
    }
    save_state(path, state)


def load_network(path: str | Path) -> nn.Module:
    """Read what `save_network` wrote.

    Returns:
        The network in eval mode, ready to be used. It has gates, all 1; but where gates were folded that no layer could
        take, it is the folded network.

    Raises:
        InputError: if there is no such file, it is damaged or another kind of file, or of a network that has no name.
    """
    state = read_network(path)
    if state["architecture"] is None:
        raise InputError(
            f"{path} is of a network that only its owner can build: use load_state_dict with the file's 'weights'."
        )
    with reraise_as_input_error(path, A_NETWORK):
        return with_weights(state["architecture"], state["weights"])


def with_weights(architecture: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    """The network that these describe, as `load_network` gives it."""
    with global_generator():
        net: Any = network_of(architecture, weights)
    for name, own in net.state_dict().items():
        if name in weights and weights[name].is_floating_point() != own.is_floating_point():
            raise InputError(f"{name} holds numbers of {weights[name].dtype}, not {own.dtype}.")
    if isinstance(net, GatedModel):
        return net.folded_again(weights).eval()
    net.load_state_dict(weights)
    return net.eval()


def load_exactly(net: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load a state dict, of which nothing is converted: numbers of another kind are not what was saved.

    Raises:
        InputError: if a tensor is of another kind.
        RuntimeError: if it is of another network.
    """
    for name, value in net.state_dict().items():
        if name in weights and weights[name].dtype != value.dtype:
            raise InputError(f"{name} holds numbers of {weights[name].dtype}, not {value.dtype}.")
    net.load_state_dict(weights)


def read_network(path: str | Path) -> dict:
    """What stands in the file of a network.

    Raises:
        InputError: if there is no such file, or it is damaged or another kind of file.
    """
    path = path_of("path", path)
    if path.suffix == ".safetensors":
        raise InputError(
            f"{path} is not {A_NETWORK}: a network that the page saved is read by `sgutils evaluate`, `predict` and `export`."
        )
    state = read_state(path, {"architecture", "weights"}, A_NETWORK)
    schema = state.get("schema", 1)
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise InputError(
            f"{path} is of form {shown(schema)}, and this version of sgutils reads forms 1 to {SCHEMA}: install the version that wrote it."
        )
    return state
