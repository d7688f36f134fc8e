"""The whole book as one PDF and one EPUB, from the built site: ``python -m book._tools.print [FOLDER]``.

Chromium opens each page, lets KaTeX and the figures draw, and freezes what the page says (``paper/freeze.js``). The frozen
pages, one behind the other, are printed twice: page numbers are known only once there are pages. The same pages with MathML
make the EPUB (``epub.py``).

Explorables are their pictures with the address where they live. Folded code is left out, since the notebooks have it; folded
results stand open; answers of predictions and solutions of exercises are collected at the end.
"""

import re
import sys
import threading
from html import escape
from pathlib import Path
from typing import NamedTuple

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from sgutils import __version__, colors
from tests.support.browser import FLAGS, MISSING, find_chromium
from tests.support.waiting import until_true

from .._ext.repository import address, site_address
from .epub import Book, Chapter, write_epub
from .serve import server

ROOT = Path(__file__).resolve().parents[2]
SITE, PAPER = ROOT / "_build" / "html", Path(__file__).with_name("paper")
NAME = "self-guidance-book"
TITLE, AUTHOR, COVER = "The Self-Guidance Book", "The Self-Guidance Book authors", "_static/overview.png"
ANSWERS = "answers"
# The scripts that draw what is frozen; those that wait for a reader's hand stay away.
DRAWS = re.compile(r"/(?:katex\.min|math|figure)\.js")
FIGURE_WIDTH = 900  # a figure is drawn to the width of its page: here that of a wide window's text
SHEETS = ("katex/katex.min.css", "_static/pygments.css", "_static/explorables/explorables.css")
WITH_PAGE = re.compile(r'<a class="with-page" href="#(?P<id>[^"]+)">.*?</a>')
LIGHT = re.compile(r"""^html\[data-theme="light"\] (\.highlight \.\w+ \{.*\})""", re.MULTILINE)
# What is folded has no width to be drawn to.
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
DRAWN = """[...document.querySelectorAll(".sg-figure")].every((host) => host.dataset.drawn)
  && [...document.querySelectorAll("article .math")].every((at) => at.querySelector(".katex"))"""
NUMBER = """(numbers) => document.querySelectorAll("[data-of]").forEach((at) => {
  at.textContent = numbers[at.dataset.of] ?? "000";
})"""


class Part(NamedTuple):
    """Some pages of the book and what stands above them in the contents."""

    caption: str
    pages: list[str]


def parts() -> list[Part]:
    """The pages in reading order, as ``_toc.yml`` lists them."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [Part(part["caption"], [Path(page["file"]).name for page in part["chapters"]]) for part in toc["parts"]]
    return [Part("", [Path(toc["root"]).name]), *listed]


def frozen(browser, base: str) -> dict[str, dict]:
    """What each page of the site at ``base`` says, by its name (see ``paper/freeze.js``)."""
    names = [name for part in parts() for name in part.pages]
    context = browser.new_context(viewport={"width": FIGURE_WIDTH, "height": 900}, color_scheme="light")
    context.add_init_script(path=PAPER / "freeze.js")
    context.route(
        re.compile(r"\.js(?:\?|$)"),
        lambda route: route.continue_() if DRAWS.search(route.request.url) else route.abort(),
    )
    page = context.new_page()
    place = {"pages": names, "live": site_address(address()), "folder": "book/"}
    found = {}
    for name in names:
        page.goto(f"{base}book/{name}.html")
        page.evaluate(UNFOLD)
        until_true(page, DRAWN)
        found[name] = page.evaluate("(place) => freeze(place)", {"name": name, **place})
    context.close()
    return found


def answers(pages: dict[str, dict], form: str) -> str:
    """The last chapter: the answers and solutions of all the others. ``form`` is ``html`` or ``xml``."""
    text = f'<h1 id="{ANSWERS}--top">Answers and solutions</h1>'
    for name, page in pages.items():
        if page["answers"]:
            text += f'<section id="{ANSWERS}--{name}"><h2>{escape(page["title"])}</h2>'
        for answer in page["answers"]:
            back = f'<a class="with-page" href="#{name}--to-answer-{answer["id"]}">{answer["kind"]} {answer["at"]}</a>'
            text += (
                f'<section class="answer" id="{ANSWERS}--{name}-{answer["id"]}">'
                f'<h3>{back} <span class="about">{escape(answer["about"])}</span></h3>{answer["body"][form]}</section>'
            )
        if page["answers"]:
            text += "</section>"
    return text


def style(*names: str) -> str:
    """The sheets of these names, with values for the variables of the colours, which neither margins nor EPUB readers know."""
    sheets = "".join((PAPER / name).read_text(encoding="utf-8") for name in names)
    values = {name: color.light for name, color in {**colors.ROLES, **colors.NEUTRALS}.items()}
    roles = "".join(f".sg-{role} {{ color: {color.light}; }}\n" for role, color in colors.ROLES.items())
    return re.sub(r"var\(--sg-(\w+)\)", lambda variable: values[variable[1]], sheets) + roles


def as_epub(pages: dict[str, dict]) -> Book:
    """The pages as an EPUB's chapters, behind a title page."""
    bodies = {name: page["xml"] for name, page in pages.items()} | {ANSWERS: answers(pages, "xml")}
    listed = [
        (caption, [Chapter(name, title, bodies[name], sections) for name, title, sections in chapters])
        for caption, chapters in contents(pages)
    ]
    front = Chapter("title", "Title page", title_page() + edition(), [])
    # The theme colours code in light and in dark.
    code = LIGHT.findall((SITE / "_static" / "pygments.css").read_text("utf-8"))
    sheet = style("book.css") + "\n".join(code)
    return Book(TITLE, AUTHOR, "en", site_address(address()), __version__, sheet, [("", [front]), *listed], COVER)


