"""What the search of the site looks through: each section of each page, with its words, in one script.

A script, because a page opened by double-click may not fetch; only the search page loads it (``_static/search.js``). Entries of the
glossary, the notation and the API reference count as sections. Sphinx's own index knows which pages have a word, and would have to
fetch each page to show where.
"""

import copy
import json
import re
from pathlib import Path

from articles import article, pages

FILE = "_static/search/sections.js"
# What nobody looks for, what scripts draw, and what is kept from a reader who has not answered yet.
UNSAID = (
    "script, style, noscript, button, svg, figure .sg-figure, .headerlink, .eqno, .sg-run, .sg-feedback, .sg-explorable, "
    "div.math, table:has(tr[id]) thead, .cell_output pre, details.hide > summary, details.answer, .admonition.dropdown, .fn-bracket"
)
ENTRIES = "dl.glossary > dt[id], dl.py > dt[id], tr[id]"
SIGNS = {
    **dict(zip("lambda tau theta pi alpha sigma mu epsilon beta gamma eta".split(), "λτθπασμεβγη", strict=True)),
    **dict(zip("dots cdots ldots cdot times approx le ge ne in to sum Vert".split(), "………·×≈≤≥≠∈→∑‖", strict=True)),
    **dict(zip("infty nabla sqrt top".split(), "∞∇√ᵀ", strict=True)),
    **dict.fromkeys("mathrm text mathcal mathbb boldsymbol operatorname displaystyle quad qquad bar hat".split(), " "),
    **dict.fromkeys("left right bigl bigr".split(), ""),
}


def words(tex):
    """A formula within a text, in letters and signs."""
    tex = re.sub(r"\\class\{sg-[a-z]+\}", "", tex)
    tex = re.sub(r"(?<=\d)\\,(?=\d{3})", ",", tex).replace(r"\|", "‖")
    tex = re.sub(r"\\[,;: ]", " ", tex).replace(r"\!", "")
    tex = re.sub(r"\\[td]?frac(?:(\w)(\w)|\{([^{}]*)\}\{([^{}]*)\})", r"\1\3/\2\4", tex)
    tex = re.sub(r"\\binom\{([^{}]*)\}\{([^{}]*)\}", r"(\1 over \2)", tex)
    tex = re.sub(r"\\sqrt\{([^{}]{2,})\}", r"√(\1)", tex)
    tex = re.sub(r"\\([a-zA-Z]+)", lambda found: SIGNS.get(found[1], found[1]), tex)
    return re.sub(r"\s+", " ", re.sub(r"[{}\\]", "", tex).replace("^2", "²")).strip()


def sections(path, root):
    """Of one page: title of the page, address, title of the section, its text, its code."""
    body = copy.copy(article(path))
    for part in body.select(UNSAID):
        part.decompose()
    for formula in body.select("span.math"):
        formula.replace_with(words(formula.get_text()))
    name = path.relative_to(root).as_posix()
    heading = body.find("h1")
    page = _text(heading) if heading else ""
    entries = []
    for entry in body.select(ENTRIES):
        if entry.name == "tr":
            parts = [entry]
            title, *said = map(_text, entry.find_all("td"))
        else:
            parts = [entry, entry.find_next_sibling("dd")]
            title, *said = map(_text, parts)
            if "py" in entry.parent["class"]:  # a name, and with what it is called
                title, said = entry["id"], [title, *said]
        entries.append([page, f"{name}#{entry['id']}", title, " ".join(said), ""])
        for part in parts:
            part.extract()
    found = []
    for section in reversed(body.select("section[id]")):  # inner sections before those that hold them
        title = section.find(re.compile("^h[1-6]$"))
        code = [pre.extract() for pre in section.select("pre")]
        heading = _text(title.extract()) if title else page
        found.append([page, f"{name}#{section['id']}", heading, _text(section), " ".join(map(_text, code))])
        section.extract()
    return found[::-1] + entries


def _text(part):
    """Its words; pieces of code that are parts of one word stay together."""
    return re.sub(r"\s+([,.;:!?)\]])", r"\1", re.sub(r"\s+", " ", part.get_text())).strip()


def write_sections(app, error):
    if error or app.builder.name != "html":
        return
    root = Path(app.outdir)
    found = [section for path in pages(app) for section in sections(path, root)]
    file = root / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(section, ensure_ascii=False) for section in found if any(section[3:]))
    file.write_text(f"window.sgSections = [\n{lines}\n];\n", encoding="utf-8")


def leave_out_sphinx_search(app):
    """Its index and its scripts; the page is ours (``_templates/search.html``)."""
    app.builder.search = False


def add_script(app, pagename, templatename, context, doctree):
    static = context["pathto"]("_static", 1)
    scripts = ("found.js",) if pagename != "search" else ("search/sections.js", "search.js")
    tags = "".join(f'<script defer src="{static}/{script}"></script>\n' for script in scripts)
    context["metatags"] = context.get("metatags", "") + tags


def setup(app):
    app.connect("builder-inited", leave_out_sphinx_search)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_sections)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
