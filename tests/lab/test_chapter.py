"""A chapter in a real JupyterLab: its cells run, its explorables move, and its training panel trains."""

import json
import re
import shutil
from pathlib import Path

import pytest
from polling import until

CHAPTER = Path(__file__).parents[2] / "book" / "self-guidance.ipynb"


@pytest.fixture(scope="module")
def chapter(lab, browser):
    """The chapter's page, all cells run; what its console and its requests complained of is in `page.complaints`."""
    notebook = shutil.copy(CHAPTER, lab.folder / CHAPTER.name)
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(Path(notebook).read_text())["cells"])
    lab.start_kernel(CHAPTER.name)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: page.complaints.append(f"error: {error}"))
    page.on("request", lambda sent: _is_foreign(sent.url, lab) and page.complaints.append(f"request: {sent.url}"))
    page.goto(lab.page_of(CHAPTER.name))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
    until(lab.kernel_is_ready, 60, "the kernel is ready")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    until(lambda: len(_numbers_of_run_cells(page)) == cells or _errors(page), 300, f"all {cells} cells have run")
    assert _errors(page) == []
    yield page
    page.close()


def _is_foreign(url, lab):
    return not url.startswith((lab.address, lab.address.replace("http", "ws"), "data:", "blob:"))


def _numbers_of_run_cells(page):
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    return [prompt for prompt in prompts if re.fullmatch(r"\[\d+\]:", prompt)]


def _errors(page):
    return page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()


def _pictures(explorable):
    return explorable.locator("svg").evaluate_all("all => all.map((svg) => svg.outerHTML).join()")


class Panel:
    """The training panel as a reader sees it."""

    def __init__(self, page):
        self.root = page.locator(".sg-panel")
        self.start, self.stop, self.restart = (
            self.root.get_by_role("button", name=name, exact=True) for name in ("Start", "Stop", "Restart")
        )

    def set(self, label, value):
        slider = self.root.locator(".widget-slider").filter(has=self.root.page.get_by_text(label, exact=True))
        slider.locator(".widget-readout").fill(value)
        slider.locator(".widget-readout").press("Enter")

    def says(self):
        return self.root.locator(".sg-panel-status").inner_text()

    def points(self, curve):
        """Where the points of a curve stand, from left to right."""
        marks = self.root.locator(f".trace{curve} .point")
        return marks.evaluate_all("marks => marks.map((mark) => Math.round(mark.getBoundingClientRect().x))")


@pytest.fixture(scope="module")
def panel(chapter):
    panel = Panel(chapter)
    panel.root.scroll_into_view_if_needed()
    return panel


def test_an_explorable_shows_a_picture_and_follows_its_sliders(chapter):
    # The chapter's drawn explorable; those that train or run a network have tests of their own in tests/explorables.
    explorable = chapter.locator(".sg-x:has(svg)", has_text="teacher||student").first
    if not explorable.count():
        explorable = chapter.locator(".sg-x:has(svg)").first
    explorable.scroll_into_view_if_needed()
    until(lambda: "<path" in _pictures(explorable) or "<rect" in _pictures(explorable), 20, "there is a picture")
    before = _pictures(explorable)
    slider = explorable.get_by_role("slider").first
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    until(lambda: _pictures(explorable) != before, 20, "the picture follows the slider")


def test_the_panel_trains_while_other_cells_run_and_stops(chapter, panel):
    panel.set("epochs", "60")
    panel.start.click()
    until(lambda: len(panel.points("teacher_test")) >= 1, 60, "the error before training is drawn")
    assert panel.stop.is_enabled() and panel.start.is_disabled()
    until(lambda: len(panel.points("teacher_test")) >= 3, 90, "the curves grow")
    for curve in ("teacher_train", "student_train", "distill"):
        assert len(panel.points(curve)) >= 2

    chapter.locator(".jp-Notebook-footer").click()
    chapter.keyboard.press("Enter")
    chapter.locator(".jp-Notebook.jp-mod-editMode").wait_for()
    chapter.keyboard.type("6 * 7")
    chapter.keyboard.press("Shift+Enter")
    answer = chapter.locator(".jp-CodeCell").filter(has_text="6 * 7").locator(".jp-OutputArea-output")
    until(lambda: answer.all_inner_texts() == ["42"], 30, "another cell runs meanwhile")
    assert panel.stop.is_enabled(), f"the training is over too early to have run beside a cell: {panel.says()}"

    panel.stop.click()
    until(lambda: "stopped after" in panel.says(), 20, "the panel stops")
    epochs = int(re.search(r"stopped after (\d+) epoch", panel.says())[1])
    until(lambda: len(panel.points("teacher_test")) == epochs + 1, 20, "what is drawn is kept")
    assert panel.start.is_enabled() and panel.stop.is_disabled()


def test_two_quick_starts_draw_one_run(chapter, panel):
    panel.set("epochs", "2")
    panel.set("λ", "0.5")
    panel.start.dblclick()
    until(lambda: "λ = 0.5" in panel.says() and "done" in panel.says(), 90, "the run ends")
    until(lambda: len(panel.points("teacher_test")) == 3, 20, "all points are drawn")
    for curve, epochs in {"teacher_test": 3, "teacher_train": 2, "student_train": 2, "distill": 2}.items():
        points = panel.points(curve)
        assert len(points) == epochs and points == sorted(set(points)), f"{curve} is not that of one run: {points}"


def test_nothing_went_wrong_in_the_page(chapter):
    """The last test of this file: it looks back on the others."""
    assert _errors(chapter) == []
    assert chapter.complaints == []
