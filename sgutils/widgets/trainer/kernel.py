"""The trainer's other engine: PyTorch in the kernel, told and telling what the worker of the page is and does.

`worker.js` is the same in JavaScript; the messages are described there. What weighs much travels beside a message, as its
buffers: ``pixels`` of ``ready``, ``features`` of ``look``, and a ``file``.
"""

import json
import queue
import threading
import time

import numpy as np
import torch
from safetensors.torch import save

from ...data import load_dataset
from ...data.loader import loaders
from ...errors import InputError
from ...features import linear_cka
from ...gates import linear_decay, sample_gates
from ...methods import Baseline, SelfGuidance, StochasticDepth
from ...networks import ResNet
from ...networks.modes import evaluating
from .make_engine import networks

BATCH = 64
DATA = {"fashion-mnist": {"image_size": 14, "test_examples": 1000}, "digits": {}}
MAP_IMAGES, STUDENTS, LONGEST_HISTORY = 80, 4, 240
# Seconds between frames and between looks; looks at errors and features take no more than a third of the time.
FRAME, SELDOM, SHARE = 0.1, 1.0, 3
# A page that was closed sees nothing: after this many frames that none has seen, the training waits for one that does.
UNSEEN = 100


class Lane(threading.Thread):
    """Obeys what a page wishes of one training, in a thread of its own. `hear(wish)` returns at once.

    Args:
        tell: called with a message, a dict of JSON values, and a list of buffers.
    """

    def __init__(self, tell):
        super().__init__(name="sgutils-trainer", daemon=True)
        self.tell = tell
        self.wishes: queue.Queue = queue.Queue()
        self.training: Training | None = None
        self.playing, self.up_to, self.unseen = False, None, 0
        self.told = 0.0

    def hear(self, wish):
        self.wishes.put(wish)

    def run(self):
        while True:
            try:
                wish = self.wishes.get(block=not self._goes())
            except queue.Empty:
                wish = None
            if wish == {"close": True}:
                return
            run = wish["start"]["run"] if wish and "start" in wish else getattr(self.training, "run", None)
            try:
                if wish is not None:
                    self._obey(wish)
                elif self.training is not None:
                    self._advance(self.training)
            except Exception as error:
                self.training, self.playing = None, False
                self.tell({"run": run, "failed": str(error).strip() or type(error).__name__}, [])

    def _goes(self):
        training = self.training
        if training is None or not self.playing or training.failed or self.unseen > UNSEEN:
            return False
        return self.up_to is None or training.steps < self.up_to

    def _obey(self, wish):
        if "seen" in wish:
            self.unseen = 0
            return
        if "start" in wish:
            self.playing, self.up_to, self.unseen = False, None, 0
            self.training = Training(**wish["start"])
            self.tell(*self.training.ready())
            self.tell(*self.training.look())
        elif self.training is None:
            return
        training = self.training
        training.settings = wish.get("settings", training.settings)
        training.by_hand = wish.get("gates", training.by_hand)
        self.playing = wish.get("play", self.playing)
        self.up_to = wish.get("upTo", self.up_to)
        for _ in range(wish.get("steps", 0)):
            if not training.failed:
                training.step()
        if "save" in wish:
            self.tell({"run": training.run, "id": wish["save"], "file": True}, [training.file()])
        if not self.playing and wish.keys() & {"gates", "steps", "settings", "play"}:
            self.tell(*training.look())
        self._report(training)

    def _advance(self, training):
        training.step()
        now = time.monotonic()
        if training.failed:
            self.playing = False
        if training.failed or now - training.looked_at > max(SELDOM, SHARE * training.cost):
            self.tell(*training.look())
        if training.failed or now - self.told > FRAME or not self._goes():
            self._report(training)

    def _report(self, training):
        self.told = time.monotonic()
        self.unseen += 1
        self.tell({"run": training.run, "frame": training.frame() | {"playing": self.playing}}, [])


