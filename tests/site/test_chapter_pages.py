"""What a chapter stores in the form that notebooks show is on its page in the site's own."""

import re

import nbformat
import pytest
from support.site_pages import ROOT, SITE

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.fixture(params=CHAPTERS, ids=[path.stem for path in CHAPTERS])
def chapter(request):
    """The text of a chapter's Markdown cells, and the name of its page."""
    cells = nbformat.read(request.param, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return text, f"book/{request.param.stem}.html"


def test_solutions_are_folded_until_they_are_asked_for(chapter, opened):
    text, name = chapter
    titles = re.findall(r'^ *<details(?: class="note")?><summary>(.+)</summary>', text, re.MULTILINE)
    with opened() as site:
        page = site.go(name)
        folded = page.locator(".admonition.dropdown")
        assert [each.strip() for each in folded.locator("> .admonition-title").all_inner_texts()] == titles
        assert not page.locator(".admonition.dropdown > :not(.admonition-title):visible").count()
        for aside in folded.all()[:1]:
            aside.locator(".admonition-title").click()
            aside.locator("> :not(.admonition-title)").first.wait_for()
        questions = page.locator(".admonition:not(.dropdown) > .admonition-title").all_inner_texts()
        assert questions == re.findall(r"^> \*\*(.+)\*\*$", text, re.MULTILINE)
        assert not page.locator("#references").count(), "the works stand on a page of their own"


def test_equations_have_the_numbers_and_works_the_entries_that_the_notebook_names(chapter):
    text, name = chapter
    page = (SITE / name).read_text("utf-8")
    numbers = re.findall(r'id="equation-(eq-[\w-]+)"><span class="eqno">\(([\d.]+)\)', page)
    assert numbers == re.findall(
        r'^<a id="(eq-[\w-]+)"></a>\n\$\$\n.*?\\tag\{([\d.]+)\}', text, re.MULTILINE | re.DOTALL
    )
    pointed = re.findall(r'href="(?:[\w-]+\.html)?#equation-(eq-[\w-]+)"[^>]*>\(([\d.]+)\)</a>', page)
    assert pointed == [
        (label, number) for number, label in re.findall(r"\[\(([\d.]+)\)\]\((?:[\w-]+\.ipynb)?#(eq-[\w-]+)\)", text)
    ]
    cited = re.findall(r'class="bibtex-citation".*?</span>', page, re.DOTALL)
    links = [link for citation in cited for link in re.findall(r'href="references\.html#([\w-]+)"', citation)]
    assert len(links) == len(re.findall(r"\]\(#ref-", text))
    works = (SITE / "book/references.html").read_text("utf-8")
    assert all(f'id="{link}"' in works for link in links)
