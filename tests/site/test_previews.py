"""A link to a term, a symbol, an equation, a work or a section shows what it leads to, however a reader comes upon it."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect
from support.axe import violations
from support.site_pages import ROOT, SITE

CHAPTER = "book/distillation.html"
# A link of each kind, and what its box says of it.
KINDS = {
    "term": (
        "a.sg-term[href$='#term-teacher']",
        r"^teacher\s+In distillation, the network whose predictions another one learns",
    ),
    "symbol": ("a.sg-term[href$='#symbol-tau']", r"temperature; 1 in the cross-entropies"),
    "equation": ("a.internal[href='#equation-eq-kl']:not(.headerlink)", r"\(3\.2\).*KL"),
    "explorable": ("a.internal[href='#fig-temperature']:not(.headerlink)", r"Figure 3\.3.*Logits"),
    "work": ("a[href^='references.html#']", r"\d{4}\.$"),
}


def box(page):
    return page.locator("#sg-preview")


def link(page, kind):
    return page.locator("article").locator(KINDS[kind][0]).first


@pytest.fixture(scope="module", params=[False, True], ids=["served", "double-click"])
def chapter(opened, request):
    """A chapter in which one link after another is pointed at."""
    with opened(by_file=request.param) as site:
        site.go(CHAPTER)
        yield site


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_link_leads_to_is_shown_while_it_is_pointed_at(chapter, kind):
    page = chapter.page
    link(page, kind).hover()
    expect(box(page)).to_have_text(re.compile(KINDS[kind][1], re.DOTALL), use_inner_text=True)
    assert link(page, kind).get_attribute("aria-describedby") == "sg-preview"
    assert not box(page).locator(".math:not(:has(.katex))").count()
    box(page).hover()
    page.wait_for_timeout(500)  # longer than it stays open by itself
    assert box(page).is_visible()
    page.locator("article h1").hover()
    expect(box(page)).to_be_hidden()
    assert not chapter.problems


def test_by_keyboard_it_opens_with_the_focus_and_escape_closes_it(opened):
    with opened(360, "dark") as site:
        page = site.go(CHAPTER)
        before = page.locator("article a.sg-term").first
        before.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert before.evaluate("(node) => node === document.activeElement")
        expect(box(page)).to_be_visible()
        assert violations(page, "region") == []
        page.keyboard.press("Escape")
        assert box(page).is_hidden() and before.evaluate("(node) => node === document.activeElement")
        page.keyboard.press("Tab")
        expect(box(page)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert not site.problems


def test_a_first_tap_shows_and_a_second_one_goes(opened):
    with opened(360, touch=True) as site:
        page = site.go(CHAPTER)
        link(page, "term").tap()
        expect(box(page)).to_contain_text("Tap again to go there.")
        page.locator("article h1").tap()
        expect(box(page)).to_be_hidden()
        link(page, "term").tap()
        expect(box(page)).to_be_visible()
        link(page, "term").tap()
        page.wait_for_url("**/glossary.html#term-teacher")
        assert not site.problems


def test_a_page_without_formulas_sets_those_in_a_preview(opened):
    with opened(by_file=True) as site:
        page = site.go("book/glossary.html")
        page.evaluate(
            """() => {
              const link = Object.assign(document.createElement("a"), { href: "distillation.html#equation-eq-kl", textContent: "KL" });
              document.querySelector("article p").append(link);
            }"""
        )
        page.get_by_role("link", name="KL", exact=True).hover()
        expect(box(page).locator(".katex-html")).to_be_visible()
        assert not site.problems


def test_nothing_of_it_is_printed(opened):
    with opened() as site:
        page = site.go(CHAPTER)
        link(page, "term").hover()
        expect(box(page)).to_be_visible()
        page.emulate_media(media="print")
        assert box(page).is_hidden()
        assert link(page, "term").evaluate("(node) => getComputedStyle(node).textDecorationLine") == "none"


CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_a_term_is_a_link_once_in_a_section_and_only_in_running_text(path):
    soup = BeautifulSoup((SITE / "book" / f"{path.stem}.html").read_text("utf-8"), "html.parser")
    article = soup.find("article")
    assert article.select("a.sg-term")
    untouched = "h1, h2, h3, pre, code, table, .math, .admonition, details, figcaption, em, .cell"
    assert article.select(f":is({untouched}) a.sg-term, a a") == []
    for section in article.select("section > section"):
        if section.parent.parent.name != "section":
            links = [link["href"] for link in section.select("a.sg-term")]
            assert len(links) == len(set(links)), section["id"]
    # Nothing was lost or written twice: the words are those of the notebook.
    cells = nbformat.read(path, as_version=4).cells
    words = " ".join(cell.source for cell in cells if cell.cell_type == "markdown").split()
    for link in article.select("a.sg-term:not(:has(.math))"):
        assert link.get_text().split()[0].lower() in " ".join(words).lower()


def test_a_name_in_capitals_is_no_word():
    """The method ONE is a term; the number is none."""
    page = BeautifulSoup((SITE / "book" / "online-distillation.html").read_text(encoding="utf-8"), "html.parser")
    linked = [node.get_text() for node in page.select("a.sg-term[href$='#term-ONE']")]
    assert linked and set(linked) == {"ONE"}


def test_every_link_to_a_term_a_symbol_an_equation_or_a_work_has_a_preview():
    missing = []
    for page in sorted(SITE.glob("book/*.html")):
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        for link in soup.select("article a[href*='#']:not(.headerlink, .nav-link)"):
            name, place = link["href"].split("#")
            if not re.fullmatch(r"(?:term|symbol|equation)-.+|id\d+", place) or "/" in name:
                continue
            script = SITE / "_static" / "previews" / "book" / (Path(name or page.name).with_suffix(".js"))
            shown = json.loads(script.read_text("utf-8").split(" = ", 1)[1].rstrip(";\n"))
            if not shown.get(place) or (place.startswith("symbol") and "</strong><div>" not in shown[place]):
                missing.append((page.name, name, place))
    assert missing == []
