"""Chapters are stored as Colab and JupyterLab show them well, and the site reads the same cells as MyST."""

import re

import nbformat
import pytest

from book._ext.readable import as_myst
from book._tools.notebooks import chapters
from book._tools.readable import make_readable

# A directive, a role, an option of a directive, a label behind an equation or before a heading.
MYST = re.compile(r"^\s*(?:`{3,}|:{3,})\{|\{[\w:+-]+\}`|^\s*:[\w-]+: |\$\$ *\(|^\([\w-]+\)=", re.MULTILINE)
CASES = {
    "a solution": (
        "```{admonition} Solution\n:class: dropdown\nTwo lines,\n\n- and a list.\n```",
        "<details><summary>Solution</summary>\n\nTwo lines,\n\n- and a list.\n\n</details>",
    ),
    "a solution in a list": (
        "1. Why?\n\n   ```{admonition} Solution\n   :class: dropdown\n   So.\n   ```\n\n2. And?",
        "1. Why?\n\n   <details><summary>Solution</summary>\n\n   So.\n\n   </details>\n\n2. And?",
    ),
    "a note that is folded": (
        "````{admonition} More\n:class: note dropdown\n```bash\nls\n```\n````",
        '<details class="note"><summary>More</summary>\n\n```bash\nls\n```\n\n</details>',
    ),
    "a question": (
        "Text.\n\n```{admonition} Predict first\n:class: tip\n1. One?\n\n2. Two?\n```\n\nMore.",
        "Text.\n\n> **Predict first**\n>\n> 1. One?\n>\n> 2. Two?\n\nMore.",
    ),
    "a note": ("```{admonition} A note\n:class: note\nText.\n```", "> **A note**\n>\n> Text."),
    "an equation": ("$$\na = b ,\n$$ (eq-new)\n\nMore.", '<a id="eq-new"></a>\n$$\na = b ,\n\\tag{1}\n$$\n\nMore.'),
    "a work": ("so {cite}`he2016deep`.", "so ([He et al., 2016](#ref-he2016deep))."),
    "two works": (
        "so {cite}`he2016deep,zheng2022self`.",
        "so ([He et al., 2016](#ref-he2016deep); [Zheng and Peng, 2022](#ref-zheng2022self)).",
    ),
    "authors": ("as {cite:t}`zheng2022self` say", "as [Zheng and Peng (2022)](#ref-zheng2022self) say"),
    "another chapter's equation": ("by {eq}`eq-gated`", "by [(1.4)](residual-networks.ipynb#eq-gated)"),
    "a caption": (
        "```{caption} fig-new\nWhat is drawn.\nMore.\n```",
        '<a id="fig-new"></a>**Figure 1.** What is drawn.\nMore.',
    ),
    "another chapter's figure": ("in {numref}`fig-clothes`", "in [Figure 1.1](residual-networks.ipynb#fig-clothes)"),
}


def readable(*texts):
    """The cells of a chapter with these texts."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    make_readable(notebook, "mine.ipynb")
    return [cell.source for cell in notebook.cells]


@pytest.mark.parametrize(("myst", "stored"), CASES.values(), ids=CASES)
def test_each_form_is_stored_readably_and_read_as_it_was_written(myst, stored):
    assert readable(myst)[0] == stored and as_myst(stored) == myst
    assert readable(stored)[0] == stored and not MYST.search(stored) and MYST.search(myst)


def test_equations_are_numbered_in_their_order_and_their_references_follow():
    before = readable("See {eq}`eq-b`.", "$$\nb\n$$ (eq-b)")
    assert before[0] == "See [(1)](#eq-b)." and r"\tag{1}" in before[1]
    after = readable(before[0], "```{math}\n:label: eq-a\na\n```", before[1])
    assert after[0] == "See [(2)](#eq-b)." and r"\tag{1}" in after[1] and r"\tag{2}" in after[2]


def test_figures_are_numbered_apart_from_equations():
    cells = readable(
        "$$\na\n$$ (eq-a)", "```{caption} fig-a\nA.\n```", "```{caption} fig-b\nB.\n```", "{numref}`fig-b`"
    )
    assert r"\tag{1}" in cells[0] and "**Figure 2.**" in cells[2] and cells[3] == "[Figure 2](#fig-b)"


def test_the_works_that_a_chapter_cites_stand_at_its_end_once():
    cells = readable("{cite}`zheng2022self`, {cite:t}`he2016deep`, {cite}`zheng2022self`")
    assert readable(*cells[:1])[-1] == cells[-1]
    assert re.findall(r'^- <a id="ref-(\w+)"></a>', cells[-1], re.MULTILINE) == ["he2016deep", "zheng2022self"]
    assert "Zhenzhu Zheng and Xi Peng" in cells[-1] and "2022" in cells[-1] and not re.search(r"[{}]|\\", cells[-1])


@pytest.mark.parametrize(
    "text",
    [
        "{eq}`eq-nowhere`",
        "{numref}`fig-nowhere`",
        "{cite}`nobody2000nothing`",
        "```{admonition} Other\n:class: tip\nText.\n```",
    ],
)
def test_what_cannot_be_resolved_is_said(text):
    with pytest.raises(ValueError, match="eq-nowhere|fig-nowhere|nobody2000nothing|Other"):
        readable(text)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_no_cell_of_a_chapter_holds_raw_myst(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            assert not MYST.search(cell.source), MYST.search(cell.source)[0]
            # A notebook takes mathematics out before Markdown, with the marks of a quotation that stand inside it.
            quoted = [line for line in cell.source.splitlines() if line.startswith(">")]
            assert not [line for line in quoted if line.replace(r"\$", "").count("$") % 2], quoted
            places = re.findall(r"\]\(#((?:eq|fig|ref)-[\w-]+)\)", cell.source)
            assert all(f'<a id="{place}"></a>' in _prose(path) for place in places), places


def _prose(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
