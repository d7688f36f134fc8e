"""A trained network as an ONNX graph whose gates are an input: student, teacher and plain network in one file."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from .errors import InputError
from .gates import linear_decay
from .networks import MODELS, ResNet
from .training.checkpoint import A_CHECKPOINT, load_checkpoint, load_network, understood
from .training.config import Config
from .training.runs import CHECKPOINT, NETWORK


class GatedGraph(nn.Module):
    """``(images, gates) -> logits`` as one graph in which every block is computed.

    The network itself leaves out the blocks whose gate is 0, and so draws another graph for each student; here a gate of
    0 multiplies its branch away, which gives the same numbers.
    """

    def __init__(self, net: ResNet):
        super().__init__()
        self.net = net

    def forward(self, images: Tensor, gates: Tensor) -> Tensor:
        h = self.net.stem(images)
        for block, gate in zip(self.net.blocks, gates.unbind()):
            h = block(h, gate)
        return self.net.classifier(h.mean(dim=(2, 3)))


def export_onnx(net: ResNet, out: str | Path) -> None:
    """Write a network, in its test mode, as ONNX.

    The graph has the inputs ``images``, ``(N, C, H, W)`` normalised as in training, any N, H and W, and ``gates``, ``(L,)``;
    its output is ``logits``, ``(N, K)``.

    Args:
        net: it is left as it is.
        out: the file.

    Raises:
        InputError: if the package onnx is not installed or the file cannot be written.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(
            "Writing ONNX needs the package onnx: install it with pip install 'sgutils[export]'."
        ) from error
    training = net.training
    weight = net.stem[0].weight  # the inputs are of its precision, and on its device
    example = weight.new_zeros(2, net.stem[0].in_channels, 32, 32), weight.new_ones(net.num_blocks)
    free = {0: "N", 2: "H", 3: "W"}
    try:
        with warnings.catch_warnings():
            # The newer exporter needs one more package and the thirtyfold time, and writes this machine's paths into
            # the file; the older one warns that it is the older one.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                GatedGraph(net).eval(),
                example,
                str(out),
                input_names=["images", "gates"],
                output_names=["logits"],
                dynamic_axes={"images": free, "logits": {0: "N"}},
                dynamo=False,
            )
        onnx.checker.check_model(str(out), full_check=True)
    except OSError as error:
        raise InputError(f"Cannot write {out} ({error.strerror}): choose a folder that you may write to.") from error
    finally:
        net.train(training)


def trained_network(source: str | Path) -> tuple[ResNet, list[float] | None]:
    """The network of a run as it was trained: its gates not folded in, wherever that can still be had.

    Args:
        source: a run's folder, or a ``network.pt``.

    Returns:
        The network, and the survival probabilities p, which as gates make it the teacher; None where the network has
        none, because it was trained without gates or because p is folded into it.

    Raises:
        InputError: if there is no usable network.
    """
    source = Path(source)
    if not source.is_dir():
        return load_network(source), None
    if not (source / CHECKPOINT).exists():
        return load_network(source / NETWORK), None
    state = load_checkpoint(source / CHECKPOINT)
    with understood(source / CHECKPOINT, A_CHECKPOINT):
        config = Config(**state["config"])
        weights = {name[4:]: value for name, value in state["trainer"]["method"].items() if name.startswith("net.")}
        if weights:
            in_channels, num_classes = weights["stem.0.weight"].shape[1], len(weights["classifier.bias"])
            net = MODELS[config.model](num_classes=num_classes, in_channels=in_channels).eval()
            net.load_state_dict(weights)
    if not weights:
        return load_network(source / NETWORK), None  # several networks were trained: the one that is deployed
    p_last = config.options.get("p_last")
    return net, None if p_last is None else linear_decay(net.num_blocks, p_last).tolist()
