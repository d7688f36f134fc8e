"""Every page of the built site, as it stands when a reader opens it."""

import gzip
import re
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from support.site_pages import ROOT, SITE, page_names

PAGE_BUDGET = 600_000  # bytes over the wire, compressed
HOW = pytest.mark.parametrize("by_file", [False, True], ids=["served", "double-click"])
COMPRESSED = {".woff2", ".png", ".jpg", ".webp"}


def test_the_site_has_pages():
    assert "book/index.html" in page_names(), "The site is not built: run `make book` first."


def test_the_front_door_leads_to_the_book(opened):
    with opened(by_file=True) as site:
        site.page.goto(f"{site.home}index.html")
        site.page.wait_for_url("**/book/index.html")
        assert not site.problems


@HOW
def test_the_search_finds_what_a_page_speaks_of(opened, by_file):
    with opened(by_file=by_file) as site:
        page = site.go("search.html", "?q=guidance")
        page.locator("#search-results li a").first.wait_for()
        assert not site.problems


@HOW
def test_a_page_opens_clean_and_whole(opened, name, by_file):
    with opened(by_file=by_file) as site:
        page = site.go(name)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(100)
        assert not site.problems
        assert page.evaluate(BLANK) == []
        assert page.evaluate(UNSET_MATH) == []
        assert page.evaluate(BAD_IMAGES) == []
        assert page.evaluate(RAW_MARKUP) == []
        assert page.locator("h1:visible").count() == 1
        assert page.title()


def test_without_scripts_each_explorable_is_a_picture(browser, base, explorable_page):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{base}{explorable_page}", wait_until="load")
        hosts = page.locator(".sg-explorable").all()
        assert hosts
        for host in hosts:
            host.scroll_into_view_if_needed()
            picture = host.locator("noscript img")
            picture.wait_for(state="visible")
            name = host.get_attribute("data-module")
            assert (SITE / "_static" / "pictures" / f"{name}.webp").exists() and picture.bounding_box()["height"] > 100
            assert host.locator("noscript p").is_visible()
    finally:
        context.close()


# Explorables and figures that show nothing, or a number that is none.
BLANK = r"""() => {
  const bad = [];
  for (const host of document.querySelectorAll(".sg-explorable, .sg-figure")) {
    const name = host.dataset.module ?? host.id;
    const pictures = [...host.querySelectorAll("svg, canvas")].filter((picture) => picture.getBoundingClientRect().height > 20);
    const shapes = host.querySelectorAll("svg :is(path, rect, circle, line, polyline, polygon)");
    const seen = [...shapes].filter((shape) => { const box = shape.getBoundingClientRect(); return box.width + box.height > 1; });
    if (!pictures.length || (seen.length < 3 && !host.querySelector("canvas"))) bad.push(`${name} is blank`);
    if (/NaN|Infinity|undefined/.test(host.querySelector("svg")?.outerHTML ?? "")) bad.push(`${name} draws NaN`);
    if (!host.getAttribute("aria-label")) bad.push(`${name} has no name`);
  }
  return bad;
}"""

UNSET_MATH = r"""() => [...document.querySelectorAll(".math")]
  .filter((math) => !math.querySelector(".katex-html") || math.querySelector(".katex-error"))
  .map((math) => math.textContent)
  .concat(document.querySelector(".katex") && !document.fonts.check("16px KaTeX_Main") ? ["KaTeX's fonts did not come"] : [])"""

BAD_IMAGES = r"""() => [...document.images]
  .filter((image) => !image.alt.trim() || !image.naturalWidth)
  .map((image) => image.outerHTML)"""

# Markdown that was not understood and stands on the page as it was written.
RAW_MARKUP = r"""() => {
  const walker = document.createTreeWalker(document.querySelector("article") ?? document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const { textContent: text, parentElement: parent } = walker.currentNode;
    if (parent.closest("pre, code, script, style, .math, noscript")) continue;
    if (/\$\$|:::|\{(eq|cite|ref|doc|numref|explorable)\}|\]\(|\\\(|```/.test(text)) found.push(text.trim());
  }
  return found;
}"""


def test_a_page_fits_a_phone(opened, name):
    with opened(360, "dark") as site:
        page = site.go(name)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate(BLANK) == []
        assert page.evaluate(CLIPPED) == []
        assert not site.problems


# Pieces of a picture that lie beyond the edge of the phone.
CLIPPED = r"""() => [...document.querySelectorAll(".sg-explorable :is(button, input, select, output, text), .sg-figure text")]
  .filter((part) => part.getClientRects().length && getComputedStyle(part).visibility !== "hidden")
  .filter((part) => { const box = part.getBoundingClientRect(); return box.right > 361 || box.left < -1; })
  .map((part) => `${part.closest("[id], [data-module]")?.dataset.module ?? ""} ${part.tagName} ${part.textContent}`)"""


def test_text_is_readable_in_light_and_dark(opened, name):
    papers = {}
    for scheme in ("light", "dark"):
        with opened(1280, scheme) as site:
            page = site.go(name)
            papers[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert page.evaluate(FAINT) == []
            assert not site.problems
    assert papers["light"] != papers["dark"]


# Text whose contrast with its paper is below 4.5 to 1.
FAINT = r"""() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const paper = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, a } = parse(getComputedStyle(at).backgroundColor);
      if (a > 0.5) return rgb;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const scope = "article :is(h1, h2, h3, p, li, td, th, label, output, button, legend, dt, dd, summary, a, svg text), .sg-figure text";
  for (const element of document.querySelectorAll(scope)) {
    if (element.closest("pre, .headerlink, [aria-hidden=true]:not(svg)") || !element.getClientRects().length) continue;
    if (![...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const style = getComputedStyle(element);
    const ink = parse(element instanceof SVGElement ? style.fill : style.color);
    if (ink.a < 0.5) { faint.add(`transparent: ${element.textContent}`); continue; }
    const [a, b] = [light(ink.rgb), light(paper(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(`${contrast.toFixed(2)} ${element.tagName}.${element.getAttribute("class")}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return [...faint];
}"""


def test_a_page_is_light_over_the_wire(opened, name):
    with opened() as site:
        page = site.go(name)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(100)
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in site.requests if url.startswith(site.home)}
    sizes = {path: _wire_size(SITE / path) for path in paths}
    heaviest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert sum(sizes.values()) <= PAGE_BUDGET, f"{name} weighs {sum(sizes.values())} bytes; the heaviest: {heaviest}"


def _wire_size(path):
    data = path.read_bytes()
    return len(data) if path.suffix in COMPRESSED else len(gzip.compress(data, 6))


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


def _has_place(path, fragment):
    return re.search(rf'\b(?:id|name)="{re.escape(fragment)}"', path.read_text("utf-8")) is not None


def test_a_chapter_opens_in_colab(name):
    """The link of a chapter's page leads to the notebook that is committed under that path."""
    notebook = ROOT / name.replace(".html", ".ipynb")
    if notebook.suffix != ".ipynb" or not notebook.exists():
        assert "colab.research.google.com" not in (SITE / name).read_text("utf-8")
        return
    links = re.findall(
        r'href="https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/main/([^"]+)"',
        (SITE / name).read_text("utf-8"),
    )
    assert links == [name.replace(".html", ".ipynb")]


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
