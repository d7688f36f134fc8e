"""What a chapter stores in the form that notebooks show is on its page in the site's own."""

import re

import pytest
from support.site_pages import ROOT, SITE, markdown_of

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.fixture(params=CHAPTERS, ids=[path.stem for path in CHAPTERS])
def chapter(request):
    """The text of a chapter's Markdown cells, and the name of its page."""
    return markdown_of(request.param), f"book/{request.param.stem}.html"


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
