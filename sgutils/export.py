"""A trained network as an ONNX graph whose gates are an input: student, teacher and plain network in one file."""

import io
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from .checks import shown
from .data import Inputs, load_inputs
from .errors import InputError
from .files import reraise_as_input_error, write_atomically
from .gates import gate_list, linear_decay
from .networks import GatedNetwork, check_gated, check_takes, evaluating, network_of
from .networks.saved import load_exactly, load_network
from .page_network import SUFFIX, load_saved_network
from .training.checkpoint import A_CHECKPOINT, load_checkpoint
from .training.config import Config
from .training.runs import CHECKPOINT, NETWORK


def export_onnx(
    net: GatedNetwork,
    out: str | Path,
    *,
    example: Tensor | None = None,
    inputs: Inputs | None = None,
    gates: Sequence[float] | None = None,
) -> None:
    """Write a network, in its test mode, as ONNX; whole, or not at all.

    The graph has the inputs ``images``, ``(N, C, H, W)`` normalised as in training, and ``gates``, ``(L,)``; its output is
    ``logits``, ``(N, K)``. Every block is in it: a gate of 0 multiplies its branch away, which gives the numbers of the
    student that skips it.

    Args:
        net: a gated network; it is left as it is.
        out: the file.
        example: ``(N, C, H, W)`` images that the network takes; the graph then takes any number of this size. None takes
            the size that the network was built for, or, of one that takes any, leaves H and W free.
        inputs: normalisation, image size and class names, for the file's metadata: JSON lists ``mean`` and ``std`` (of
            pixels from 0 to 255), ``size`` (H, W) and ``classes``.
        gates: those of the network that is deployed, likewise for the metadata.

    Raises:
        InputError: if the package onnx is not installed, the file cannot be written, the network does not take the
            example, takes another way for other images, or the inputs or gates are not this network's.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(
            "Writing ONNX needs the package onnx: install it with pip install 'sgutils[export]'."
        ) from error
    check_gated(net)
    weight = next(cast(nn.Module, net).parameters())  # the inputs are of its precision, and on its device
    side = (getattr(net, "architecture", None) or {}).get("image_size")
    if example is None and side is not None:
        example = torch.zeros(2, image_channels(net), side, side)
    images = torch.zeros(2, image_channels(net), 32, 32) if example is None else example
    arguments = images.to(weight), weight.new_ones(net.num_blocks)
    classes = check_takes(net, arguments[0], "give an example of what it takes")
    if inputs is not None:
        _check_inputs(inputs, images.shape[1], classes)
    texts: dict[str, Any] = {} if inputs is None else inputs.as_dict()
    texts |= {} if gates is None else {"gates": [float(gate) for gate in gate_list(gates, net.num_blocks)]}
    graph = _traced(net, arguments, any_size=example is None)
    model = onnx.load_model_from_string(graph)
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in texts.items()})
    onnx.checker.check_model(model, full_check=True)
    write_atomically(Path(out), model.SerializeToString())


def _check_inputs(inputs: Inputs, channels: int, classes: int) -> None:
    """What the metadata say must be true of the graph: nobody who reads them can look."""
    if not isinstance(inputs, Inputs):
        raise InputError(f"inputs must be what sgutils.load_inputs gives, not {shown(inputs)}.")
    if len(inputs.mean) != channels or len(inputs.classes) not in (0, classes):
        raise InputError(
            f"The inputs are of {len(inputs.mean)} channels and {len(inputs.classes)} classes, and the network takes {channels} "
            f"channels and knows {classes} classes: give those that it was trained with."
        )


def image_channels(net: GatedNetwork) -> int:
    """C of the images that the network takes: what its first convolution does."""
    convolutions = (module for module in cast(nn.Module, net).modules() if isinstance(module, nn.Conv2d))
    first = next(convolutions, None)
    if first is None:
        raise InputError(f"{type(net).__name__} has no convolution: give an example of what it takes.")
    return first.in_channels


def _traced(net: GatedNetwork, arguments: tuple[Tensor, Tensor], any_size: bool) -> bytes:
    """The graph of the network for any number of images: of these, and of other sizes where it takes ``any_size``."""
    graph = io.BytesIO()
    with evaluating(net), warnings.catch_warnings(), _attention_in_parts():
        # The newer exporter needs one more package and the thirtyfold time, and writes this machine's paths into the file;
        # the older one warns that it is the older one.
        warnings.simplefilter("ignore")
        _check_one_way(net, arguments, any_size)
        torch.onnx.export(
            cast(nn.Module, net),
            arguments,
            cast(Any, graph),  # the older exporter writes to anything that takes bytes
            input_names=["images", "gates"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "N"} | ({2: "H", 3: "W"} if any_size else {}), "logits": {0: "N"}},
            dynamo=False,
        )
    return graph.getvalue()


@torch.no_grad()
def _check_one_way(net: GatedNetwork, arguments: tuple[Tensor, Tensor], any_size: bool) -> None:
    """An `InputError` where a graph, which holds one way through the network, computes something else for other images."""
    images, gates = arguments
    graph = torch.jit.trace(cast(nn.Module, net), arguments, check_trace=False)
    draws = torch.Generator().manual_seed(0)
    _, channels, *size = images.shape
    for count, height, width in ((1, *size), (3, *size), (2, size[0] + 8 * any_size, size[1] + 8 * any_size)):
        for sign in (1, -1):
            others = (sign * (1 + torch.randn(count, channels, height, width, generator=draws))).to(images)
            expected = net(others, gates / 2)
            if not torch.allclose(
                graph(others, gates / 2), expected, rtol=1e-2, atol=1e-2 * float(expected.abs().max())
            ):
                raise InputError(
                    f"{type(net).__name__} takes another way for other images, for another number of them or for another size (such "
                    "as by an if that looks at them), and an ONNX file holds one way: write that part without a choice."
                )


@contextmanager
def _attention_in_parts() -> Iterator[None]:
    """Torch's own attention is one kernel in eval mode, for which ONNX has no operator."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def trained_network(source: str | Path) -> tuple[GatedNetwork, list[float] | None]:
    """The network of a run as it was trained: its gates not folded in, wherever that can still be had.

    Args:
        source: a run's folder, a ``network.pt``, or a network that the page saved.

    Returns:
        The network, and the survival probabilities p, which as gates make it the teacher; None where the network has
        none, because it was trained without gates or because p is folded into it.

    Raises:
        InputError: if there is no usable network.
    """
    source = Path(source)
    if source.suffix == SUFFIX:
        saved = load_saved_network(source)
        return saved.net, None if set(saved.gates) == {1.0} else saved.gates
    if not source.is_dir():
        return _gated(load_network(source)), None
    if not (source / CHECKPOINT).exists():
        return _gated(load_network(source / NETWORK)), None
    state = load_checkpoint(source / CHECKPOINT)
    with reraise_as_input_error(source / CHECKPOINT, A_CHECKPOINT):
        config = Config.from_dict(state["config"])
        weights = {name[4:]: value for name, value in state["trainer"]["method"].items() if name.startswith("net.")}
        if weights:
            net = cast(
                nn.Module, network_of(state.get("architecture") or _of_ours(config.model, weights), weights)
            ).eval()
            load_exactly(net, weights)
    if not weights:
        return _gated(load_network(source / NETWORK)), None  # several networks were trained: the one that is deployed
    p_last, scaled_in_training = config.options.get("p_last"), config.options.get("scaling") == "train"
    gated = _gated(net)
    return gated, None if p_last is None or scaled_in_training else linear_decay(gated.num_blocks, p_last).tolist()


