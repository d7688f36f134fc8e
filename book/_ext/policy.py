"""A Content-Security-Policy on every page: nothing of another host, no inline script but the theme's own, no eval but wasm's.

Written when the pages are whole, because it names the inline scripts of each by their hashes.
"""

import base64
import hashlib
import re
from pathlib import Path

# One that runs: with no address, and of no type or JavaScript's.
INLINE = re.compile(r"<script(?P<attributes>(?:\s[^>]*)?)>(?P<text>.*?)</script>", re.DOTALL)
RUNS = re.compile(r'^(?!.*\ssrc=)(?!.*\stype="(?!(?:text/javascript|module)"))', re.DOTALL)
HEAD = re.compile(r".*?<head[^>]*>", re.DOTALL)
META = '<meta http-equiv="Content-Security-Policy" content="'

# Where a page is opened by double-click, not every browser takes the files beside it for its 'self'.
OWN = "'self' file:"
# Explorables are modules and workers from Blobs (`_static/mount.js`); styles stand on elements that scripts draw.
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": f"{OWN} blob: 'wasm-unsafe-eval'",
    "worker-src": "blob:",
    "style-src": f"{OWN} 'unsafe-inline'",
    "img-src": f"{OWN} blob: data:",
    "font-src": OWN,
    "connect-src": f"{OWN} blob: data:",
    "base-uri": "'none'",
    "form-action": OWN,
}


def policy(page):
    """The policy of a page, from its HTML."""
    scripts = [found["text"] for found in INLINE.finditer(page) if RUNS.match(found["attributes"])]
    hashes = sorted(
        {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts}
    )
    return "; ".join(" ".join([name, value, *hashes * (name == "script-src")]) for name, value in DIRECTIVES.items())


def write_policies(app, error):
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        if META not in page:  # one that was not built again has its own
            head = HEAD.match(page)
            start = head.end() if head else 0  # the front door has no head
            path.write_text(f'{page[:start]}{META}{policy(page)}">{page[start:]}', encoding="utf-8")


def setup(app):
    # After the other extensions wrote what they write.
    app.connect("build-finished", write_policies, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
