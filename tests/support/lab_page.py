"""A notebook in a page of JupyterLab, all of its cells run."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

from .waiting import until


@contextmanager
def opened(lab, browser, notebook):
    """The notebook's page, all cells run; what its console and its requests complained of is in `page.complaints`.

    Args:
        notebook: a file in the lab's folder.
    """
    name = Path(notebook).name
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(Path(notebook).read_text())["cells"])
    lab.start_kernel(name)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: page.complaints.append(f"error: {error}"))
    page.on("request", lambda sent: _is_foreign(sent.url, lab) and page.complaints.append(f"request: {sent.url}"))
    page.goto(lab.page_of(name))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    until(lambda: lab.kernel_is_ready(name), "the kernel is ready")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    until(lambda: len(_numbers_of_run_cells(page)) == cells or errors(page), f"all {cells} cells have run")
    assert not (complaints := errors(page)), complaints
    try:
        yield page
    finally:
        page.close()


def errors(page):
    """What the cells failed with, or else wrote to their error stream."""
    return page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()


def _is_foreign(url, lab):
    return not url.startswith((lab.address, lab.address.replace("http", "ws"), "data:", "blob:"))


def _numbers_of_run_cells(page):
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    return [prompt for prompt in prompts if re.fullmatch(r"\[\d+\]:", prompt)]
