"""Slides for the lecturer: for each chapter a page ``book/slides/NAME.html``, made from its built page, so that nothing is written twice.

A slide has a figure, an explorable or a table, a numbered equation below what leads to it, a question to predict, or its
answer. A section with none of these shows how it begins, and its first code. Exercises, without their solutions, and the summary are
shown whole. ``_static/slides.js`` turns the slides; without scripts they stand one below the other.
"""

import copy
import re
from html import escape
from pathlib import Path
from typing import NamedTuple

from articles import article
from bs4 import BeautifulSoup
from explorables import FIGURE, MODULE

from sgutils.widgets import bundle

STYLES = ("../katex/katex.min.css", "pygments.css", "explorables/explorables.css", "site.css", "slides.css")
SCRIPTS = ("../katex/katex.min.js", "math.js", "paper.js")
LONGEST = 700  # characters of text on a slide
TALLEST = 720  # pixels of an explorable on its page; one that is taller could not be read on a slide
HEADINGS = ("h1", "h2", "h3", "h4")
TEXT = ("p", "ul", "ol", "dl", "blockquote")
CODE = {"highlight", "highlight-python"}
TABLE = "pst-scrollable-table-container"
# What is not shown, beside solutions and code that is folded: what a page needs around its text.
UNSAID = {"headerlink", "admonition-title", "tag_hide-cell"}
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
NEW = BeautifulSoup("", "html.parser")


class Slide(NamedTuple):
    kind: str  # title, figure, explorable, table, equation, code, number or text
    above: str  # what stands over the heading
    shown: list
    heading: str = ""
    section: str = ""  # where the chapter has it


def slides(body):
    """The slides of a chapter, from its article."""
    chapter = body.find("section")
    opening = [chapter.find("p", class_=False), *chapter.select(":scope > .sg-aims")]
    made = [Slide("title", "", opening, _heading(chapter), chapter["id"])]
    for section in [chapter, *chapter.find_all("section")]:
        parts = [part for part in section.find_all(recursive=False) if part.name not in ("section", *HEADINGS)]
        found = _of_section(section, parts) if section is not chapter else _shown(parts)
        made += [slide._replace(heading=_heading(section), section=section["id"]) for slide in found]
    return made


def _of_section(section, parts):
    told = list(_told(parts))
    solved = any(_is_solution(part) for part in parts for part in (part, *part.find_all("div", class_="dropdown")))
    is_exercise = solved and not any("tip" in _classes(part) for part in parts)
    if is_exercise or section["id"].startswith("summary"):
        above = "Exercise" if is_exercise and section["id"] != "exercises" else ""
        return [Slide("text", above, group) for group in _groups(told)]
    code = next((i for i, part in enumerate(told) if _classes(part) & CODE), len(told))
    beginning = [*_groups(told[:code])[:1], told[code : code + 1]]
    return _shown(parts) or [Slide("text", "", sum(beginning, []))] * bool(told)


def _classes(part):
    return set(part.get("class", []))


def _is_solution(part):
    return "dropdown" in _classes(part) and "note" not in _classes(part)


def _told(parts):
    """The text, the displays and the code that is not folded."""
    for part in parts:
        if part.name in TEXT or "math" in _classes(part):
            yield part
        elif not _classes(part) & {"dropdown", "tag_hide-cell"}:
            yield from _code(part)


def _code(part):
    inputs = part.find_all("div", class_="cell_input", recursive=False)
    return [code for at in (part, *inputs) for code in at.find_all("div", class_=[*CODE], recursive=False)]


def _shown(parts):
    """A slide for everything in these parts of a section that is more than text."""
    return [slide for part in parts for slide in _of_part(part)]


def _of_part(part):
    classes = _classes(part)
    if "math" in classes and part.find(class_="eqno"):
        lead = part.find_previous_sibling()
        return [Slide("equation", "", [lead, part] if lead.name in TEXT else [part])]
    if "tip" in classes:
        return [Slide("text", "Predict first", [part])]
    if "answer" in classes:
        return [_answer(part)]
    if classes & {"dropdown", "tag_hide-cell"}:
        return []
    below = part.find_next_sibling()
    if below and _is_solution(below) and _code(part):
        return [Slide("code", "Exercise", _code(part))]
    found = []
    for at in (part, *part.find_all(["figure", "div", "ul", "ol"])):
        is_output = "cell_output" in _classes(at.parent)
        if "sg-captioned" in _classes(at):
            kind = "explorable" if at.find(class_="sg-explorable") else "figure"
            found.append(Slide(kind, "", [at]))
        elif TABLE in _classes(at):
            name = at.find_previous_sibling("p") if is_output else None
            found.append(Slide("table", "", [name, at] if name else [at]))
        elif at.name in ("ul", "ol") and is_output:  # sentences that were written from the ledger
            found += [Slide("text", "", group) for group in _groups([at])]
    return found


