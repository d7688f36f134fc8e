"""A chapter in a real JupyterLab: its cells run, and its training panel trains."""

import re
import shutil
from pathlib import Path

import pytest
from support.lab_page import errors, opened
from support.panel import Panel
from support.polling import until

CHAPTER = Path(__file__).parents[2] / "book" / "self-guidance.ipynb"


@pytest.fixture(scope="module")
def chapter(lab, browser):
    with opened(lab, browser, shutil.copy(CHAPTER, lab.folder)) as page:
        yield page


@pytest.fixture(scope="module")
def panel(chapter):
    panel = Panel(chapter)
    panel.root.scroll_into_view_if_needed()
    return panel


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
    assert errors(chapter) == []
    assert chapter.complaints == []
