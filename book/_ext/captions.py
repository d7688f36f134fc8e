"""Captions: what stands below a figure, an explorable or a picture is one figure with it, and has its number.

A Markdown cell directly below the cell that shows a figure holds the caption and nothing else (`book/_ext/readable.py` says how it
is stored); in a page of Markdown it stands below the ``{explorable}``::

    ```{caption} fig-name
    What is drawn, and what to look for.
    ```

The text refers to it with ``{numref}`fig-name` ``.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class Caption(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        words, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        figure = nodes.figure("", nodes.caption("", "", *words), names=[self.arguments[0]], classes=["sg-captioned"])
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure)
        return [figure, *messages]


class Enclose(SphinxTransform):
    """Put into each figure what stands above its caption: the last output of a cell, or an explorable."""

    default_priority = 300

    def apply(self):
        for figure in [*self.document.findall(nodes.figure)]:
            if "sg-captioned" not in figure["classes"]:
                continue
            shown = figure.parent[figure.parent.index(figure) - 1]
            if isinstance(shown, nodes.container) and shown.get("nb_element") == "cell_code":
                # A result that is folded until a reader predicted it keeps its caption to itself.
                shown = shown[-1][-1]
            elif not isinstance(shown, nodes.raw):
                logger.warning("nothing stands above the caption %s", figure["names"][0], location=figure)
                continue
            figure.parent.remove(figure)
            shown.replace_self(figure)
            figure.insert(0, shown)


class NameFolds(SphinxPostTransform):
    """Say of a folded cell which figure it makes, or that it makes a table: a stack of "Show the code" tells nothing apart."""

    default_priority = 150  # outputs are chosen, and folds are not made yet
    formats = ("html",)

    def run(self, **kwargs):
        numbers = self.env.toc_fignumbers.get(self.env.docname, {}).get("figure", {})
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") != "cell_code" or not cell.get("hide_mode"):
                continue
            figure = next(cell.findall(nodes.figure), None)
            number = numbers.get(figure["ids"][0]) if figure else None
            if number:
                made = f"Figure {'.'.join(map(str, number))}"
            elif next(cell.findall(nodes.table), None):
                made = "the table"
            else:
                continue
            for prompt in ("prompt_show", "prompt_hide"):
                cell[prompt] += f" of {made}"


def setup(app):
    app.add_directive("caption", Caption)
    app.add_transform(Enclose)
    app.add_post_transform(NameFolds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
