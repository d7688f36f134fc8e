"""The slides of a chapter: what its page shows is on them, once and in its order, and they work in the hall and on paper."""

import io
import re

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from support.axe import violations
from support.site_pages import ROOT, SITE, wire_sizes
from support.waiting import until_true

BOOK = SITE / "book"
NAMES = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
DECK_BUDGET = 600_000  # bytes over the wire, as for any page
# Short, with a live explorable, mathematics, code, a prediction of each kind; and the longest, with explorables that are too tall.
SHORT, LONG = "distillation", "self-guidance"


def _parsed(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module", params=NAMES)
def pair(request):
    """A chapter's page and its slides."""
    return _parsed(BOOK / f"{request.param}.html"), _parsed(BOOK / "slides" / f"{request.param}.html")


def _words(part):
    return " ".join(part.get_text().replace("#", "").split())


def test_a_chapter_leads_to_its_slides_and_back(pair):
    chapter, deck = pair
    link = chapter.find("a", string="Slides of this chapter")
    assert deck.title.string == f"Slides: {_words(chapter.article.h1)}"
    places = {at["id"] for at in chapter.find_all(id=True)}
    for foot in deck.select(".sg-foot a"):
        name, place = foot["href"].split("#")
        assert f"../{link['href'].removeprefix('slides/')}" == name and place in places


def test_what_a_chapter_shows_is_on_its_slides_once_and_in_its_order(pair):
    chapter, deck = pair
    article = chapter.find("article")
    for shown in ("figure.sg-captioned", "div.math:has(.eqno)"):
        assert [at["id"] for at in deck.select(shown)] == [at["id"] for at in article.select(shown)]
    captions = [_words(at) for at in article.select("figcaption")]
    assert [_words(at).removesuffix("Open it in the chapter").strip() for at in deck.select("figcaption")] == captions
    above = [at.string for at in deck.select(".sg-above")]
    asked = len(article.select(".admonition.tip"))
    assert above.count("Predict first") == above.count("Answer") == asked
    assert len(deck.select(".sg-slide .tip")) == asked
    tables = ".pst-scrollable-table-container"
    assert len(deck.select(tables)) == len(article.select(tables))
    assert [_words(at) for at in deck.select("h1, [data-kind='title'] .sg-content li")] == [
        _words(at) for at in article.select("h1, .sg-aims li")
    ]


def test_slides_give_no_solution_away_and_none_is_empty(pair):
    chapter, deck = pair
    assert not deck.select(".dropdown:not(.note), button, details.hide")
    shown = _words(deck)
    for solution in chapter.select(".admonition.dropdown:not(.note)"):
        assert _words(solution).removeprefix("Solution").strip() not in shown
    for slide in deck.select(".sg-slide"):
        content = slide.select_one(".sg-content")
        assert _words(content) or content.select("img, .sg-figure, .sg-explorable")
        assert _words(slide.find(["h1", "h2"]))


def test_every_link_of_the_slides_leads_somewhere(pair):
    deck = pair[1]
    ids = {at["id"] for at in deck.find_all(id=True)}
    for at in deck.find_all(lambda tag: tag.get("href") or tag.get("src")):
        address = at.get("href") or at["src"]
        if re.match(r"[a-z]+:", address):
            continue
        path, _, place = address.partition("#")
        target = (BOOK / "slides" / path).resolve()
        assert not path or target.is_file(), address
        if place:
            assert place in ids if not path else f'id="{place}"' in target.read_text("utf-8"), address


@pytest.mark.parametrize("chapter", NAMES)
def test_slides_are_light_over_the_wire(chapter):
    deck = _parsed(BOOK / "slides" / f"{chapter}.html")
    loaded = [at.get("src") or at["href"] for at in deck.select("script[src], link[rel='stylesheet'], img[src]")]
    paths = [(BOOK / "slides" / address).resolve().relative_to(SITE).as_posix() for address in loaded]
    fonts = [f"katex/fonts/{path.name}" for path in (SITE / "katex" / "fonts").glob("KaTeX_Ma[it]*-*.woff2")]
    sizes = wire_sizes([f"book/slides/{chapter}.html", *paths, *fonts])
    assert sum(sizes.values()) <= DECK_BUDGET, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def _fitted(site, name):
    page = site.go(f"book/slides/{name}.html")
    until_true(page, "document.documentElement.matches('[data-fitted]')")
    return page


COUNTER = "document.querySelector('.sg-counter').textContent"
# The one slide that stands in the window, by its number.
SEEN = """[...document.querySelectorAll(".sg-slide")]
  .filter((slide) => { const { left, right } = slide.getBoundingClientRect(); return left < innerWidth - 1 && right > 1; })
  .map((slide) => slide.id)"""
# What does not fit a slide, beside what may scroll in it: code.
CUT = """[...document.querySelectorAll(".sg-body")]
  .filter((body) => body.scrollHeight > body.clientHeight + 1 || body.scrollWidth > body.clientWidth + 1)
  .map((body) => body.closest(".sg-slide").id)"""


def test_keys_and_buttons_turn_the_slides(opened):
    with opened() as site:
        page = _fitted(site, SHORT)
        total = page.locator(".sg-slide").count()
        at = 1
        for key, to in [
            *(("ArrowRight", 2), (" ", 3), ("PageDown", 4), ("ArrowLeft", 3), ("Shift+ ", 2), ("ArrowUp", 1)),
            *(("ArrowLeft", 1), ("End", total), ("ArrowDown", total), ("Home", 1)),
        ]:
            page.keyboard.press(key)
            at = to
            until_true(page, f"({COUNTER}) === '{at} / {total}'")
            assert page.evaluate(SEEN) == [str(at)]
        page.get_by_role("button", name="Next slide").click()
        assert page.evaluate(SEEN) == ["2"] and page.url.endswith("#2")
        page.keyboard.press(" ")  # the button that was clicked does not keep it
        assert page.evaluate(SEEN) == ["3"]
        # A swipe moves the row itself.
        page.evaluate("document.querySelector('main').scrollTo({ left: 4 * innerWidth, behavior: 'instant' })")
        until_true(page, f"({COUNTER}) === '5 / {total}'")
        # Arrows belong to the slider that has the focus.
        live = page.locator(".sg-slide:has(.sg-explorable)").first
        page.evaluate("(id) => { location.hash = id; }", live.get_attribute("id"))
        slider = live.locator("input[type=range]").first
        slider.focus()
        before = slider.input_value()
        page.keyboard.press("ArrowRight")
        assert slider.input_value() != before and page.evaluate(SEEN) == [live.get_attribute("id")]
        page.keyboard.press("PageDown")
        assert page.evaluate(SEEN) != [live.get_attribute("id")]
        assert not site.problems


@pytest.mark.parametrize("chapter", [SHORT, LONG])
def test_every_slide_fits_by_double_click_and_is_a_sheet_of_paper(opened, chapter):
    with opened(by_file=True) as site:
        page = _fitted(site, chapter)
        assert page.evaluate(CUT) == []
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth && image.alt)")
        paper = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
        assert len(paper.pages) == page.locator(".sg-slide").count()
        assert not site.problems


def test_axe_finds_nothing_wrong_in_the_slides(opened):
    # On a phone all of them stand below one another.
    for width, scheme in ((1280, "light"), (360, "dark")):
        with opened(width, scheme) as site:
            page = site.go(f"book/slides/{SHORT}.html")
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert not site.problems


def test_without_scripts_the_slides_stand_below_one_another(browser, base):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{base}book/slides/{SHORT}.html", wait_until="load")
        tops = [slide.bounding_box()["y"] for slide in page.locator(".sg-slide").all()]
        assert tops == sorted(set(tops))
        assert page.locator("div.math > .tex").first.is_visible()
    finally:
        context.close()
