"""The Content-Security-Policy of every page: it names no host, and lets through what the page needs and nothing else.

That everything works under it, every other test of these pages says: the browser reports each breach as an error.
"""

import re

import pytest
from support.site_pages import SITE

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
KEYWORD = re.compile(r"'(?:none|self|unsafe-inline|wasm-unsafe-eval|sha256-[A-Za-z0-9+/]{43}=)'|blob:|data:|file:")


def directives(text):
    """A page's policy: what each directive allows."""
    (content,) = POLICY.findall(text)
    return {name: values for name, *values in map(str.split, content.split(";"))}


def pages():
    return [path.relative_to(SITE).as_posix() for path in sorted(SITE.rglob("*.html"))]


@pytest.mark.parametrize("path", pages())
def test_a_page_allows_no_host_no_eval_and_no_script_but_its_own(path):
    text = (SITE / path).read_text("utf-8")
    allowed = directives(text)
    assert all(KEYWORD.fullmatch(value) for values in allowed.values() for value in values)
    assert allowed["default-src"] == ["'none'"]
    assert "'unsafe-inline'" not in allowed["script-src"] and "data:" not in allowed["script-src"]
    assert not re.search(r"<[a-z]+ [^>]*\son[a-z]+=|=\"javascript:", text)
    # It holds only for what comes after it.
    assert "<script" not in text[: POLICY.search(text).start()]


@pytest.mark.tried("A script or an address of another host, slipped into a page", "The page's policy stops it.")
@pytest.mark.parametrize("by_file", [False, True], ids=["served", "double-click"])
def test_a_script_that_someone_put_in_does_not_run(opened, by_file):
    with opened(by_file=by_file) as site:
        page = site.go("book/index.html")
        ran = page.evaluate(
            """async () => {
              const script = document.createElement("script");
              script.textContent = "window.ran = true";
              document.head.append(script);
              const image = document.createElement("img");
              image.setAttribute("onerror", "window.ran = true");
              image.src = "data:,";
              const failed = new Promise((done) => image.addEventListener("error", done));
              document.body.append(image);
              await failed;
              return window.ran ?? false;
            }"""
        )
        assert ran is False
        assert len(site.problems) == 2 and all("Content Security Policy" in problem for problem in site.problems)


@pytest.mark.tried("A script or an address of another host, slipped into a page", "The page's policy stops it.")
def test_a_page_cannot_ask_another_host(opened):
    with opened() as site:
        page = site.go("book/index.html")
        asked = "fetch('http://localhost:1/').then(() => 'answered', () => 'refused')"
        assert page.evaluate(asked) == "refused"
        assert any("Content Security Policy" in problem for problem in site.problems)
        assert not any("localhost:1/" in url for url in site.requests)
