"""The repository's address, for every button and link of the site.

It is written once, in ``pyproject.toml`` under ``[project.urls]``; a fork's builds follow the fork, because the address
of the GitHub Action that builds, or of the clone's own remote, comes first.
"""

import os
import re
import subprocess
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
GITHUB = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
COLAB = "https://colab.research.google.com/github/{slug}/blob/{branch}/{path}"
KAGGLE = "https://kaggle.com/kernels/welcome?src=https://raw.githubusercontent.com/{slug}/{branch}/{path}"
BINDER = "https://mybinder.org/v2/gh/{slug}/{branch}?urlpath=lab/tree/{path}"  # with what .binder/ installs
BRANCH = "main"
INSTALL = "read-it-run-it-build-on-it"  # the section of the first page that says how
WORDS_A_MINUTE = 200
LINES_A_MINUTE = 20  # of code
MINUTES_AN_EXPLORABLE = 2


def written_address(root=ROOT):
    """The address in ``pyproject.toml``."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Repository = "([^"]+)"$', text, re.MULTILINE)
    if not found:
        raise ValueError(
            'pyproject.toml has no line `Repository = "https://github.com/…"` under [project.urls]: add it'
        )
    return found[1]


def address(root=ROOT, environ=os.environ):
    """The repository's web address: the running GitHub Action's, else a GitHub remote's, else the written one."""
    if environ.get("GITHUB_REPOSITORY"):
        return f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
    git = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        remote = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        remote = ""
    found = GITHUB.search(remote)
    return f"https://github.com/{found[1]}" if found else written_address(root)


def site_address(repository):
    """Where GitHub Pages publishes the book of a repository."""
    owner, name = repository.split("github.com/")[-1].split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def launch_link(service, repository, path):
    """Where a service (``COLAB``, ``KAGGLE``, ``BINDER``) opens the committed notebook at ``path`` (relative to the root)."""
    slug = repository.split("github.com/")[-1]
    return service.format(slug=slug, branch=BRANCH, path=path)


def colab_link(repository, path):
    """As above, for the link that stands in the notebooks themselves."""
    return launch_link(COLAB, repository, path)


def set_theme_options(app, config):
    repository = address()
    config.html_theme_options |= {
        "repository_url": repository,
        "repository_branch": BRANCH,
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": False,
        "use_edit_page_button": False,
        "use_download_button": False,
        "use_fullscreen_button": False,
        "navbar_persistent": [],
    }


def add_run_line(app, pagename, templatename, context, doctree):
    """Under the title of a chapter: how long it takes to read, where to run it, or take the notebook home."""
    if doctree is None or not app.env.doc2path(pagename).endswith(".ipynb"):
        return
    path = f"{pagename}.ipynb"
    source = context["pathto"](f"_sources/{path}", 1)
    line = (
        '<p class="sg-run d-print-none">'
        f"<span>{minutes_to_read(doctree)} minutes to read</span>"
        "<span>Run in "
        f'<a href="{colab_link(address(), path)}">Colab</a>, '
        f'<a href="{launch_link(KAGGLE, address(), path)}">Kaggle</a> or '
        f'<a href="{launch_link(BINDER, address(), path)}">Binder</a></span>'
        f'<span><a href="{source}" download>Download notebook</a> '
        f'(<a href="{context["pathto"]("book/index")}#{INSTALL}">what it needs</a>)</span>'
        f'<a href="{context["pathto"](f"book/slides/{Path(path).stem}")}">Slides of this chapter</a></p>'
    )
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{line}", 1)


class Install(SphinxDirective):
    """The directive ``install``: what to type to have the package with everything that the chapters use."""

    def run(self):
        text = f'pip install "sgutils[book] @ git+{address()}"'
        return [nodes.literal_block(text, text, language="bash")]


def minutes_to_read(doctree):
    """Of the text, of the code that is not folded, and of a first play with each explorable, in steps of five."""
    words = sum(len(node.astext().split()) for node in doctree.findall(nodes.paragraph))
    cells = [node for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    read = [cell for cell in cells if not {"tag_hide-input", "tag_hide-cell"} & set(cell["classes"])]
    # A cell without input that gave nothing is empty.
    code = [block for cell in read if cell.children for block in cell[0].findall(nodes.literal_block)]
    lines = sum(len(block.astext().splitlines()) for block in code)
    explorables = sum("data-module=" in node.astext() for node in doctree.findall(nodes.raw))
    minutes = words / WORDS_A_MINUTE + lines / LINES_A_MINUTE + explorables * MINUTES_AN_EXPLORABLE
    return max(5, 5 * round(minutes / 5))


def issue_link(repository, title):
    """Where a reader says that something is wrong on a page: a new issue that names the page already."""
    return f"{repository}/issues/new?{urlencode({'template': 'bug.md', 'title': f'{title}: '})}"


def add_feedback_line(app, pagename, templatename, context, doctree):
    """At the end of every page."""
    if doctree is None:
        return
    href = escape(issue_link(address(), re.sub(r"<[^>]+>", "", context["title"])))
    context["body"] += (
        f'<p class="sg-feedback d-print-none"><a href="{href}">Something wrong or unclear here? Tell us.</a></p>'
    )


def setup(app):
    app.add_directive("install", Install)
    app.connect("config-inited", set_theme_options)
    app.connect("html-page-context", add_run_line)
    app.connect("html-page-context", add_feedback_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