def contents(pages: dict[str, dict]) -> list[tuple[str, list[tuple[str, str, list[tuple[str, str]]]]]]:
    """Caption, and under it id and title of each chapter with those of its sections."""
    listed = [
        (
            part.caption,
            [
                (name, pages[name]["title"], [(s["id"], s["title"]) for s in pages[name]["sections"]])
                for name in part.pages
            ],
        )
        for part in parts()
    ]
    return [*listed, ("At the end", [(ANSWERS, "Answers and solutions", [])])]


def title_page() -> str:
    return (
        '<section class="title-page"><h1>The Self-Guidance Book</h1>'
        '<p class="subtitle">How a residual network teaches the smaller networks inside it</p>'
        '<p><img src="_static/overview.png" alt=""/></p>'
        f"<p>The Self-Guidance Book authors</p><p>Version {__version__}</p></section>"
    )


def edition() -> str:
    """What a reader of paper must know of the book that it was made from."""
    live = site_address(address())
    return (
        '<section class="edition"><h2>About this edition</h2>'
        f'<p>This book was made to be moved by hand. It lives at <a href="{live}">{live.split("://")[1]}</a>, where every picture '
        "marked “Alive at” answers to its controls, networks train in the page, and each chapter opens as a notebook.</p>"
        "<p>Here, an explorable is a picture of its first state. Code that is folded on the page (most of it draws figures) is left "
        "out; it is in the notebooks. What is folded until you predict it stands open, so cover the page below a question if you want "
        "to answer it first. The answers to predictions and the solutions of exercises are at the end of the book.</p>"
        "<p>Code and text are under the MIT licence.</p></section>"
    )


def paged(pages: dict[str, dict]) -> str:
    """The document that is printed; each element with ``data-of`` waits for the page on which that id stands."""
    toc, heads = "", ""
    for caption, chapters in contents(pages):
        toc += f'<p class="part">{caption}</p>' if caption else ""
        for name, title, sections in chapters:
            inner = "".join(f"<li>{_entry(id, text)}</li>" for id, text in sections)
            toc += f"<ol><li>{_entry(name, title)}<ol>{inner}</ol></li></ol>"
            head = title.replace("\\", "\\\\").replace('"', '\\"')
            heads += f'#{name} {{ page: {name}; }} @page {name} {{ @top-left {{ content: "{head}"; }} }}\n'
    bodies = {name: page["html"] for name, page in pages.items()} | {ANSWERS: answers(pages, "html")}
    text = "".join(f'<section class="chapter" id="{name}">{body}</section>' for name, body in bodies.items())
    text = WITH_PAGE.sub(r'\g<0> (page <span data-of="\g<id>">000</span>)', text)
    sheets = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in SHEETS)
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>The Self-Guidance Book</title>'
        f"{sheets}<style>{style('book.css', 'paged.css')}{heads}</style></head><body>{title_page()}{edition()}"
        f'<nav class="contents"><h1>Contents</h1>{toc}</nav>{text}</body></html>'
    )


def _entry(id, title):
    return f'<a href="#{id}">{escape(title)}<span class="page" data-of="{id}">000</span></a>'


def write_pdf(browser, base: str, pages: dict[str, dict], path: Path) -> list[str]:
    """Print until every page number in the text is that of the page; what is wider than a page is returned."""
    page = browser.new_page(viewport={"width": 800, "height": 1000})
    page.emulate_media(media="print", color_scheme="light")
    document = paged(pages)
    page.route(f"{base}print.html", lambda route: route.fulfill(body=document, content_type="text/html"))
    page.goto(f"{base}print.html")
    page.evaluate("document.fonts.ready.then(() => true)")
    too_wide = page.evaluate((PAPER / "fit.js").read_text(encoding="utf-8"))
    numbers: dict[str, int] = {}
    for _ in range(4):
        page.evaluate(NUMBER, numbers)
        page.pdf(path=path, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        printed, reader = numbers, PdfReader(path)
        places = reader.named_destinations.items()
        numbers = {name.removeprefix("/"): 1 + reader.get_destination_page_number(place) for name, place in places}
        if numbers == printed:
            break
    page.close()
    return too_wide


def main(folder: Path) -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit(MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    site = server(SITE)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{site.server_port}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        pages = frozen(browser, base)
        for what in write_pdf(browser, base, pages, folder / f"{NAME}.pdf"):
            print(f"Too wide for the page: {what}")
        browser.close()
    site.shutdown()
    write_epub(folder / f"{NAME}.epub", as_epub(pages), SITE)
    print(f"The book is at {folder / NAME}.pdf and {folder / NAME}.epub")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_build" / "print")
