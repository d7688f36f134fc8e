"""What the class mix says follows from the counts, and the counts from the networks."""

import csv
import dataclasses

import numpy as np
import pytest
import torch
from support.layout import WIDTHS, at_width, misplaced_words
from support.stage import Mathematics

import sgutils as sg
from sgutils.results import Run
from sgutils.training.config import SCALES, Config
from sgutils.widgets import bundle
from sgutils.widgets.recorders import expressions as recorder

CLASSES = 7


@pytest.fixture(scope="module")
def mixes(browser):
    page = browser.new_page()
    yield Mathematics(page, "expressions/mixes.js")
    page.close()


@pytest.fixture(scope="module")
def counts():
    drawn = np.random.default_rng(0).integers(0, 40, (3, CLASSES, CLASSES))
    drawn[:, :, 1] = 0  # one class is never said
    return drawn


def test_the_mix_of_the_images_gives_their_own_error_and_precision(mixes, counts):
    for matrix in counts:
        (shares,) = mixes("sharesOf", [(matrix.sum(axis=1).tolist(),)])
        (rates,) = mixes("ratesOf", [(matrix.tolist(),)])
        (found,) = mixes("underMix", [(rates, shares)])
        assert found["error"] == pytest.approx(1 - matrix.trace() / matrix.sum())
        for j in range(CLASSES):
            said = matrix[:, j].sum()
            assert found["said"][j] == pytest.approx(said / matrix.sum())
            assert found["precision"][j] == (None if said == 0 else pytest.approx(matrix[j, j] / said))


def test_another_mix_is_that_of_images_drawn_in_its_shares(mixes, counts):
    weights = np.random.default_rng(1).uniform(0, 5, CLASSES)
    heavier = counts[0] / counts[0].sum(axis=1, keepdims=True) * weights[:, None]
    (rates,) = mixes("ratesOf", [(counts[0].tolist(),)])
    (found,) = mixes("underMix", [(rates, (weights / weights.sum()).tolist())])
    assert found["error"] == pytest.approx(1 - heavier.trace() / heavier.sum())


def test_nothing_asked_for_is_an_even_mix(mixes):
    assert mixes("sharesOf", [([0.0] * 4,), ([2, 1, 1],)]) == [[0.25] * 4, [0.5, 0.25, 0.25]]


def test_the_mean_of_matrices_is_taken_entry_by_entry(mixes, counts):
    np.testing.assert_allclose(mixes("meanOf", [(counts.tolist(),)])[0], counts.mean(axis=0))


def test_the_interval_holds_all_shares_that_the_measured_one_does_not_exclude(mixes):
    """Wilson's interval is where |measured - true| <= z sqrt(true (1 - true) / n)."""
    for hits, n in ((0, 23), (3, 23), (100, 369), (23, 23)):
        low, high = mixes("wilsonInterval", [(hits / n, n)])[0]
        for edge in (low, high):
            if 0 < edge < 1:
                assert abs(hits / n - edge) == pytest.approx(1.959964 * np.sqrt(edge * (1 - edge) / n))
        assert 0 <= low <= hits / n <= high <= 1


@pytest.mark.parametrize(
    "damage",
    [
        {"classes": ["a"]},
        {"classes": 3},
        {"settings": []},
        {"settings": [{"name": "x", "runs": []}]},
        {"settings": [{"name": "x", "runs": [{"seed": 0, "counts": [[1, 2], [0, 0]]}]}]},
    ],
)
def test_a_damaged_recording_is_none(mixes, damage):
    whole = {"classes": ["a", "b"], "settings": [{"name": "x", "runs": [{"seed": 0, "counts": [[1, 2], [3, 4]]}]}]}
    assert mixes("readConfusions", [(whole,)])[0]["images"] == [3, 7]
    assert mixes("readConfusions", [(whole | damage,), (None,), ([],)]) == [None] * 3


