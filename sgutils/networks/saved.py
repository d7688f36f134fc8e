"""Networks on disk: architecture, weights, and what a network must be given."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..data.inputs import Inputs
from ..errors import InputError
from ..files import read_state, reraise_as_input_error, write_file
from .gated import GatedModel
from .registry import network_of

A_NETWORK = "the network.pt of a finished run"
# Of a network's file. 1: the first, without this number: architecture and weights. 2: with what it must be given.
SCHEMA = 2


def save_network(path: str | Path, net: nn.Module, inputs: Inputs | None = None) -> None:
    """Write a network: its architecture, its weights and, where they are known, what it must be given.

    Raises:
        InputError: if the file cannot be written.
    """
    state = {
        "schema": SCHEMA,
        "architecture": getattr(net, "architecture", None),
        "weights": net.state_dict(),
        "inputs": None if inputs is None else inputs.as_dict(),
    }
    write_file(Path(path), lambda file: torch.save(state, file))


def load_network(path: str | Path) -> nn.Module:
    """Read what `save_network` wrote.

    Returns:
        The network in eval mode, ready to be used. It has gates, all 1; but where gates were folded that no layer could
        take, it is the folded network.

    Raises:
        InputError: if there is no such file, it is damaged or another kind of file, or of a network that has no name.
    """
    state = _load_network(path)
    if state["architecture"] is None:
        raise InputError(
            f"{path} is of a network that only its owner can build: use load_state_dict with the file's 'weights'."
        )
    with reraise_as_input_error(path, A_NETWORK):
        return with_weights(state["architecture"], state["weights"])


def with_weights(architecture: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    """The network that these describe, as `load_network` gives it."""
    with torch.random.fork_rng(devices=[]):
        net: Any = network_of(architecture, weights)
    if isinstance(net, GatedModel):
        return net.folded_again(weights).eval()
    net.load_state_dict(weights)
    return net.eval()


def load_inputs(path: str | Path) -> Inputs:
    """What the network in this file must be given: normalisation, image size and class names.

    Raises:
        InputError: if there is no such file, it is damaged or another kind of file, or it does not say.
    """
    state = _load_network(path)
    if state.get("inputs") is None:
        raise InputError(
            f"{path} does not say how its images were normalised or what its classes are called: it is of an older version, "
            "or was saved without."
        )
    with reraise_as_input_error(path, A_NETWORK):
        return Inputs.from_dict(state["inputs"])


def _load_network(path: str | Path) -> dict:
    return read_state(Path(path), {"architecture", "weights"}, A_NETWORK)