class Training:
    """A network that trains step by step; settings may change between two steps.

    Args:
        run: a number by which the page knows it.
        data, network, seed: what it begins with, by the page's names.
        settings: method, lam, tau, p_last, lr and statistics, for the next step.
    """

    def __init__(self, *, run, data, network, seed, settings, **_):
        self.run, self.data, self.network, self.settings = run, data, network, settings
        self.dataset = load_dataset(data, **DATA[data])
        self.train, self.test = loaders(self.dataset, batch_size=BATCH, augment=False, seed=8 * seed + 2)
        self.batches = self._endless()
        self.device = self.test.x.device
        with torch.random.fork_rng():
            torch.manual_seed(8 * seed + 1)
            self.net = ResNet(**networks()[network]["architecture"]).to(self.device).train()
        parameters = list(self.net.parameters())
        for parameter in parameters:  # a skipped block has a gradient, too: 0
            parameter.grad = torch.zeros_like(parameter)
        self.optimizer = torch.optim.SGD(parameters, lr=0.0, momentum=0.9, weight_decay=1e-4, nesterov=True)
        self.draws, self.curious = (torch.Generator().manual_seed(8 * seed + n) for n in (3, 4))
        self.test_x = self.test.normalizer(self.test.x).contiguous(memory_format=torch.channels_last)
        labels, kept = self.test.y.tolist(), dict.fromkeys(range(self.dataset.num_classes), 0)
        self.shown = []
        for i, label in enumerate(labels):  # the first images of each class, in turn
            if kept[label] < MAP_IMAGES // len(kept):
                self.shown.append(i)
            kept[label] += 1
        self.steps, self.losses, self.by_hand, self.failed, self.history = 0, None, None, False, []
        self.gates = self._drawn()
        self.looked_at = self.cost = self.spent = self.counted = 0.0

    def step(self):
        began = time.monotonic()
        x, y = next(self.batches)
        if self.steps > 0:
            self.gates = self._drawn()
        method = self._method()
        losses = method(x, y)
        self.optimizer.zero_grad(set_to_none=False)
        losses["total"].backward()
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings["lr"]
        self.optimizer.step()
        self.losses = self._named({name: float(value.detach()) for name, value in losses.items()})
        self.failed = not np.isfinite(self.losses["total"])
        self.steps += 1
        self.spent += time.monotonic() - began
        self.counted += len(y)

    def ready(self):
        """What the page is told when it may begin, and the pixels of the images of the map."""
        pixels = self.dataset.test_x[self.shown].numpy().tobytes()
        ready = {
            "engine": "cuda" if self.device.type == "cuda" else "torch",
            "blocks": self.net.num_blocks,
            "parameters": sum(parameter.numel() for parameter in self.net.parameters()),
            "epoch": len(self.train.y) / BATCH,
            "labels": [int(self.dataset.test_y[i]) for i in self.shown],
        }
        return {"run": self.run, "ready": ready}, [pixels]

    def frame(self):
        rate = self.counted / self.spent if self.spent > 0 else 0.0
        # The rate is of the last moments.
        self.spent, self.counted = self.spent / 2, self.counted / 2
        losses = self.losses and {k: v if np.isfinite(v) else None for k, v in self.losses.items()}
        frame = {"steps": self.steps, "losses": losses, "gates": self.gates.tolist(), "p": self._p().tolist()}
        return frame | {"rate": rate, "failed": self.failed}

    @torch.no_grad()
    def look(self):
        """Errors on the test images, of teacher and student, and how alike they see them; answers and features for the map."""
        began = time.monotonic()
        with evaluating(self.net):
            teacher, seen_by_teacher = self._view(self._deployed())
            student, seen_by_student = self._view(self.gates if self.by_hand is None else torch.tensor(self.by_hand))
            if not self.history or self.history[-1][0] != self.steps:
                self.history.append([self.steps, teacher["error"], self._error_of_students()])
        if len(self.history) > LONGEST_HISTORY:
            self.history = self.history[::2]
        features = torch.cat([seen_by_teacher[self.shown], seen_by_student[self.shown]]).float().cpu().numpy()
        finite = bool(np.isfinite(features).all())
        look = {"steps": self.steps, "history": list(self.history), "teacher": teacher, "student": student}
        look |= {"cka": _cka(seen_by_teacher, seen_by_student), "components": features.shape[1]}
        self.looked_at = time.monotonic()
        self.cost = self.looked_at - began
        return {"run": self.run, "look": look}, [features.tobytes()] if finite else []

    def file(self):
        """The network as a safetensors file, of the same form as the page's."""
        normalizer = self.test.normalizer
        texts = {
            "format": "pt",
            "architecture": json.dumps(networks()[self.network]["architecture"]),
            "gates": json.dumps(self._deployed().tolist()),
            "dataset": self.data,
            "image_size": str(self.test.x.shape[-1]),
            "mean": str(normalizer.mean.item()),
            "std": str(normalizer.std.item()),
            "test_examples": str(len(self.test.y)),
            "steps": str(self.steps),
            "method": self.settings["method"],
        }
        weights = {name: value for name, value in self.net.state_dict().items() if value.is_floating_point()}
        return save({name: value.cpu().contiguous() for name, value in weights.items()}, texts)

    def _endless(self):
        while True:
            for x, y in self.train:
                if len(y) == BATCH:
                    yield x, y

    def _p(self):
        return linear_decay(self.net.num_blocks, self.settings["p_last"])

    def _drawn(self):
        return sample_gates(self._p(), generator=self.draws)

    def _deployed(self):
        return torch.ones(self.net.num_blocks) if self.settings["method"] == "baseline" else self._p()

    def _method(self):
        """The method of this step, around the network; its student is the one that was drawn here."""
        name, p_last = self.settings["method"], self.settings["p_last"]
        if name == "baseline":
            return Baseline(self.net)
        method: StochasticDepth | SelfGuidance
        if name == "stochastic-depth":
            method = StochasticDepth(self.net, p_last=p_last)
        else:
            method = SelfGuidance(
                self.net,
                lam=self.settings["lam"],
                tau=self.settings["tau"],
                p_last=p_last,
                bn_statistics=self.settings["statistics"],
                backward_full=name == "self-guidance",
            )
        method.students.captured_gates = self.gates
        return method

    def _named(self, losses):
        """The terms of a loss by the page's names; the cross-entropy that is all of a loss is that of who makes the pass."""
        own = {"baseline": "ceTeacher", "stochastic-depth": "ceStudent"}.get(self.settings["method"])
        if own is not None:
            return {"ceStudent": 0.0, "ceTeacher": 0.0, "distill": 0.0} | {
                own: losses["total"],
                "total": losses["total"],
            }
        terms = {"ceStudent": "ce_student", "ceTeacher": "ce_teacher", "distill": "distill", "total": "total"}
        return {key: losses.get(term, 0.0) for key, term in terms.items()}

    def _view(self, gates):
        features = self.net.features(self.test_x, gates)
        logits = self.net.classifier(features)
        wrong = (logits.argmax(dim=1) != self.test.y).float().mean().item()
        sure, said = logits[self.shown].softmax(dim=1).max(dim=1)
        view = {"gates": gates.tolist(), "error": wrong, "said": said.tolist(), "sure": sure.nan_to_num().tolist()}
        return view, features

    def _error_of_students(self):
        """The mean of a few students that are drawn for it, each on its share of the test images."""
        wrong = 0
        for x, y in zip(self.test_x.tensor_split(STUDENTS), self.test.y.tensor_split(STUDENTS), strict=True):
            gates = sample_gates(self._p(), generator=self.curious)
            wrong += (self.net(x, gates).argmax(dim=1) != y).sum().item()
        return wrong / len(self.test.y)


def _cka(teacher, student):
    """Linear CKA, or None where the features of one are all alike or no numbers."""
    try:
        return linear_cka(teacher.float(), student.float())
    except InputError:
        return None
