"""The built site, opened in a real browser as readers open it: served, or by double-click."""

import threading
from contextlib import contextmanager

import pytest
from support.site_pages import SETTLED, SITE, holding, page_names
from support.waiting import until_true

from book._tools.serve import server

UNFOLD = """document.querySelectorAll("details.hide:is(.below-input, .above-output)").forEach((fold) => { fold.open = true; })"""


def pytest_generate_tests(metafunc):
    """``name`` runs over all pages, ``explorable_page`` over those with an explorable."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", page_names(), scope="module")
    if "explorable_page" in metafunc.fixturenames:
        metafunc.parametrize("explorable_page", holding('class="sg-explorable"'), scope="module")


@pytest.fixture(scope="session")
def base():
    """The address of the served site."""
    assert (SITE / "index.html").is_file(), "The site is not built: run `make book` first."
    running = server(SITE)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}/"
    running.shutdown()
    thread.join()


class Opened:
    """A page and everything that was wrong with it."""

    def __init__(self, page, home):
        self.page, self.home = page, home
        self.problems, self.requests = [], []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", self._asked)
        # What a test broke off itself, by going to another page, did not fail.
        page.on("requestfailed", lambda r: r.failure != "net::ERR_ABORTED" and self.problems.append(f"failed: {r.url}"))
        page.on(
            "response", lambda answer: answer.status >= 400 and self.problems.append(f"{answer.status}: {answer.url}")
        )

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")

    def _asked(self, request):
        self.requests.append(request.url)
        if not request.url.startswith((self.home, "blob:", "data:", "about:")):
            self.problems.append(f"asks another host: {request.url}")

    def go(self, name, query="", unfold=True):
        """Open a page and wait until it stands: scripts run, explorables mounted and at rest, figures drawn, mathematics set.

        What is folded until a reader predicts it is unfolded, to be looked at like everything else.
        """
        self.page.goto(f"{self.home}{name}{query}", wait_until="load")
        if unfold:
            self.page.evaluate(UNFOLD)
        until_true(
            self.page,
            """() => [...document.querySelectorAll(".sg-explorable")].every((host) => host.dataset.mounted)
               && !document.querySelector('.sg-explorable [aria-busy="true"]')
               && [...document.querySelectorAll(".sg-figure")].every((host) => host.dataset.drawn || !host.checkVisibility())
               && document.fonts.status === "loaded" """,
        )
        self.page.evaluate(SETTLED)  # a picture is drawn to its width; what that moves is drawn a frame later
        return self.page


@pytest.fixture(scope="session")
def opened(browser, base):
    """Opens pages: ``with opened(width, scheme) as site: site.go(name)``; by double-click with ``by_file=True``."""

    @contextmanager
    def open_site(width=1280, scheme="light", by_file=False, touch=False):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", has_touch=touch
        )
        try:
            yield Opened(context.new_page(), f"{SITE.as_uri()}/" if by_file else base)
        finally:
            context.close()

    return open_site
