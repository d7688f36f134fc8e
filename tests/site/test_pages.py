"""Every page of the built site, as it stands when a reader opens it."""

import re

import pytest
from support.axe import violations
from support.controls import CONTROLS, NAME, hostile_query, hosts
from support.site_pages import ROOT, SITE, markdown_of, page_names, wire_sizes

# A rule of good practice that the theme breaks: its logo lies outside every landmark of the page.
BROKEN_BY_THE_THEME = "region"
PAGE_BUDGET = 600_000  # bytes over the wire, compressed


def test_the_site_has_pages():
    assert "book/index.html" in page_names(), "The site is not built: run `make book` first."


def test_the_front_door_leads_to_the_book(opened):
    with opened(by_file=True) as site:
        site.page.goto(f"{site.home}index.html")
        site.page.wait_for_url("**/book/index.html")
        assert not site.problems


@pytest.fixture(scope="module")
def wide(opened, name):
    """The page in a wide window on light paper, scrolled through; opened once for the tests that only look and for those that go on from there."""
    with opened() as site:
        site.go(name)
        _scrolled(site.page)
        yield site


@pytest.fixture(scope="module")
def phone(opened, name):
    """The page on a phone in the dark, by double-click, scrolled through; opened once for all tests that only look.

    Served it is seen on a phone in `test_controls.py`, where there is more to it than text and figures.
    """
    with opened(360, "dark", by_file=True) as site:
        site.go(name)
        _scrolled(site.page)
        yield site


def _scrolled(page):
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(100)


def _is_clean_and_whole(site):
    assert not site.problems
    for wrong in (BLANK, UNSET_MATH, BAD_IMAGES, RAW_MARKUP):
        assert site.page.evaluate(wrong) == []
    assert site.page.locator("h1:visible").count() == 1
    assert site.page.title()


def test_a_page_opens_clean_and_whole(wide):
    _is_clean_and_whole(wide)


def test_a_page_opens_clean_and_whole_by_double_click(phone):
    _is_clean_and_whole(phone)


def test_without_scripts_each_explorable_is_a_picture(browser, base, explorable_page):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{base}{explorable_page}", wait_until="load")
        hosts = page.locator(".sg-explorable").all()
        assert hosts
        for host in hosts:
            name = host.get_attribute("data-module")
            assert (SITE / "_static" / "pictures" / f"{name}.webp").exists(), f"run `make pictures ONLY={name}`"
            host.scroll_into_view_if_needed()
            picture = host.locator("noscript img")
            picture.wait_for(state="visible")
            assert picture.bounding_box()["height"] > 100
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


def test_a_page_fits_a_phone(phone):
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 360
    assert phone.page.evaluate(CLIPPED) == []
    assert phone.page.evaluate(TORN_ROWS) == []


# Pieces of a picture that lie beyond the edge of the phone.
CLIPPED = r"""() => [...document.querySelectorAll(".sg-explorable :is(button, input, select, output, text), .sg-figure text")]
  .filter((part) => part.getClientRects().length && getComputedStyle(part).visibility !== "hidden")
  .filter((part) => { const box = part.getBoundingClientRect(); return box.right > 361 || box.left < -1; })
  .map((part) => `${part.closest("[id], [data-module]")?.dataset.module ?? ""} ${part.tagName} ${part.textContent}`)"""

# What was printed in columns, and whose rows would break into lines that have none.
TORN_ROWS = r"""() => [...document.querySelectorAll(".cell_output pre")]
  .filter((pre) => /\S {2,}\S/.test(pre.textContent))
  .filter((pre) => getComputedStyle(pre).whiteSpace !== "pre" || getComputedStyle(pre).overflowX !== "auto")
  .map((pre) => pre.textContent)"""


