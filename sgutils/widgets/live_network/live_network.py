"""The network with switches: two trained networks, asked in the page or, where there is a kernel, by PyTorch."""

import gzip
from functools import cache

import traitlets

from ...errors import InputError
from ...folders import data_folder
from ..explorable import Explorable, Setting, one_of, whole_number

NETWORKS = ("self-guidance", "baseline")
BLOCKS = 9
SIDE = 28
# A drawing is half a byte a pixel, in base64.
DRAWING = 4 * -(-SIDE * SIDE // 2 // 3)


def _gates(value):
    return (
        value if value == "p" or (isinstance(value, str) and len(value) == BLOCKS and not value.strip("01")) else None
    )


class LiveNetwork(Explorable, module="live_network"):
    """Switch the blocks of a trained network, and see its prediction, its divergence and its test error change.

    `network` is the one on show, `gates` its blocks ("110111011", or "p" for the survival probabilities, which make the
    teacher), `image` counts the images on offer, and `drawing` holds what was drawn instead ("" for nothing). What shows
    before anything is computed comes from `recording`, which `sgutils.widgets.recorders.live_network` wrote.
    """

    network = one_of(*NETWORKS)
    gates = Setting(f"'p' or a string of {BLOCKS} zeros and ones", _gates)
    image = whole_number(0, 1000)
    drawing = Setting(
        f"'' or the {DRAWING} letters of a drawing made in the picture",
        lambda value: value if isinstance(value, str) and len(value) in (0, DRAWING) else None,
    )
    recording = Setting(
        "a recording made by sgutils.widgets.recorders.live_network",
        lambda value: value if isinstance(value, dict) else None,
    )
    # Tells the picture that there is somebody to ask; the static page has no such trait.
    kernel = traitlets.Bool(True, read_only=True).tag(sync=True)

    def __init__(self, **state):
        super().__init__(**state)
        self.on_msg(self._hear)

    def _hear(self, widget, content, buffers):
        reply = {"id": content.get("id")}
        try:
            reply["answer"] = answer(content, self.recording)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reply["failed"] = str(error)
        self.send(reply)


def answer(question, recording):
    """What a network says to a question of the picture, as JSON values.

    A question names the ``network`` and its ``gates``, and is of one of two kinds: ``"logits"`` of one image, given as
    ``pixels``, or how many of ``count`` test images, the first of them number ``start``, are classified ``"wrong"``.

    Raises:
        InputError: if the question makes no sense, or the networks that ship with the book cannot be read.
    """
    import torch

    ask, name, gates, pixels, start, count = (
        question.get(key) for key in ("ask", "network", "gates", "pixels", "start", "count")
    )
    if name not in NETWORKS:
        raise InputError(f"There is no network {name!r} here: expected one of {', '.join(NETWORKS)}.")
    if _gates(gates) is None:
        raise InputError(f"gates must be 'p' or a string of {BLOCKS} zeros and ones, not {gates!r}.")
    if ask == "logits":
        if not (
            isinstance(pixels, list) and len(pixels) == SIDE * SIDE and all(_whole(value, 0, 255) for value in pixels)
        ):
            raise InputError(f"An image is a list of {SIDE * SIDE} whole numbers from 0 to 255.")
        images = torch.tensor(pixels, dtype=torch.uint8).view(1, 1, SIDE, SIDE)
    elif ask == "wrong":
        tests, labels = _test_set()
        if not (_whole(start, 0, len(tests) - 1) and _whole(count, 1, len(tests) - start)):
            raise InputError(f"There are {len(tests)} test images, not {count!r} from number {start!r} on.")
        images, labels = tests[start : start + count], labels[start : start + count]
    else:
        raise InputError(f"A question asks for 'logits' or 'wrong', not {ask!r}.")
    values = [float(gate) for gate in (recording["survival"] if gates == "p" else gates)]
    with torch.no_grad():
        logits = _network(name)((images.float() - recording["mean"]) / recording["std"], values)
    return (
        int((logits.argmax(dim=1) != labels).sum())
        if ask == "wrong"
        else [round(value, 5) for value in logits[0].tolist()]
    )


def _whole(value, low, high):
    return isinstance(value, int) and low <= value <= high


@cache
def _network(name):
    from ...networks.saved import load_network

    return load_network(data_folder() / "networks" / f"{name}.pt").eval()


@cache
def _test_set():
    import torch

    content = bytearray(gzip.decompress((data_folder() / "networks" / "test-set.gz").read_bytes()))
    count = len(content) // (1 + SIDE * SIDE)
    values = torch.frombuffer(content, dtype=torch.uint8)
    return values[count:].view(count, 1, SIDE, SIDE), values[:count].long()
