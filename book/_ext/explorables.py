"""Explorables on the page: the same ES module that a kernel hosts, mounted without one.

Each page gets the scripts of the explorables that it holds and no others. A script is classic and carries its module as
text, because a page opened by double-click may neither fetch nor import from disk; ``_static/mount.js`` imports the text
through a Blob.
"""

import json
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sgutils.widgets import bundle  # noqa: E402

MODULE = re.compile(r'data-module="([a-z_]+)"')


class Explorable(SphinxDirective):
    """```` ```{explorable} temperature ```` puts an explorable into a Markdown page; the body may give its state as JSON."""

    required_arguments = 1
    has_content = True
    option_spec = {"title": directives.unchanged, "min-height": directives.nonnegative_int}

    def run(self):
        name = self.arguments[0]
        if name not in bundle.NAMES:
            raise self.error(f"there is no explorable {name!r}; there are: {', '.join(sorted(bundle.NAMES))}")
        try:
            state = json.loads("\n".join(self.content) or "{}")
        except json.JSONDecodeError as error:
            raise self.error(f"the state of explorable {name!r} is not JSON: {error}") from error
        title = self.options.get("title", name.replace("_", " ").capitalize())
        html = bundle.mount_html(name, state, title=title, min_height=self.options.get("min-height", 320))
        return [nodes.raw("", html, format="html")]


def add_scripts(app, pagename, templatename, context, doctree):
    static = context["pathto"]("_static", 1)
    tags = [f'<link rel="stylesheet" href="{static}/explorables/explorables.css">']
    for name in sorted(set(MODULE.findall(context.get("body", "")))):
        tags.append(f'<script defer src="{static}/explorables/{name}.js"></script>')
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def write_scripts(app, error):
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "explorables")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "explorables.css").write_text(bundle.stylesheet(), encoding="utf-8")
    for name in bundle.NAMES:
        source = json.dumps(bundle.module_source(name))
        (folder / f"{name}.js").write_text(f"(window.sgExplorables ||= {{}})[{json.dumps(name)}] = {source};\n", encoding="utf-8")


def setup(app):
    app.add_directive("explorable", Explorable)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
