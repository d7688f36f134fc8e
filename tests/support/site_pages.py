"""Where the built site is, and which pages it has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

# Painted, and nothing is still being worked out.
SETTLED = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
  do await painted(); while (document.querySelector('.sg-explorable [aria-busy="true"]'));
}"""


def page_names():
    """Every page of the site but the redirects, by its path."""
    html = (
        path for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts and "_sources" not in path.parts
    )
    return [path.relative_to(SITE).as_posix() for path in html if 'http-equiv="Refresh"' not in path.read_text("utf-8")]


def holding(text):
    """The pages that hold a piece of HTML."""
    return [name for name in page_names() if text in (SITE / name).read_text("utf-8")]
