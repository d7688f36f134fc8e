"""Every explorable in a real JupyterLab, where PyTorch answers and trains behind some of them."""

import re

import nbformat
import pytest
from support.lab_page import errors, opened
from support.panel import Panel
from support.polling import until

from sgutils import widgets

NAMES = [name for name in widgets.__all__ if not name.endswith("Panel")]
PANEL = "FeaturePanel(dataset='digits', image_size=None, train_examples=300, test_examples=60, images=60, perplexity=8)"
PICTURE = """(root) => [
  ...[...root.querySelectorAll("svg")].map((svg) => svg.outerHTML),
  ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
].join()"""


@pytest.fixture(scope="module")
def page(lab, browser):
    """A notebook with a cell for each of them."""
    cells = [
        nbformat.v4.new_code_cell(f"from sgutils import widgets\n\nwidgets.{name}")
        for name in (*(f"{n}()" for n in NAMES), PANEL)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.folder / "explorables.ipynb")
    with opened(lab, browser, lab.folder / "explorables.ipynb") as page:
        yield page


def shown(page, name):
    """The explorable of this name, scrolled to, once it has drawn something."""
    root = page.locator(".jp-CodeCell").nth(NAMES.index(name)).locator(".sg-x")
    root.scroll_into_view_if_needed()
    until(lambda: re.search("<path|<rect|data:image", root.evaluate(PICTURE)), 20, f"{name} draws something")
    return root


@pytest.mark.parametrize("name", NAMES)
def test_it_is_drawn_and_follows_a_control(page, name):
    root = shown(page, name)
    until(lambda: root.get_attribute("aria-busy") != "true", 60, f"{name} is at rest")
    before = root.evaluate(PICTURE)
    radio = root.locator("input[type=radio]:enabled:not(:checked)")
    if radio.count():
        # Some hide the circle itself behind its words.
        radio.first.evaluate("(input) => input.click()")
    else:
        root.get_by_role("slider").first.press("ArrowRight")
    until(lambda: root.evaluate(PICTURE) != before, 30, f"the picture of {name} follows")


def test_pytorch_answers_for_the_network_with_switches(page):
    root = shown(page, "LiveNetwork")
    until(lambda: "PyTorch answers" in root.locator(".sg-live-said").inner_text(), 60, "the kernel has answered")
    chart = root.locator(".sg-live-chart svg")
    for block in (0, 3):
        root.get_by_role("switch").nth(block).click()
    prediction = r"The whole network says .+?, [\d.]+ %; with these gates it says .+?, [\d.]+ %"
    until(lambda: re.match(prediction, chart.get_attribute("aria-label")), 60, "there is a prediction for these gates")


def test_the_playground_trains_in_the_notebook(page):
    root = shown(page, "Playground")
    press = lambda name: root.get_by_role("button", name=name, exact=True).click()
    count = lambda: int(re.sub(r"\D", "", root.locator(".sg-count").inner_text()) or 0)
    # It may play since it was first seen: a single step stops it.
    press("Step")
    press("Reset")
    until(lambda: count() == 0, 60, "it is back at its start")
    press("Play")
    until(lambda: count() >= 100, 60, "a hundred steps are done")
    press("Pause")


def test_the_trainer_gets_its_images_from_the_kernel(page):
    root = shown(page, "Trainer")
    root.get_by_role("button", name="Train in this page").click()
    until(lambda: "images/s" in root.locator(".sg-trainer-said").first.inner_text(), 120, "it trains")
    root.get_by_role("button", name="Pause", exact=True).click()


def test_the_feature_panel_moves_its_points_while_pytorch_trains(page):
    panel = Panel(page)
    panel.root.scroll_into_view_if_needed()
    lines = panel.root.locator(".sg-ties")
    place = lambda: lines.get_attribute("d")
    panel.set("λ", "1")
    panel.set("epochs", "60")
    panel.start.click()
    until(lambda: panel.stop.is_enabled() and place(), 60, "the points are there")
    seen = {place()}
    until(lambda: seen.add(place()) or len(seen) >= 10, 60, "the points move")
    assert all(where.count("M") == 60 for where in seen), "one line an image, from the teacher's point to the student's"
    until(lambda: "CKA of the two" in panel.root.inner_text(), 30, "the features are measured")
    panel.stop.click()
    until(lambda: "stopped after" in panel.says(), 30, "the panel stops")
    assert "λ = 1" in panel.says()


def test_nothing_went_wrong_in_the_page(page):
    """The last test of this file: it looks back on the others."""
    assert errors(page) == []
    assert page.complaints == []
