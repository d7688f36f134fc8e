"""Runs the chapters and stores them in their normal form: ``python -m book._tools.notebooks [--stamp] [CHAPTER ...]``.

The normal form holds what a reader sees and nothing that differs from run to run, so that a diff shows what changed. Two
cells of every chapter are written here, because they hold the repository's address: the link that opens the chapter in
Colab, and the line that installs the package there. Its Markdown, which may be written as MyST, is stored as Colab and
JupyterLab show it well; numbers that it quotes from what a cell printed are put in. ``--stamp`` does all that without
running anything.
"""

import hashlib
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from .._ext.predict import quote_numbers
from .._ext.repository import colab_link, written_address
from .readable import make_readable

ROOT = Path(__file__).resolve().parents[2]

RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){0,4}(-?[0-9a-f]{12})?")
CHECKOUT = "/path/to/self-guidance-book"
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_METADATA = ("tags", "mystnb")
INSTALL = """\
# Colab and Kaggle get this book's package here; torch, torchvision and numpy stay as they are there. Anywhere else, once:
# pip install "sgutils[book] @ git+{address}"
import os
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    %pip install --quiet "sgutils[book] @ git+{address}"
"""


def chapters():
    """The chapters' paths."""
    return sorted((ROOT / "book").glob("*.ipynb"))


def stamp(notebook, path, address):
    """Put the link to Colab and the install cell after the title, or bring them up to date, and make the text readable."""
    link = f"[Run this chapter in Colab]({colab_link(address, path)})"
    cells = [cell for cell in notebook.cells if cell.id not in ("colab", "install")]
    old = {cell.id: cell for cell in notebook.cells}
    install = old.get("install") or nbformat.v4.new_code_cell(id="install")
    install.source = INSTALL.format(address=address).rstrip()
    colab = nbformat.v4.new_markdown_cell(link, id="colab")
    for cell in (colab, install):
        cell.metadata = {"tags": ["remove-cell"]}  # the page has a link of its own, and needs no package
    notebook.cells = [*cells[:1], colab, install, *cells[1:]]
    make_readable(notebook, Path(path).name)


def normalise(notebook):
    """Take out what differs from run to run and from editor to editor."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    used = set()
    count = 0
    for kind in ("code", "markdown"):  # text quotes cells by their ids, and has one that is made of what it says
        for cell in notebook.cells:
            if cell.cell_type == kind:
                cell.id = _stable_id(cell, used)
        if kind == "code":
            quote_numbers(notebook)
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            if "data" in output:
                output.data.pop(WIDGET, None)
                output.metadata = {}
            if (
                "text" in output
            ):  # an error says where it looked: on the page, in a checkout and not on somebody's machine
                output.text = output.text.replace(f"{ROOT}/", f"{CHECKOUT}/")


def _stable_id(cell, used):
    """The id that an author gave, or one made from the source where an editor rolled dice."""
    name = cell.id
    if RANDOM_ID.fullmatch(name):
        name = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
    while name in used:
        name = f"{name}-again"
    used.add(name)
    return name


def run(notebook):
    """Execute all cells in a fresh kernel, where a reader would: in the chapter's folder."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        resources={"metadata": {"path": str(ROOT / "book")}},
        store_widget_state=False,
        coalesce_streams=True,
    ).execute()


def write(notebook, path):
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")


def main(arguments):
    only_stamp = "--stamp" in arguments
    paths = [Path(argument).resolve() for argument in arguments if not argument.startswith("--")] or chapters()
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        stamp(notebook, path.relative_to(ROOT).as_posix(), written_address())
        start = time.perf_counter()
        if not only_stamp:
            run(notebook)
        normalise(notebook)
        write(notebook, path)
        print(
            f"{path.relative_to(ROOT)}: {'stamped' if only_stamp else f'ran in {time.perf_counter() - start:.0f} s'}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
