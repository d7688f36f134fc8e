"""What the overview shows is what the network said: the recording survives its trip into the page."""

import itertools

import numpy as np
import pytest
import torch

from sgutils.widgets import bundle
from sgutils.widgets.recorders.encoding import as_text
from sgutils.widgets.recorders.overview import STEP, quantise


@pytest.fixture
def read(browser):
    """`readRecording` of overview/recording.js, then one expression about what it returned."""
    page = browser.new_page()
    source = bundle.bundled(bundle.HERE / "overview" / "recording.js")
    page.evaluate(
        "async (s) => { window.R = await import(URL.createObjectURL(new Blob([s], { type: 'text/javascript' }))); }",
        source,
    )

    def call(recording, expression, argument=None):
        return page.evaluate(
            f"([given, argument]) => {{ const r = R.readRecording(given); return {expression}; }}",
            [recording, argument],
        )

    yield call
    page.close()


@pytest.fixture
def made():
    """A recording of 4 blocks and 3 classes, and the logits that it was made from."""
    torch.manual_seed(0)
    teacher, students = torch.randn(3) * 3, torch.randn(16, 3) * 3
    image = {
        "label": 1,
        "pixels": as_text(torch.arange(4, dtype=torch.uint8)),
        "teacher": as_text(quantise(teacher)),
        "students": as_text(quantise(students)),
    }
    recording = {
        "classes": ["a", "b", "c"],
        "survival": [0.9, 0.8, 0.7, 0.5],
        "side": 2,
        "step": STEP,
        "images": [image],
    }
    return recording, teacher, students


def test_each_student_keeps_its_own_logits(read, made):
    recording, teacher, students = made

    def same(read_logits, logits):
        below = logits - logits.amax(dim=-1, keepdim=True)
        np.testing.assert_allclose(read_logits, below.numpy(), rtol=0, atol=STEP / 2 + 1e-6)

    same(read(recording, "r.images[0].teacher"), teacher)
    # As `itertools.product` counts when the recording is made: the first block is the highest bit.
    for gates, logits in zip(itertools.product([0, 1], repeat=4), students, strict=True):
        same(read(recording, "r.images[0].students(argument)", list(gates)), logits)
    assert read(recording, "[...r.images[0].pixels]") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "damage",
    [{"classes": ["a", "b"]}, {"side": 3}, {"survival": [0.5] * 3}, {"step": 0}, {"images": []}, {"survival": [2] * 4}],
)
def test_damaged_recording_is_none(read, made, damage):
    assert read(made[0], "r !== null") is True
    assert read(made[0] | damage, "r") is None


def test_shipped_recording_is_whole_and_its_teacher_right(read):
    recording = bundle.default_state("overview")["recording"]
    assert len(recording["survival"]) == 9 and len(recording["classes"]) == 10
    np.testing.assert_allclose(recording["survival"], 1 - np.arange(1, 10) / 9 * 0.5, atol=1e-4)
    images = read(recording, "r.images.map(({ label, teacher }) => ({ label, teacher }))")
    assert len({image["label"] for image in images}) == 6
    for image in images:
        assert np.argmax(image["teacher"]) == image["label"]
