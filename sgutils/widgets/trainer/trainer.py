"""The trainer: a real gated network that trains in the page, on the reader's own processor or graphics processor."""

import json
from pathlib import Path

import traitlets

from ..explorable import Explorable, Setting, gate_string, number, one_of, switch, whole_number
from ..methods import METHODS
from .images import fashion_mnist

NETWORKS = tuple(json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")))


class Trainer(Explorable, module="trainer"):
    """Train a ResNet on Fashion-MNIST or digits, in the page or in the kernel, and turn lambda, tau and p_L while it trains.

    `data`, `network`, `engine` and `seed` are what a training begins with ("wasm" and "webgpu" run in the page, "auto" is
    PyTorch where there is a kernel and the faster of the two where there is none);
    `method`, `lam`, `tau`, `p_last`, `lr` and `statistics` (whose pass moves the running statistics of batch norm, "teacher"
    or "both") act on its next step. With `compare` two train side by side from the same weights, on the same batches, the
    second one with the settings that begin with `b_`; `edit` says which of them ("A" or "B") is shown and set. `gates` is a
    student chosen by hand ("" for the ones that are drawn), `image` one of the images on the map, `color` what its colours tell
    apart ("class" or "network"), and `moment` a place in the `recording`, which `book/_tools/record_trainer.py` wrote.
    """

    data = one_of("fashion-mnist", "digits")
    network = one_of(*NETWORKS)
    method = one_of(*METHODS)
    lam = number(0, 3)
    tau = number(1, 10)
    p_last = number(0, 1)
    lr = number(0.001, 0.5)
    statistics = one_of("teacher", "both")
    compare = switch()
    b_method = one_of(*METHODS)
    b_lam = number(0, 3)
    b_tau = number(1, 10)
    b_p_last = number(0, 1)
    b_lr = number(0.001, 0.5)
    b_statistics = one_of("teacher", "both")
    edit = one_of("A", "B")
    engine = one_of("auto", "wasm", "webgpu")
    seed = whole_number(0, 99)
    moment = whole_number(0, 1000)
    image = whole_number(0, 499)
    color = one_of("class", "network")
    gates = gate_string(64)
    recording = Setting(
        "a recording made by book/_tools/record_trainer.py",
        lambda value: value if isinstance(value, dict) else None,
    )
    # Tells the picture that there is somebody to train and to ask for the images; the static page has no such trait.
    kernel = traitlets.Bool(True, read_only=True).tag(sync=True)

    def __init__(self, **state):
        self._lanes = {}  # first of all: `close` asks for them, also of one whose settings are refused
        super().__init__(**state)
        self.on_msg(self._hear)

    def close(self):
        for lane in self._lanes.values():
            lane.hear({"close": True})
        super().close()

    def _hear(self, widget, content, buffers):
        if content.get("ask") == "images":
            self.send({"images": True}, buffers=[fashion_mnist()])
        elif "wish" in content:
            self._wish(content["lane"], content["wish"])

    def _wish(self, name, wish):
        """Pass on what a page wishes of one of its trainings with PyTorch, which begins with its first wish."""
        if name not in self._lanes and "start" in wish:
            from .kernel import Lane  # with torch, which only a training needs

            self._lanes[name] = Lane(lambda told, parts: self.send({"lane": name, "told": told}, buffers=parts))
            self._lanes[name].start()
        if name in self._lanes:
            self._lanes[name].hear(wish)
        if "close" in wish:
            self._lanes.pop(name, None)
