"""What the links of a page lead to, for the box that opens beside a link (``_static/previews.js``).

All pages are written first; then, for each page that others or itself link into, a script with what stands at those places. It
is a script and not JSON, because a page opened by double-click may not fetch; a page loads it when a reader points at a link.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from articles import article, pages
from bs4 import BeautifulSoup

LONGEST = 600  # characters of text
# A box that opens by itself holds nothing to press, and nothing that runs.
REMOVED = "script, noscript, template, button, .headerlink, .fn-bracket, iframe"


def linked_places(pages):
    """For each page of the site, the ids that links of any page lead to."""
    places = {}
    for path in pages:
        for link in article(path).select("a[href*='#']:not(.headerlink, .nav-link)"):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            places.setdefault(target, set()).add(unquote(parts.fragment))
    return places


def preview(soup, place):
    """What stands at a place of a page, as HTML; empty where there is nothing to show."""
    at = soup.find(id=place)
    if at is None:
        return ""
    if at.name in ("span", "a") and not at.get_text(strip=True):  # an anchor before what it names
        at = at.find_next_sibling() or at.parent
    at = at.find_parent("tr") or at
    if at.name == "dt":
        term = at.get("class") is None
        parts = [_copy(at, "dt", "strong" if term else "div"), *_beginning(at.find_next_sibling("dd"), 1 + term)]
    elif at.name == "tr":
        symbol, meaning, *rest = at.find_all("td", recursive=False)
        parts = [
            _copy(symbol, "td", "strong"),
            _copy(meaning, "td", "div"),
            *(_copy(cell, "td", "div") for cell in rest),
        ]
    elif at.name == "section":
        parts = _beginning(at, 2)
    elif re.fullmatch(r"h[1-6]", at.name):
        parts = [_copy(at, at.name, "strong"), *_copied(at.find_next_siblings("p", limit=1))]
    else:
        parts = [_copy(at, at.name, at.name)]
    html = "".join(str(part) for part in parts if part.get_text(strip=True) or part.find(["img", "svg"]))
    return re.sub(r"\s+", " ", html).strip()


def _beginning(node, blocks):
    """The first paragraphs of a section (with its heading) or of a definition."""
    parts, length = [], 0
    for child in node.find_all(["p", "ul", "ol", "h1", "h2", "h3", "h4"], recursive=False)[:blocks]:
        length += len(child.get_text())
        if parts and length > LONGEST:
            break
        parts.append(_copy(child, child.name, "strong" if child.name.startswith("h") else child.name))
    return parts


def _copied(found):
    return [_copy(node, node.name, node.name) for node in found]


def _copy(node, old, new):
    """A copy of an element, without ids, and with links and permalinks as their words."""
    (copy,) = BeautifulSoup(str(node), "html.parser").contents
    for explorable in copy.select(".sg-explorable"):  # its picture; what is alive stays in its place
        explorable.replace_with(*explorable.select("noscript img"))
    for part in copy.select(REMOVED):
        part.decompose()
    for part in [copy, *copy.find_all(True)]:
        # The id of a drawing stays with it: the page in which it stands shows a copy.
        if "id" in part.attrs and "sg-figure" in part.get("class", []):
            part["data-figure"] = part["id"]
        for attribute in ("id", "href", "tabindex", "aria-label", "role", "style"):
            part.attrs.pop(attribute, None)
        if part.name == "a":
            part.name = "span"
            part.attrs.clear()
    if old != new:
        copy.name = new
        copy.attrs.clear()
    return copy


def write_previews(app, error):
    if error or app.builder.name != "html":
        return
    site = Path(app.outdir).resolve()
    for target, places in sorted(linked_places(pages(app)).items()):
        if not target.is_file() or not target.is_relative_to(site):
            continue
        shown = {place: html for place in sorted(places) if (html := preview(article(target), place))}
        name = target.relative_to(site).as_posix()
        file = site / "_static" / "previews" / name.replace(".html", ".js")
        file.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps(shown, ensure_ascii=False, indent=0)
        file.write_text(f"(window.sgPreviews ??= {{}})[{json.dumps(name)}] = {data};\n", encoding="utf-8")


def add_script(app, pagename, templatename, context, doctree):
    static = context["pathto"]("_static", 1)
    context["metatags"] = f'{context.get("metatags", "")}<script defer src="{static}/previews.js"></script>\n'


def setup(app):
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_previews)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
