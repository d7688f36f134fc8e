"""Explorables and figures on the page: what a kernel hosts, alive without one.

Each page gets the scripts of the explorables that it holds and no others. A script is classic and carries its module as
text, because a page opened by double-click may neither fetch nor import from disk; ``_static/mount.js`` imports the text
through a Blob.
"""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sgutils.folders import data_folder
from sgutils.widgets import bundle
from sgutils.widgets.trainer.images import fashion_mnist

MODULE = re.compile(r'data-module="([a-z_]+)"')
# An explorable, from its name to the sentence for those who read without scripts.
NOSCRIPT = re.compile(r'(?P<start>data-module="(?P<name>[a-z_]+)"[^>]*><noscript>)(?P<end><p>)')
PICTURES = Path(__file__).resolve().parents[1] / "_static" / "pictures"
FIGURE = 'class="sg-figure"'
PLOTLY = "application/vnd.plotly.v1+json"


class Explorable(SphinxDirective):
    """```` ```{explorable} temperature ```` puts an explorable into a Markdown page; the body may give its state as JSON."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"title": directives.unchanged}

    def run(self):
        name = self.arguments[0]
        if name not in bundle.NAMES:
            raise self.error(f"there is no explorable {name!r}; there are: {', '.join(sorted(bundle.NAMES))}")
        try:
            state = json.loads("\n".join(self.content) or "{}")
        except json.JSONDecodeError as error:
            raise self.error(f"the state of explorable {name!r} is not JSON: {error}") from error
        return [nodes.raw("", bundle.mount_html(name, state, title=self.options.get("title")), format="html")]


def prefer_html(app, docname, source):
    """A cell that shows a figure as HTML has it for plotly too; the page uses the former, and must not warn of the latter.

    Every other output that the page cannot show keeps its warning, which fails the build.
    """
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if FIGURE in "".join(output.get("data", {}).get("text/html", "")):
                output["data"].pop(PLOTLY, None)
    source[0] = json.dumps(notebook)


def add_pictures(body, static):
    """In each explorable's `<noscript>`, what it looks like where scripts may run (`make pictures`)."""

    def with_picture(found):
        picture = f"pictures/{found['name']}.webp"
        if not (PICTURES / f"{found['name']}.webp").exists():
            return found[0]
        return f'{found["start"]}<img src="{static}/{picture}" alt="" loading="lazy" style="max-width: 100%">{found["end"]}'

    return NOSCRIPT.sub(with_picture, body)


def add_scripts(app, pagename, templatename, context, doctree):
    static = context["pathto"]("_static", 1)
    body = context.get("body", "")
    context["body"] = add_pictures(body, static)
    names = sorted(set(MODULE.findall(body)))
    scripts = [f"explorables/{name}.js" for name in names]
    if names:
        scripts.append("mount.js")
    if FIGURE in body:
        scripts.append("explorables/figure.js")
    # Every page takes its colours from this sheet.
    tags = [f'<link rel="stylesheet" href="{static}/explorables/explorables.css">']
    tags += [f'<script defer src="{static}/{script}"></script>' for script in scripts]
    context["metatags"] = context.get("metatags", "") + "\n".join(tags) + "\n"


def write_scripts(app, error):
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "explorables")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "explorables.css").write_text(bundle.stylesheet(), encoding="utf-8")
    (folder / "figure.js").write_text(bundle.figure_script(), encoding="utf-8")
    for name in bundle.NAMES:
        for file, script in bundle.site_scripts(name).items():
            (folder / file).write_text(script, encoding="utf-8")
    # What an explorable loads at a click: too heavy to come with the page.
    shutil.copytree(
        data_folder() / "networks",
        Path(app.outdir, "_static", "networks"),
        ignore=shutil.ignore_patterns("*.pt", "*.md"),
        dirs_exist_ok=True,
    )
    images = Path(app.outdir, "_static", "trainer", "fashion-mnist.gz")
    images.parent.mkdir(exist_ok=True)
    images.write_bytes(fashion_mnist())


def setup(app):
    app.add_directive("explorable", Explorable)
    app.connect("source-read", prefer_html)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
