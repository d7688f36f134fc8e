"""Every explorable in a real JupyterLab, where PyTorch answers and trains behind some of them."""

import re

import nbformat
import pytest
from support.lab_page import errors, opened
from support.waiting import until

from sgutils import widgets

NAMES = widgets.__all__
PICTURE = """(root) => [
  ...[...root.querySelectorAll("svg")].map((svg) => svg.outerHTML),
  ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
].join()"""


@pytest.fixture(scope="module")
def page(lab, browser):
    """A notebook with a cell for each of them."""
    cells = [nbformat.v4.new_code_cell(f"from sgutils import widgets\n\nwidgets.{name}()") for name in NAMES]
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
    place = lambda: root.locator(".sg-ties").get_attribute("d")
    until(place, "its features are on the map")
    seen = {place()}
    until(lambda: seen.add(place()) or len(seen) >= 5, "the points move")
    assert re.fullmatch(r"CKA of the two: [01]\.\d\d", root.locator(".sg-trainer-alike").inner_text())
    press("Pause")
    # With the images that the kernel has.
    root.locator("summary").click()
    root.get_by_role("combobox", name="runs on").select_option("wasm")
    until(lambda: "in this page" in said(), "the page has taken over, and stands still as PyTorch did")
    press("Play")
    until(lambda: "in this page" in said() and "images/s" in said(), "the page trains")
    press("Pause")


def test_nothing_went_wrong_in_the_page(page):
    """The last test of this file: it looks back on the others."""
    assert errors(page) == []
    assert page.complaints == []
