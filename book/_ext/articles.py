"""The articles of the built site, parsed once for what is made of whole pages: previews and the index of the search."""

from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup


def pages(app):
    """The pages of the book, once they are written."""
    return sorted(Path(app.outdir, "book").glob("*.html"))


@cache
def article(path):
    """What a page holds without its frame. It is shared: copy what you change."""
    text = path.read_text(encoding="utf-8")
    start, end = text.find("<article"), text.rfind("</article>")
    return BeautifulSoup(text[start:end] if start >= 0 else "", "html.parser")


def setup(app):
    # A second build in one process writes the pages again.
    app.connect("builder-inited", lambda app: article.cache_clear())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