def test_the_shipped_recording_errs_as_the_ledger_says():
    recording = bundle.default_state("expressions")["recording"]
    ledger = {}
    for run in sg.load_results():
        if run.config["dataset"] == "fer2013" and recorder._is_small(run.config):
            ledger[recorder.name_of(run.config), run.seed] = run.last_test_error
    measured = {
        (setting["name"], run["seed"]): np.array(run["counts"])
        for setting in recording["settings"]
        for run in setting["runs"]
    }
    assert measured and set(measured) <= set(ledger)
    for key, matrix in measured.items():
        assert matrix.shape == (CLASSES, CLASSES) and matrix.sum() == SCALES["small"]["test_examples"]
        assert 1 - matrix.trace() / matrix.sum() == pytest.approx(ledger[key], abs=0.0021)
    assert len({tuple(matrix.sum(axis=1)) for matrix in measured.values()}) == 1


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A file of grey squares in the layout of FER-2013, a network, and the record of its error on them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recorder, "SCALE", {"image_size": 8, "train_examples": 70, "test_examples": 70})
    (tmp_path / "data").mkdir()
    draw = np.random.default_rng(0)
    with open("data/fer2013.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for usage in ("Training", "PrivateTest"):
            for i in range(70):
                rows.writerow([i % CLASSES, " ".join(map(str, draw.integers(0, 255, 48 * 48))), usage])
    config = Config(
        dataset="fer2013", model="resnet20", method="baseline", image_size=8, train_examples=70, test_examples=70
    )
    torch.manual_seed(0)
    net = sg.resnet20(num_classes=CLASSES).eval()
    data = sg.load_dataset("fer2013", image_size=8, train_examples=70, test_examples=70)
    with torch.no_grad():
        said = net(data.normalizer()(data.test_x)).argmax(dim=1)
    error = (said != data.test_y).float().mean().item()
    empty = {field.name: None for field in dataclasses.fields(Run)}
    run = Run(**empty | {"config": config.as_dict(), "status": "finished", "last_test_error": error})
    (tmp_path / run.name).mkdir()
    sg.save_network(tmp_path / run.name / "network.pt", net)
    return tmp_path, run, data, said


def test_the_recorder_counts_what_the_network_says(trained):
    folder, run, data, said = trained
    made = recorder.recording(folder, [run])
    expected = np.zeros((CLASSES, CLASSES), int)
    np.add.at(expected, (data.test_y.numpy(), said.numpy()), 1)
    assert made["settings"] == [{"name": "plain", "runs": [{"seed": 0, "counts": expected.tolist()}]}]
    assert made["classes"] == list(data.classes) and sum(made["trained_on"]) == 70


def test_the_recorder_refuses_a_network_that_is_not_its_records(trained):
    folder, run, *_ = trained
    with pytest.raises(sg.InputError, match="its record says"):
        recorder.recording(folder, [dataclasses.replace(run, last_test_error=0.01)])
    with pytest.raises(sg.InputError, match="no network of a finished run"):
        recorder.recording(folder, [dataclasses.replace(run, status="diverged")])


def press(stage, name):
    stage.page.get_by_role("button", name=name, exact=True).click()
    stage.picture()


def test_the_page_shows_the_error_of_the_test_images_and_another_under_another_mix(stage):
    recording = bundle.default_state("expressions")["recording"]
    matrices = [np.array(run["counts"]) for run in recording["settings"][0]["runs"]]
    stage.show("expressions", {"setting": recording["settings"][0]["name"]})
    shown = stage.page.locator(".sg-figures output").first
    press(stage, "as the test images")
    error = np.mean([1 - m.trace() / m.sum() for m in matrices])
    assert float(shown.inner_text().split()[0]) == pytest.approx(100 * error, abs=0.06)
    press(stage, "mostly happy")
    assert float(shown.inner_text().split()[0]) != pytest.approx(100 * error, abs=0.06)


def test_one_seed_of_several_can_be_chosen_and_their_mean_stands_between(stage):
    recording = bundle.default_state("expressions")["recording"]
    first = np.array(recording["settings"][0]["runs"][0]["counts"])
    second = np.where(np.eye(CLASSES, dtype=bool), first.sum(axis=1, keepdims=True), 0)  # always right
    runs = [{"seed": 0, "counts": first.tolist()}, {"seed": 5, "counts": second.tolist()}]
    stage.show(
        "expressions", {"setting": "plain", "recording": recording | {"settings": [{"name": "plain", "runs": runs}]}}
    )
    shown, read = stage.page.locator(".sg-figures output").first, []
    for option in ("mean of 2", "seed 0", "seed 5"):
        stage.page.locator(".sg-slot select").select_option(option)
        stage.picture()
        read.append(float(shown.inner_text().split()[0]))
    assert read[2] == 0 and read[0] == pytest.approx(read[1] / 2, abs=0.06)


@pytest.mark.parametrize("width", WIDTHS)
def test_all_words_lie_in_the_drawings_and_none_on_another(stage, width):
    at_width(stage, width)
    stage.show("expressions")
    assert misplaced_words(stage) == []
