"""The network with switches: ONNX and PyTorch are one network, and a kernel answers what the page's worker would."""

import base64
import itertools

import numpy as np
import onnxruntime
import pytest
import torch

import sgutils as sg
from sgutils import InputError, widgets
from sgutils.folders import data_folder
from sgutils.widgets import bundle
from sgutils.widgets.live_network.live_network import NETWORKS, answer

NUMBERS = itertools.count()
RECORDING = bundle.default_state("live_network")["recording"]


@pytest.fixture(scope="module")
def images():
    """The 200 test images of the page, normalised."""
    dataset = sg.load_dataset("fashion-mnist", test_examples=RECORDING["test_images"])
    return dataset.normalizer()(dataset.test_x)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_graph_is_the_network_on_all_test_images_and_many_gates(name, images):
    net = sg.load_network(data_folder() / "networks" / f"{name}.pt").eval()
    session = onnxruntime.InferenceSession(
        str(data_folder() / "networks" / f"{name}.onnx"), providers=["CPUExecutionProvider"]
    )
    p, draws = sg.linear_decay(9), torch.Generator().manual_seed(0)
    vectors = [
        p,
        torch.ones(9),
        torch.zeros(9),
        torch.rand(9, generator=draws),
        *(sg.sample_gates(p, draws) for _ in range(8)),
    ]
    for gates in vectors:
        # All images for the teacher; of other gates an error shows on any.
        x = images if gates is p else images[:20]
        expected = net(x, gates).numpy()
        (got,) = session.run(None, {"images": x.numpy(), "gates": gates.numpy()})
        assert np.abs(got - expected).max() < 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("gates", ["p", "111111111", "000000000", "110101011"])
def test_kernel_counts_the_errors_that_were_recorded(gates):
    for name in NETWORKS:
        question = {"ask": "wrong", "network": name, "gates": gates, "count": 50}
        counted = sum(
            answer(question | {"start": start}, RECORDING) for start in range(0, RECORDING["test_images"], 50)
        )
        assert counted == base64.b64decode(RECORDING["wrong"][name])[512 if gates == "p" else int(gates, 2)]


def test_kernel_says_of_an_image_what_was_recorded():
    for image in RECORDING["images"]:
        for name, gates in zip(NETWORKS, ("p", "1" * 9), strict=True):
            question = {
                "ask": "logits",
                "network": name,
                "gates": gates,
                "pixels": list(base64.b64decode(image["pixels"])),
            }
            assert np.allclose(answer(question, RECORDING), image["whole"][name], atol=2e-3)


def test_question_that_makes_no_sense_is_answered_in_a_sentence(monkeypatch):
    widget, sent = widgets.LiveNetwork(), []
    monkeypatch.setattr(widget, "send", sent.append)
    good = {"id": "a", "ask": "wrong", "network": "baseline", "gates": "p", "start": 0, "count": 2}
    for key in ("ask", "network", "gates", "start", "count"):
        with pytest.raises(InputError):
            answer({name: value for name, value in good.items() if name != key}, RECORDING)
    nonsense = (
        {"network": "../../etc/passwd"},
        {"gates": "11"},
        {"gates": "1111x1111"},
        {"gates": [1] * 9},
        {"ask": "right"},
        {"start": -1},
        {"count": 1000},
    )
    for bad in (
        *nonsense,
        {"ask": "logits"},
        {"ask": "logits", "pixels": [1]},
        {"ask": "logits", "pixels": [256] * 784},
    ):
        with pytest.raises(InputError):
            answer(good | bad, RECORDING)
        widget._hear(widget, good | bad, [])
        assert sent.pop()["failed"]
    widget._hear(widget, good, [])
    assert sent.pop() == {"id": "a", "answer": answer(good, RECORDING)}