def inputs_of(source: str | Path) -> Inputs:
    """What the network of a run must be given: normalisation, image size and class names.

    Args:
        source: a run's folder, a ``network.pt``, or a network that the page saved.

    Raises:
        InputError: if there is no usable file, or it is of an older version, which does not say.
    """
    source = Path(source)
    if source.suffix == SUFFIX:
        return load_saved_network(source).inputs()
    if not source.is_dir() or not (source / CHECKPOINT).exists():
        return load_inputs(source / NETWORK if source.is_dir() else source)
    state = load_checkpoint(source / CHECKPOINT)
    if state.get("inputs") is None:
        raise InputError(
            f"{source / CHECKPOINT} does not say how its images were normalised: it is of an older version."
        )
    with reraise_as_input_error(source / CHECKPOINT, A_CHECKPOINT):
        return Inputs.from_dict(state["inputs"])


def deployed_network(source: str | Path) -> nn.Module:
    """The ordinary network that a run deploys, in eval mode: its gates folded in.

    Args:
        source: a run's folder, finished or not, a ``network.pt``, or a network that the page saved.

    Raises:
        InputError: if there is no usable network.
    """
    source = Path(source)
    if source.suffix != SUFFIX:
        if not source.is_dir():
            return load_network(source)
        if (source / NETWORK).exists():
            return load_network(source / NETWORK)
    net, p = trained_network(source)
    return cast(nn.Module, net) if p is None else net.fold(p).eval()


def _of_ours(model: str, weights: dict[str, Tensor]) -> dict:
    """The architecture of a network whose checkpoint does not name it, as those of the first version."""
    in_channels, num_classes = weights["stem.0.weight"].shape[1], len(weights["classifier.bias"])
    return {"model": model, "in_channels": in_channels, "num_classes": num_classes}


def _gated(net: nn.Module) -> GatedNetwork:
    if not isinstance(net, GatedNetwork):
        raise InputError(
            f"{type(net).__name__} keeps its gates as constants, which cannot be an input: export the folder of its run."
        )
    return net
