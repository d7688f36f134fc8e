"""Where the built site is, which pages it has, and what they weigh."""

import gzip
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

# Already compressed, so they travel as they are.
COMPRESSED = {".woff2", ".png", ".jpg", ".webp", ".gz"}

# Painted, and nothing is still being worked out.
SETTLED = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
  do await painted(); while (document.querySelector('.sg-explorable [aria-busy="true"]'));
}"""


def page_names():
    """Every page of the site but the redirects and the slides, by its path."""
    others = {"_static", "_sources", "slides"}
    html = (path for path in sorted(SITE.rglob("*.html")) if not others & set(path.relative_to(SITE).parts))
    return [path.relative_to(SITE).as_posix() for path in html if 'http-equiv="Refresh"' not in path.read_text("utf-8")]


def holding(text):
    """The pages that hold a piece of HTML."""
    return [name for name in page_names() if text in (SITE / name).read_text("utf-8")]


def markdown_of(notebook):
    """The text of a chapter's Markdown cells."""
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def wire_sizes(addresses):
    """Bytes of each file of the site among these addresses, by its path, as a host that compresses would send it."""
    paths = {unquote(urlsplit(address).path).lstrip("/") for address in addresses}
    return {path: _wire_size(SITE / path) for path in paths}


def _wire_size(file):
    data = file.read_bytes()
    return len(data) if file.suffix in COMPRESSED else len(gzip.compress(data, 6))
