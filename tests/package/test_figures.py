"""Every figure of the book: a picture, a figure or an explorable has a caption and a number, and the text speaks of it."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from book._ext.readable import as_myst
from book._tools.notebooks import chapters

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*chapters(), *sorted((ROOT / "book").glob("*.md"))]
FIGURE, CAPTION, TEXT = "figure", "caption", "text"
HTML = re.compile(r'class="sg-(?:figure|explorable)"')
BLOCKS = re.compile(r"^```\{(explorable|caption)\} ?([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"\{numref\}`(fig-[\w-]+)`")
# What was measured is said by what is drawn.
MEASURED = re.compile(r"\d\.\d|\d ?%|\d points")


@cache
def parts(path):
    """A page from top to bottom as what it consists of: figures, captions and text."""
    if path.suffix == ".md":
        return _parts_of_text(path.read_text(encoding="utf-8"))
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            found += _parts_of_text(as_myst(cell.source))
        elif not {"remove-cell", "remove-output"} & {*cell.metadata.get("tags", [])}:
            outputs = [output.get("data", {}) for output in cell.outputs]
            shown = [data for data in outputs if _is_figure(data)]
            assert not shown or shown == outputs[-1:], (
                f"cell {cell.id} shows more than one figure, or something below it"
            )
            found += [(FIGURE, cell.id, "")] * len(shown)
    return found


def _is_figure(data):
    return any(kind.startswith("image/") for kind in data) or HTML.search("".join(data.get("text/html", "")))


def _parts_of_text(text):
    found = []
    end = 0
    for block in BLOCKS.finditer(text):
        found.append((TEXT, "", text[end : block.start()]))
        kind, name, body = block.groups()
        found.append((CAPTION, name, body) if kind == CAPTION else (FIGURE, name, ""))
        end = block.end()
    return [part for part in [*found, (TEXT, "", text[end:])] if part[0] != TEXT or part[2].strip()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_figure_has_a_caption_below_it_and_each_caption_a_figure(path):
    kinds = [kind for kind, _, _ in parts(path)]
    for (kind, name, _), following in zip(parts(path), [*kinds[1:], None], strict=True):
        assert (kind == FIGURE) == (following == CAPTION), f"{kind} {name} is followed by {following}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_caption_is_sentences_and_types_no_measured_number(path):
    for kind, name, text in parts(path):
        if kind == CAPTION:
            assert len(text.split()) >= 8 and text.strip()[0].isupper() and text.strip().endswith((".", "?", ".)")), (
                name
            )
            assert not MEASURED.search(text.replace("95 % interval", "")), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_text_of_a_page_speaks_of_each_of_its_figures(path):
    spoken_of = {label for kind, _, text in parts(path) if kind == TEXT for label in REFERENCE.findall(text)}
    assert [name for kind, name, _ in parts(path) if kind == CAPTION and name not in spoken_of] == []


def test_each_label_is_used_once_and_each_reference_leads_to_a_figure():
    labels = [name for path in PAGES for kind, name, _ in parts(path) if kind == CAPTION]
    assert len(labels) == len(set(labels))
    spoken_of = {label for path in PAGES for _, _, text in parts(path) for label in REFERENCE.findall(text)}
    assert spoken_of <= {*labels}