def test_picture_asks_the_kernel_where_there_is_one(stage):
    """Nothing to load: the prediction and the errors of a student come through the widget's messages."""
    asked = show_with_kernel(stage, {"gates": "110111011"})
    stage.page.get_by_text("PyTorch answers in the kernel").wait_for()
    stage.picture()
    assert stage.page.locator("[data-loads]").count() == 0 and stage.page.get_by_role("application").count() == 1
    assert float(stage.page.locator(".sg-figures output").nth(1).inner_text()) > 0
    assert "recorded" not in stage.page.locator(".sg-live-errors").text_content()
    assert asked.count("logits") == 1 and asked.count("wrong") == 16


def show_with_kernel(stage, state):
    """Show it beside a kernel that answers, and give the list of what it asks for."""
    asked = []

    def reply(question):
        asked.append(question["ask"])
        return {"id": question["id"], "answer": answer(question, RECORDING)}

    name = f"reply{next(NUMBERS)}"  # the page keeps what it was told before
    stage.page.expose_function(name, reply)
    stage.page.evaluate(
        """async ([name, source, state]) => {
          document.body.innerHTML = "<div></div>";
          let hear = null;
          const model = { get: (key) => state[key], set: (key, value) => { state[key] = value; }, save_changes() {}, off() {},
            on: (event, tell) => { if (event === "msg:custom") hear = tell; }, send: async (question) => hear(await window[name](question)) };
          const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          widget.render({ model, el: document.body.firstElementChild });
        }""",
        [name, bundle.module_source("live_network"), bundle.default_state("live_network") | {"kernel": True} | state],
    )
    return asked


def test_an_empty_sheet_is_nothing_to_ask_about(stage):
    asked = show_with_kernel(stage, {})
    stage.page.get_by_role("button", name="Clear").click()
    stage.page.get_by_text("PyTorch answers in the kernel").wait_for()
    stage.picture()
    assert stage.page.locator(".sg-figures output").all_inner_texts() == ["–"] * 3
    assert "a drawing" in stage.page.locator(".sg-live-chart").text_content() and "logits" not in asked
    stage.page.get_by_role("application").press("Space")
    stage.page.wait_for_function("document.querySelector('.sg-figures output').textContent !== '–'")


@pytest.mark.parametrize("width", [328, 712, 1000])
def test_errors_stand_beside_those_of_the_whole_network(stage, width):
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.show("live_network")
    stage.picture()
    words = stage.page.locator(".sg-live-errors").text_content()
    assert "56.0 % (whole 12.0 %)" in words and "200 test images" in words
    stage.page.evaluate("window.model.set('gates', '110111011')")
    stage.picture()
    beyond = stage.page.evaluate("""() => [...document.querySelectorAll(".sg-live-errors text, .sg-live-chart text")]
      .filter((node) => node.getBoundingClientRect().right > node.closest(".sg-picture").getBoundingClientRect().right + 1).map((node) => node.textContent)""")
    assert beyond == []


def test_loading_keeps_the_focus_and_a_refused_worker_is_said(stage):
    stage.page.evaluate("() => { window.Worker = class { constructor() { throw new Error('refused'); } }; }")
    stage.page.evaluate("document.documentElement.dataset.content_root = 'http://127.0.0.1/'")
    stage.show("live_network")
    load = stage.page.get_by_role("button", name="Load the live networks")
    load.focus()
    stage.page.keyboard.press("Enter")
    stage.page.get_by_text("could not be loaded (refused)").wait_for()
    assert load.count() == 1
    assert stage.page.evaluate("document.querySelector('.sg-x').contains(document.activeElement)")


def test_keys_with_alt_are_the_browsers(stage):
    """Alt and an arrow go back and forth in a reader's history."""
    show_with_kernel(stage, {})
    kept = stage.page.evaluate("""() => {
      const kept = [];
      for (const node of [document.querySelector('[role=switch]'), document.querySelector('[role=application]')]) {
        for (const keys of [{ altKey: true }, {}]) {
          const event = new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true, cancelable: true, ...keys });
          node.dispatchEvent(event);
          kept.push(event.defaultPrevented);
        }
      }
      return kept;
    }""")
    assert kept == [False, True, False, True]
