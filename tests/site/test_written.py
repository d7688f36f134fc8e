"""Every page of the built site, as it is written: what it links to and what it would load."""

import re
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

from bs4 import BeautifulSoup
from support.site_pages import ROOT, SITE


def test_nothing_is_written_to_be_fetched_from_elsewhere(name):
    """What a test never triggers must not ask either: no address of another host where a browser would load it."""
    text = (SITE / name).read_text("utf-8")
    loading = re.findall(r'<(?:script|img|iframe|source|video|link)\b[^>]*(?:src|href)="((?:https?:)?//[^"]+)"', text)
    assert [url for url in loading if not _is_canonical(text, url)] == []


def _is_canonical(text, url):
    return f'<link rel="canonical" href="{url}"' in text


def test_style_sheets_load_nothing_from_elsewhere():
    for sheet in SITE.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", sheet.read_text("utf-8")), sheet


def test_links_lead_somewhere(name):
    """Every link inside the site meets a file and, in it, the place it names."""
    text = (SITE / name).read_text("utf-8")
    lost = []
    for link in set(re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text)):
        parts = urlsplit(link)
        if parts.scheme or link.startswith("//"):
            continue
        target = (SITE / name).parent / unquote(parts.path) if parts.path else SITE / name
        if not target.exists() or (
            parts.fragment and target.suffix == ".html" and not _has_place(target, unquote(parts.fragment))
        ):
            lost.append(link)
    assert lost == []


def test_a_fold_says_what_it_holds(name):
    """A figure's cell says in its fold which figure it is; no label speaks in place of these words."""
    body = BeautifulSoup((SITE / name).read_text("utf-8"), "html.parser")
    for fold in body.select("details.hide"):
        assert not fold.summary.get("aria-label")
        number = fold.find_parent("div", class_="cell").select_one("figcaption .caption-number")
        if number and "tag_hide-cell" not in fold.parent["class"]:
            assert number.get_text(strip=True) in fold.summary.get_text()


def _has_place(path, fragment):
    return re.search(rf'\b(?:id|name)="{re.escape(fragment)}"', path.read_text("utf-8")) is not None


LAUNCHED = {
    "Colab": r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/main/([^\"]+)",
    "Kaggle": r"https://kaggle\.com/kernels/welcome\?src=https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/main/([^\"]+)",
    "Binder": r"https://mybinder\.org/v2/gh/[\w.-]+/[\w.-]+/main\?urlpath=lab/tree/([^\"]+)",
}


def test_a_chapter_opens_where_it_can_be_run(name):
    """The links of a chapter's page lead to the notebook that is committed under that path; other pages have none."""
    notebook = name.replace(".html", ".ipynb")
    expected = [notebook] if (ROOT / notebook).exists() else []
    for service, link in LAUNCHED.items():
        assert re.findall(rf'href="{link}">{service}</a>', (SITE / name).read_text("utf-8")) == expected


def test_a_reader_can_say_what_is_wrong_on_a_page(name):
    """The link opens a new issue that names the page; nothing of the page is lost in the address."""
    text = (SITE / name).read_text("utf-8")
    links = re.findall(r'class="sg-feedback[^>]*><a href="([^"]+)"', text)
    assert len(links) == (name != "search.html")
    for link in links:
        parts = urlsplit(unescape(link))
        title = unescape(re.search(r"<title>(.*?)</title>", text)[1]).split(" — ")[0]
        assert parts.path.endswith("/issues/new")
        assert parse_qs(parts.query)["title"] == [f"{title}: "]


def test_a_chapter_says_how_long_it_takes(name):
    found = re.findall(r"<span>(\d+) minutes to read</span>", (SITE / name).read_text("utf-8"))
    assert len(found) == (ROOT / name.replace(".html", ".ipynb")).exists()
    assert all(5 <= int(minutes) <= 60 for minutes in found)


def test_figures_have_on_the_page_the_numbers_that_the_notebook_says(name):
    """The site numbers captions by itself; what is stored in a chapter was numbered by `book/_tools/readable.py`."""
    notebook = ROOT / name.replace(".html", ".ipynb")
    if notebook.exists():
        stored = dict(
            re.findall(r'<a id=\\"(fig-[\w-]+)\\"></a>\*\*Figure ([\d.]+)\.\*\*', notebook.read_text("utf-8"))
        )
        page = (SITE / name).read_text("utf-8")
        captions = re.findall(
            r'<figcaption>\s*<p><span class="caption-number">Figure ([\d.]+) .*?class="headerlink" href="#(fig-[\w-]+)"',
            page,
        )
        assert {label: number for number, label in captions} == stored
        references = re.findall(r'href="#(fig-[\w-]+)"><span class="std std-numref">Figure ([\d.]+)<', page)
        assert {*references} <= {*stored.items()}
