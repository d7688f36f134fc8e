"""What a cell printed in columns keeps its lines: where the page is narrower they slide sideways, and sentences wrap."""

import re

from docutils import nodes

COLUMNS = re.compile(r"\S {2,}\S")


def mark(app, doctree, docname):
    for block in doctree.findall(nodes.literal_block):
        if "output" in block["classes"] and COLUMNS.search(block.astext()):
            block["classes"].append("sg-columns")


def setup(app):
    app.connect("doctree-resolved", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