def test_text_is_readable_in_light_and_dark(wide, phone):
    papers = []
    for site in (wide, phone):
        papers.append(site.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert site.page.evaluate(FAINT) == []
        assert site.page.evaluate(BARE_LINKS) == []
    assert papers[0] != papers[1]


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
  const scope = "article :is(h1, h2, h3, p, li, td, th, label, output, button, legend, dt, dd, summary, a, svg text, pre, pre span), .sg-figure text";
  const code = new Set();  // one word of each colour: a page has thousands
  for (const element of document.querySelectorAll(scope)) {
    if (element.closest(".headerlink, [aria-hidden=true]:not(svg)") || !element.getClientRects().length) continue;
    if (element.closest("pre")) {
      const kind = `${element.className} ${element.closest("[class*=highlight-]")?.className}`;
      if (code.has(kind)) continue;
      code.add(kind);
    }
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


# Links in running text that nothing but their colour tells from the words around them.
BARE_LINKS = r"""() => [...document.querySelectorAll("article a[href]:not(.headerlink)")]
  .filter((link) => link.parentElement.closest("p, li, td, dd, figcaption")?.innerText.trim().length > link.innerText.trim().length)
  .filter((link) => !getComputedStyle(link).textDecorationLine.includes("underline") && getComputedStyle(link).borderBottomStyle === "none")
  .map((link) => link.outerHTML)"""

# What takes axe two thirds of its time, and what the test above looks at in light and in dark.
COLORS = ("color-contrast", "link-in-text-block")


def test_axe_finds_nothing_wrong(wide, phone):
    """By the engine behind most checkers of accessibility; colours in light only."""
    assert violations(wide.page, BROKEN_BY_THE_THEME) == []
    assert violations(phone.page, BROKEN_BY_THE_THEME, *COLORS) == []


def test_a_page_is_light_over_the_wire(wide, name):
    sizes = wire_sizes(url for url in wide.requests if url.startswith(wide.home))
    heaviest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert sum(sizes.values()) <= PAGE_BUDGET, f"{name} weighs {sum(sizes.values())} bytes; the heaviest: {heaviest}"


def test_solutions_are_folded_until_they_are_asked_for(wide, name):
    notebook = (ROOT / name).with_suffix(".ipynb")
    if not notebook.exists():
        return  # a page without exercises
    text = markdown_of(notebook)
    titles = re.findall(r'^ *<details(?: class="note")?><summary>(.+)</summary>', text, re.MULTILINE)
    page = wide.page
    folded = page.locator(".admonition.dropdown")
    assert [each.strip() for each in folded.locator("> .admonition-title").all_inner_texts()] == titles
    assert not page.locator(".admonition.dropdown > :not(.admonition-title):visible").count()
    for aside in folded.all()[:1]:
        aside.locator(".admonition-title").click()
        aside.locator("> :not(.admonition-title)").first.wait_for()
    questions = page.locator(".admonition:not(.dropdown) > .admonition-title").all_inner_texts()
    assert questions == re.findall(r"^> \*\*(.+)\*\*$", text, re.MULTILINE)
    assert not page.locator("#references").count(), "the works stand on a page of their own"


def test_every_control_is_reached_by_tab_and_has_a_name(wide):
    page = wide.page
    for host in hosts(page):
        controls = host.locator(CONTROLS)
        assert controls.evaluate_all(f"(all) => all.filter((c) => !({NAME})(c)).map((c) => c.outerHTML)") == []
        # Tab from just before the explorable to just behind it.
        host.evaluate(
            """(host) => {
                host.tabIndex = -1;
                host.focus();
                window.reached = new Set();
                host.ownerDocument.addEventListener("focusin", ({ target }) => window.reached.add(target));
            }"""
        )
        for _ in range(controls.count() + 2):
            page.keyboard.press("Tab")
        missed = controls.evaluate_all(
            # One radio button of a group is reached by Tab, the others from there by arrows.
            """(all) => all.filter((c) => !reached.has(c) && !(c.type === "radio" && [...reached].some((r) => r.name === c.name)))
                .map((c) => c.outerHTML)"""
        )
        assert missed == []


def test_a_hostile_address_does_no_harm(wide, name):
    states = wide.page.locator(".sg-explorable").evaluate_all(
        "(all) => all.map((h) => [h.dataset.module, h.dataset.state])"
    )
    if not states:
        return
    page = wide.go(name, f"?{hostile_query(states)}")
    for drawn in page.locator(".sg-explorable").evaluate_all("(all) => all.map((h) => h.innerHTML)"):
        assert not re.search("NaN|Infinity|undefined|onerror", drawn)
    assert not wide.problems
