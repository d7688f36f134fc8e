"""The search finds sections, shows the words where they stand, and leads there; served and by double-click."""

import json
import re

import pytest
from playwright.sync_api import expect
from support.axe import violations
from support.site_pages import SITE, page_names

HOW = pytest.mark.parametrize("by_file", [False, True], ids=["served", "double-click"])
RESULTS = "#sg-search-results > li:not(.sg-more)"


def index():
    text = (SITE / "_static" / "search" / "sections.js").read_text("utf-8")
    return json.loads(text.removeprefix("window.sgSections = ").rstrip(";\n"))


def test_the_index_holds_every_page_and_leads_to_places_that_are_there():
    pages = {}
    for _, address, *_ in index():
        name, place = address.split("#")
        pages.setdefault(name, (SITE / name).read_text("utf-8"))
        assert f'id="{place}"' in pages[name], address
    assert set(pages) == set(page_names()) - {"search.html"}


def test_the_index_keeps_answers_and_markup_to_itself():
    said = "\n".join(text for *_, text, _ in index())
    assert not re.search(r"\\class|\\mathrm|Show the code|data-module|\{\"data\"", said)
    assert "E[b_l f_l] = p_l f_l" in said and "KL(p_T ‖ p_S)" in said
    assert not re.search(r"mathbb|frac\d|,\|,|bigl", said)  # what is left of TeX
    # What is folded until a reader commits to an answer: of the first question of this chapter.
    page = (SITE / "book/residual-networks.html").read_text("utf-8")
    answers = re.findall(r'<details class="answer".*?<li>.*?<strong>\w+\.</strong> (.{20,}?)<', page, re.DOTALL)
    assert answers and not any(" ".join(answer.split()) in said for answer in answers)


@HOW
def test_a_reader_finds_a_section_sees_the_words_and_meets_them_marked_there(opened, by_file):
    with opened(by_file=by_file) as site:
        page = site.go("search.html", "?q=dark%20knowledge")
        results = page.locator(RESULTS)
        expect(results.first.locator("a")).to_have_text("dark knowledge")
        assert results.first.locator(".sg-where").inner_text() == "Glossary"
        chapter = results.filter(has=page.locator(".sg-where", has_text="Distillation"))
        assert {mark.lower() for mark in chapter.first.locator("p mark").all_inner_texts()} == {"dark", "knowledge"}
        chapter.first.locator("a").click()
        page.wait_for_url("**/distillation.html*#*")
        expect(page.locator("article h1")).to_be_visible()
        assert "found=" not in page.url
        marked = page.evaluate("[...CSS.highlights.get('sg-found')].map((range) => range.toString().toLowerCase())")
        assert {"dark", "knowledge"} <= set(marked)
        page.keyboard.press("Escape")
        assert page.evaluate("CSS.highlights.has('sg-found')") is False
        assert not site.problems


def test_on_a_phone_it_answers_while_one_types_and_keeps_the_query_in_the_address(opened):
    with opened(360, "dark") as site:
        page = site.go("search.html")
        expect(page.get_by_role("searchbox")).to_be_focused()
        status = page.locator("#sg-search-status")
        page.keyboard.type("gates")
        expect(page.locator(RESULTS).first.locator("a")).to_have_text("gate")
        assert page.url.endswith("?q=gates") and re.fullmatch(r"\d+ places in the book\.", status.inner_text())
        number = page.locator(RESULTS).count()
        page.get_by_role("button", name="Show all").press("Enter")
        assert page.locator(RESULTS).count() > number
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert violations(page, "region") == []
        page.get_by_role("searchbox").fill("")
        expect(status).to_have_text("")
        assert not site.problems


def test_from_a_chapter_the_key_that_it_names_searches(opened):
    with opened() as site:
        page = site.go("book/distillation.html")
        page.keyboard.press("Control+k")
        page.keyboard.type("sample_gates")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=sample_gates")
        expect(page.locator(RESULTS).first.locator("a")).to_have_text("sgutils.sample_gates")
        assert not site.problems


@pytest.fixture(scope="module")
def asked(opened):
    """The page of the search, which gets one query after another."""
    with opened() as site:
        site.go("search.html")
        yield site


@pytest.mark.tried(
    "A search for markup, for nothing, or for what a pattern would stumble over", "Words, or none, are found."
)
@pytest.mark.parametrize(
    "query", ["<img src=x onerror=alert(1)>", '"', "(a+)+$", "\\", "[", "....", "x" * 5000, "zzzz", "%E0%A4"]
)
def test_an_odd_query_does_no_harm(asked, query):
    asked.page.get_by_role("searchbox").fill(query)
    assert not asked.page.locator("#sg-search-results img").count()
    assert not asked.problems


def test_odd_words_in_an_address_are_not_marked(opened):
    with opened() as site:
        page = site.go("book/glossary.html", "?found=(a%2B)%2B%24%7C%5B%7C%5C#term-gate")
        assert page.evaluate("CSS.highlights.get('sg-found').size") == 0
        assert not site.problems
