"""What the theme would make every reader download without need: taken out of the built site.

Font Awesome weighs 540 kB gzip as a script, or 270 kB as fonts. The theme shows some thirty of its icons, so the site
carries a font of those alone (``_vendor/fontawesome``) and the style sheet loses the rules of the others.
"""

import re
import shutil
from pathlib import Path

ICON = re.compile(r'(?:\.fa-[\w-]+:before,?)+\{content:"\\([0-9a-f]+) ?"\}')
# The code points in the fonts of _vendor/fontawesome; a theme that shows another icon needs a new subset.
KEPT = set(
    "f002 f00d f015 f019 f03a f03b f042 f04b f054 f057 f058 f05a f062 f064 f065 f06a f071 f077 f078 f09b f0c9 f0eb f0f3 "
    "f104 f105 f121 f135 f15b f15c f185 f186 f1c1 f303 f35d".split()
)
THEBE = ("THEBE_JS_URL", "sphinx-thebe")


def drop_thebe(app, pagename, templatename, context, doctree):
    """Thebe would run code on another host, and its script is declared twice, which browsers report as an error."""
    for kind in ("script_files", "css_files"):
        context[kind] = [item for item in context[kind] if not _mentions(item, THEBE)]


def _mentions(asset, words):
    text = f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', '')}"
    return any(word in text for word in words)


def trim(app, error):
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    sheet.write_text(
        ICON.sub(lambda rule: rule[0] if rule[1] in KEPT else "", sheet.read_text(encoding="utf-8")), "utf-8"
    )

    fonts = static / "vendor" / "fontawesome" / "webfonts"
    shutil.rmtree(fonts)
    shutil.move(out / "fontawesome", fonts)
    sphinx_search = {static / "searchtools.js", static / "language_data.js"}  # the search is ours
    for unused in {
        *static.rglob("*.map"),
        *static.glob("scripts/fontawesome*"),
        *static.glob("sphinx-thebe*"),
        *sphinx_search,
    }:
        unused.unlink()
    shutil.rmtree(static / "locales", ignore_errors=True)


def setup(app):
    app.connect("html-page-context", drop_thebe)
    # After the other extensions wrote what they write.
    app.connect("build-finished", trim, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
