"""The trainer's engine in the kernel: it obeys and tells as the page's worker does, and its steps are those of `sgutils`."""

import copy
import time

import numpy as np
import pytest
import torch

import sgutils as sg
from sgutils.features import linear_cka, penultimate
from sgutils.page_network import load_saved_network
from sgutils.widgets.trainer.kernel import UNSEEN, Lane, Training

SETTINGS = {"method": "self-guidance", "lam": 0.25, "tau": 3.0, "p_last": 0.5, "lr": 0.05, "statistics": "teacher"}
START = {"run": 1, "data": "digits", "network": "resnet8-narrow", "seed": 3, "settings": SETTINGS}


@pytest.fixture
def lane():
    told = []
    lane = Lane(lambda message, parts: told.append((message, parts)))
    lane.start()
    lane.all = told
    yield lane
    lane.hear({"close": True})
    lane.join(timeout=240)
    assert not lane.is_alive()


def wait(lane, kind, holds=lambda told: True):
    """The first message of a kind of which something holds, with its buffers."""
    for _ in range(240_000 // 5):
        for message, parts in list(lane.all):
            if kind in message and holds(message[kind]):
                return message[kind], parts
        time.sleep(0.005)
    raise AssertionError(f"The training never told such a {kind}.")


def test_it_tells_what_the_page_paints(lane, tmp_path):
    lane.hear({"start": START})
    lane.hear({"steps": 3})
    ready, pixels = wait(lane, "ready")
    assert (
        ready["blocks"] == 3 and len(pixels[0]) == 64 * len(ready["labels"]) and set(ready["labels"]) == set(range(10))
    )
    look, (features,) = wait(lane, "look", lambda look: look["steps"] == 3)
    assert len(features) == 4 * 2 * len(ready["labels"]) * look["components"]
    assert np.isfinite(np.frombuffer(features, np.float32)).all() and [row[0] for row in look["history"]] == [0, 3]
    frame, _ = wait(lane, "frame", lambda frame: frame["steps"] == 3)
    losses = frame["losses"]
    assert losses["total"] == pytest.approx(
        losses["ceStudent"] + losses["ceTeacher"] + 2.25 * losses["distill"], rel=1e-5
    )

    # A student by hand is looked at without a step, and what is saved errs as often as it was said.
    lane.hear({"gates": [1, 0, 1]})
    by_hand, _ = wait(lane, "look", lambda look: look["student"]["gates"] == [1, 0, 1])
    assert by_hand["steps"] == 3
    lane.hear({"save": 7})
    _, (content,) = wait(lane, "file")
    (tmp_path / "net.safetensors").write_bytes(content)
    saved = load_saved_network(tmp_path / "net.safetensors")
    assert saved.test_error() == pytest.approx(look["teacher"]["error"], abs=1e-6) and saved.steps == 3


def test_it_waits_for_the_other_one_and_for_a_page_that_sees(lane):
    lane.hear({"start": START})
    for wish in {"upTo": 3}, {"play": True}:
        lane.hear(wish)
    wait(lane, "frame", lambda frame: frame["steps"] == 3)
    lane.hear({"upTo": None})
    wait(lane, "frame", lambda frame: frame["steps"] >= 5)
    lane.hear({"play": False})
    lane.unseen = UNSEEN + 1  # nobody has seen these many frames
    lane.playing = True
    assert not lane._goes()
    lane.hear({"seen": True})
    assert [frame["steps"] for message, _ in lane.all if (frame := message.get("frame"))] == sorted(
        frame["steps"] for message, _ in lane.all if (frame := message.get("frame"))
    )


def test_what_goes_wrong_is_told_and_does_not_end_it(lane):
    lane.hear({"start": START | {"data": "nonsense"}})
    failed, _ = wait(lane, "failed")
    assert failed
    lane.hear({"start": START | {"run": 2}})
    assert wait(lane, "ready")[0]["engine"] in ("torch", "cuda")


@pytest.mark.parametrize("method", ["baseline", "stochastic-depth", "self-guidance", "without-backward-full"])
def test_a_step_is_the_step_of_its_method(method):
    training = Training(**START | {"settings": SETTINGS | {"method": method}})
    net, gates = copy.deepcopy(training.net), training.gates
    x, y = next(iter(copy.deepcopy(training.train)))
    training.step()
    p = sg.linear_decay(3)
    ce = torch.nn.functional.cross_entropy
    student, teacher = (net(x, given) for given in (gates, torch.ones(3) if method == "baseline" else p))
    if method == "without-backward-full":
        teacher = teacher.detach()
    kl = sg.distillation_kl(student, teacher.detach(), 3.0)
    total = {
        "baseline": ce(teacher, y),
        "stochastic-depth": ce(student, y),
        "self-guidance": ce(student, y) + ce(teacher, y) + 2.25 * kl,
        "without-backward-full": ce(student, y) + 2.25 * kl,
    }[method]
    assert training.losses["total"] == pytest.approx(total.item(), rel=1e-5)
    # The first step with Nesterov's momentum m moves by lr (1 + m) of the gradient, weight decay included.
    total.backward()
    before, after = net.classifier.weight, training.net.classifier.weight
    gradient = before.grad + 1e-4 * before
    torch.testing.assert_close(after, before - 0.05 * 1.9 * gradient, rtol=1e-4, atol=1e-6)


def test_how_alike_two_see_is_measured_on_all_test_images():
    training = Training(**START)
    training.by_hand = [1, 0, 1]
    for _ in range(5):
        training.step()
    look = training.look()[0]["look"]
    teacher, student = (penultimate(training.net, training.test_x, gates) for gates in (sg.linear_decay(3), [1, 0, 1]))
    assert look["cka"] == pytest.approx(linear_cka(teacher, student), abs=1e-6) and 0 < look["cka"] < 1
    with torch.no_grad():
        training.net.stem[0].weight.fill_(float("nan"))
    broken, buffers = training.look()
    assert broken["look"]["cka"] is None and buffers == []


def test_the_same_seed_gives_the_same_weights_batches_and_gates():
    one, other = (Training(**START | {"settings": SETTINGS | {"lam": lam}}) for lam in (0.25, 0.0))
    for training in one, other:
        training.step()
    assert one.losses["ceTeacher"] == other.losses["ceTeacher"] and one.losses["total"] != other.losses["total"]
    other.look()  # looking draws nothing of what trains
    for training in one, other:
        training.step()
    assert one.gates.tolist() == other.gates.tolist()