def _answer(part):
    """An answer; where the question has choices, each stands above what is said of it."""
    choices = part.find_previous_sibling(class_="tip").find("ol", recursive=False)
    if not choices:
        return Slide("number", "Answer", part.find_all("p", recursive=False))
    listed = NEW.new_tag("ol", attrs={"class": "sg-answers"})
    pairs = zip(choices.find_all("li", recursive=False), part.ol.find_all("li", recursive=False), strict=True)
    for choice, reason in pairs:
        row = NEW.new_tag("li", attrs={"class": "sg-right"} if reason.get_text().startswith("Yes") else {})
        row.extend([*copy.copy(choice).contents, *copy.copy(reason).contents])
        listed.append(row)
    return Slide("text", "Answer", [listed])


def _groups(parts):
    """Text in groups that a slide can hold: lists are divided between their items."""
    groups, length = [], LONGEST
    for part in parts:
        rows = part.find_all("li", recursive=False) if part.name in ("ul", "ol") else [part]
        for i, row in enumerate(rows):
            size = len(row.get_text()) - sum(len(at.get_text()) for at in row.find_all("div", class_="dropdown"))
            if length + size > LONGEST:
                groups.append([])
                length = 0
            length += size
            if row is part:
                groups[-1].append(part)
                continue
            if i == 0 or not groups[-1]:
                start = {"start": str(int(part.get("start", 1)) + i)} if part.name == "ol" else {}
                groups[-1].append(NEW.new_tag(part.name, attrs=start))
            groups[-1][-1].append(copy.copy(row))
    return groups


def _heading(section):
    return _said(section.find(HEADINGS)).decode_contents()


def _said(part, page="", places=()):
    """A copy of an element without what is not shown; its links lead to places of this page, or to the chapter's."""
    (part,) = BeautifulSoup(COMMENT.sub("", str(part)), "html.parser").contents
    for at in (part, *part.find_all(True)):
        classes = _classes(at)
        is_script = at.name == "script" and at.get("type") != "application/json"
        if is_script or at.name in ("button", "summary") or classes & UNSAID or _is_solution(at):
            at.extract()
        elif "sg-term" in classes:
            at.unwrap()
        elif "sg-explorable" in classes and bundle.heights(at["data-module"])[0] > TALLEST:
            _show_picture(at, part, f"{page}#{part['id']}")
        if not classes & {"sg-captioned", "sg-figure", "math"}:
            at.attrs.pop("id", None)
        if at.get("href", "").startswith("#") and at["href"] not in places:
            at["href"] = f"{page}{at['href']}"
        for name in ("href", "src"):
            if name in at.attrs and not re.match(r"#|[a-z]+:", at[name]):
                at[name] = f"../{at[name]}"
    return part


def _show_picture(host, figure, address):
    """What is too tall for a slide is its picture there, with a link to where it lives."""
    picture = host.find("img")
    picture.attrs = {"src": picture["src"], "alt": host["aria-label"]}
    host.replace_with(picture)
    link = NEW.new_tag("a", attrs={"href": f"../{address}"})
    link.string = "Open it in the chapter"
    figure.figcaption.append(link)


def _ids(part):
    return {f"#{at['id']}" for at in (part, *part.find_all(id=True)) if at.get("id")}


def render(made, name):
    """The page of some slides of the chapter ``name``."""
    places = {place for slide in made for part in slide.shown for place in _ids(part)}
    title = re.sub(r"<[^>]+>", "", made[0].heading)
    body = ""
    for i, slide in enumerate(made, start=1):
        level = "h1" if i == 1 else "h2"
        shown = "".join(str(_said(part, f"{name}.html", places)) for part in slide.shown)
        above = f'<p class="sg-above">{slide.above}</p>' if slide.above else ""
        body += (
            f'<article class="sg-slide" data-kind="{slide.kind}" id="{i}" aria-label="{i} of {len(made)}"><div class="sg-stage">\n'
            f"<header>{above}<{level}>{slide.heading}</{level}></header>\n"
            f'<div class="sg-body"><div class="sg-content">{shown}</div></div>\n'
            f'<p class="sg-foot"><a href="../{name}.html#{slide.section}">{escape(title)}</a> <span>{i}</span></p>\n'
            "</div></article>\n"
        )
    scripts = [*SCRIPTS, *(f"explorables/{module}.js" for module in sorted(set(MODULE.findall(body))))]
    scripts += ["mount.js"] * ("data-module=" in body) + ["explorables/figure.js"] * (FIGURE in body)
    static = "../../_static"
    head = "".join(f'<link rel="stylesheet" href="{static}/{sheet}">\n' for sheet in STYLES)
    head += "".join(f'<script defer src="{static}/{script}"></script>\n' for script in scripts)
    return (
        '<!doctype html>\n<html lang="en" data-content_root="../../" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Slides: {escape(title)}</title>\n'
        f'<link rel="icon" href="{static}/favicon.svg">\n<script src="{static}/slides.js"></script>\n{head}</head>\n'
        f'<body class="sg-deck"><main>\n{body}</main></body>\n</html>\n'
    )


def write_slides(app, error):
    if error or app.builder.name != "html":
        return
    book = Path(app.outdir, "book")
    (book / "slides").mkdir(exist_ok=True)
    for document in app.env.found_docs:
        if app.env.doc2path(document).endswith(".ipynb"):
            name = Path(document).name
            page = render(slides(article(book / f"{name}.html")), name)
            (book / "slides" / f"{name}.html").write_text(page, encoding="utf-8")


def setup(app):
    app.connect("build-finished", write_slides)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
