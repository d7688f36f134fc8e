"""Every explorable and panel in a real JupyterLab, where PyTorch answers and trains behind some of them."""

import re

import nbformat
import pytest
from support.lab_page import errors, opened
from support.panel import Panel
from support.waiting import until

from sgutils import widgets

NAMES = [name for name in widgets.__all__ if not name.endswith("Panel")]
FEATURES = (
    "FeaturePanel(dataset='digits', image_size=None, train_examples=300, test_examples=60, images=60, perplexity=8)"
)
CELLS = [*(f"{name}()" for name in NAMES), FEATURES, "TrainingPanel()"]
PICTURE = """(root) => [
  ...[...root.querySelectorAll("svg")].map((svg) => svg.outerHTML),
  ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
].join()"""


@pytest.fixture(scope="module")
def page(lab, browser):
    """A notebook with a cell for each of them, and for the two panels."""
    cells = [nbformat.v4.new_code_cell(f"from sgutils import widgets\n\nwidgets.{cell}") for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.folder / "explorables.ipynb")
    with opened(lab, browser, lab.folder / "explorables.ipynb") as page:
        yield page


def shown(page, name):
    """The explorable of this name, scrolled to, once it has drawn something."""
    root = page.locator(".jp-CodeCell").nth(NAMES.index(name)).locator(".sg-x")
    root.scroll_into_view_if_needed()
    until(lambda: re.search("<path|<rect|data:image", root.evaluate(PICTURE)), f"{name} draws something")
    return root


@pytest.mark.parametrize("name", NAMES)
def test_it_is_drawn_and_follows_a_control(page, name):
    root = shown(page, name)
    until(lambda: root.get_attribute("aria-busy") != "true", f"{name} is at rest")
    before = root.evaluate(PICTURE)
    radio = root.locator("input[type=radio]:enabled:not(:checked)")
    if radio.count():
        # Some hide the circle itself behind its words.
        radio.first.evaluate("(input) => input.click()")
    else:
        root.get_by_role("slider").first.press("ArrowRight")
    until(lambda: root.evaluate(PICTURE) != before, f"the picture of {name} follows")


def test_pytorch_answers_for_the_network_with_switches(page):
    root = shown(page, "LiveNetwork")
    until(lambda: "PyTorch answers" in root.locator(".sg-live-said").inner_text(), "the kernel has answered")
    chart = root.locator(".sg-live-chart svg")
    for block in (0, 3):
        root.get_by_role("switch").nth(block).click()
    prediction = r"The whole network says .+?, [\d.]+ %; with these gates it says .+?, [\d.]+ %"
    until(lambda: re.match(prediction, chart.get_attribute("aria-label")), "there is a prediction for these gates")


def test_the_playground_trains_in_the_notebook(page):
    root = shown(page, "Playground")
    press = lambda name: root.get_by_role("button", name=name, exact=True).click()
    count = lambda: int(re.sub(r"\D", "", root.locator(".sg-count").inner_text()) or 0)
    # It may play since it was first seen: a single step stops it.
    press("Step")
    press("Reset")
    until(lambda: count() == 0, "it is back at its start")
    press("Play")
    until(lambda: count() >= 100, "a hundred steps are done")
    press("Pause")


def test_the_trainer_trains_with_pytorch_and_in_the_page(page):
    root = shown(page, "Trainer")
    said = lambda: root.locator(".sg-trainer-said").first.inner_text()
    press = lambda name: root.get_by_role("button", name=name, exact=True).click()
    press("Train")
    until(lambda: "in the kernel (PyTorch" in said() and "images/s" in said(), "PyTorch trains")
    until(lambda: root.locator(".sg-ties").get_attribute("d"), "its features are on the map")
    press("Pause")
    # With the images that the kernel has.
    root.locator("summary").click()
    root.get_by_role("combobox", name="runs on").select_option("wasm")
    until(lambda: "in this page" in said(), "the page has taken over, and stands still as PyTorch did")
    press("Play")
    until(lambda: "in this page" in said() and "images/s" in said(), "the page trains")
    press("Pause")


def test_the_feature_panel_moves_its_points_while_pytorch_trains(page):
    panel = Panel(page.locator(".jp-CodeCell").nth(CELLS.index(FEATURES)))
    lines = panel.root.locator(".sg-ties")
    place = lambda: lines.get_attribute("d")
    panel.set("λ", "1")
    panel.set("epochs", "60")
    panel.start.click()
    until(lambda: panel.stop.is_enabled() and place(), "the points are there")
    seen = {place()}
    until(lambda: seen.add(place()) or len(seen) >= 10, "the points move")
    assert all(where.count("M") == 60 for where in seen), "one line an image, from the teacher's point to the student's"
    until(lambda: "CKA of the two" in panel.root.inner_text(), "the features are measured")
    panel.stop.click()
    until(lambda: "stopped after" in panel.says(), "the panel stops")
    assert "λ = 1" in panel.says()


@pytest.fixture(scope="module")
def panel(page):
    return Panel(page.locator(".jp-CodeCell").nth(CELLS.index("TrainingPanel()")))


def test_the_training_panel_trains_while_other_cells_run_and_stops(page, panel):
    panel.set("epochs", "60")
    panel.start.click()
    until(lambda: panel.stop.is_enabled(), f"the run begins; the panel says {panel.says()}")
    until(lambda: len(panel.points("teacher_test")) >= 1, "the error before training is drawn")
    assert panel.stop.is_enabled() and panel.start.is_disabled()
    until(lambda: len(panel.points("teacher_test")) >= 3, "the curves grow")
    for curve in ("teacher_train", "student_train", "distill"):
        assert len(panel.points(curve)) >= 2

    page.locator(".jp-Notebook-footer").click()
    page.keyboard.press("Enter")
    page.locator(".jp-Notebook.jp-mod-editMode").wait_for()
    page.keyboard.type("6 * 7")
    page.keyboard.press("Shift+Enter")
    answer = page.locator(".jp-CodeCell").filter(has_text="6 * 7").locator(".jp-OutputArea-output")
    until(lambda: answer.all_inner_texts() == ["42"], "another cell runs meanwhile")
    assert panel.stop.is_enabled(), f"the training is over too early to have run beside a cell: {panel.says()}"

    panel.stop.click()
    until(lambda: "stopped after" in panel.says(), "the panel stops")
    epochs = int(re.search(r"stopped after (\d+) epoch", panel.says())[1])
    until(lambda: len(panel.points("teacher_test")) == epochs + 1, "what is drawn is kept")
    assert panel.start.is_enabled() and panel.stop.is_disabled()


def test_two_quick_starts_draw_one_run(panel):
    panel.set("epochs", "2")
    panel.set("λ", "0.5")
    panel.start.dblclick()
    until(lambda: "λ = 0.5" in panel.says() and "done" in panel.says(), "the run ends")
    until(lambda: len(panel.points("teacher_test")) == 3, "all points are drawn")
    for curve, epochs in {"teacher_test": 3, "teacher_train": 2, "student_train": 2, "distill": 2}.items():
        points = panel.points(curve)
        assert len(points) == epochs and points == sorted(set(points)), f"{curve} is not that of one run: {points}"


def test_nothing_went_wrong_in_the_page(page):
    """The last test of this file: it looks back on the others."""
    assert errors(page) == []
    assert page.complaints == []
