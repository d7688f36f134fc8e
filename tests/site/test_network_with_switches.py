"""The network with switches, played as a reader would: recorded at first, then loaded and asked in the page itself."""

import base64
import json
import re

import pytest
from playwright.sync_api import expect
from support.site_pages import holding
from support.waiting import until_true

from sgutils.folders import data_folder

MODULE = 'data-module="live_network"'
RECORDING = json.loads((data_folder() / "explorables" / "live-network.json").read_text(encoding="utf-8"))


def the_page():
    (page,) = holding(MODULE)
    return page


@pytest.fixture
def where():
    return the_page()


def host_of(page):
    return page.locator(f"[{MODULE}]")


def load(page):
    host_of(page).get_by_role("button", name="Load the live networks").click()
    return live(page)


def live(page):
    host = host_of(page)
    host.get_by_text("Live: both networks run in this page").wait_for()
    return host


def says(host):
    """What the reader is told of the image: the class, its KL, its cross-entropy."""
    return host.locator(".sg-figures output").all_inner_texts()


def errors(host):
    """The two lines above the piles: of these gates, and of the whole network in brackets."""
    return host.locator(".sg-live-errors text.sg-small").all_text_contents()


def recorded(network, gates):
    counts = base64.b64decode(RECORDING["wrong"][network])
    share = counts[512 if gates == "p" else int(gates, 2)] / RECORDING["test_images"]
    return f"{100 * share:.1f} %"


def settle(host):
    """Until all test images are counted for the gates on show."""
    until_true(
        host.page,
        "(host) => host.querySelector('.sg-live-errors').textContent.includes('test images, counted here')",
        arg=host.element_handle(),
    )


def loaded(site):
    return [url for url in site.requests if "onnx" in url or "networks/" in url]


def test_nothing_is_loaded_before_a_hand_asks_for_what_was_not_recorded(opened, where):
    """Not by opening a view that somebody shared, nor by another image of the whole network."""
    with opened() as site:
        page = site.go(where, "?live_network.gates=%22110111111%22")
        host = host_of(page)
        assert "with these gates: not loaded" in host.locator(".sg-live-chart").text_content()
        assert "of 200 test images, recorded" in host.locator(".sg-live-errors").text_content()
        assert recorded("self-guidance", "110111111") in errors(host)[0]
        page = site.go(where)
        host_of(page).get_by_role("radio", name="Trouser").check()
        page.wait_for_timeout(300)
        assert not loaded(site)


def test_the_first_switch_loads_the_networks(opened, where):
    """What it asks for was not recorded, and nothing says that it is loading for ever."""
    with opened() as site:
        page = site.go(where)
        host_of(page).get_by_role("switch", name="block 3").click()
        host = live(page)
        assert loaded(site) and host.locator("[data-loads]").count() == 0
        until_true(
            page,
            "(host) => host.querySelectorAll('.sg-figures output')[1].textContent !== '–'",
            arg=host.element_handle(),
        )
        assert "with these gates:" not in host.locator(".sg-live-chart").text_content()
        settle(host)
        assert recorded("self-guidance", "110111111") in errors(host)[0]
        assert not site.problems


@pytest.fixture(scope="module")
def played(opened):
    """The page with its networks loaded, for the tests below: each goes on where the one before stopped."""
    with opened() as site:
        load(site.go(the_page()))
        yield site


def test_block_that_is_switched_off_changes_the_prediction(played):
    host = live(played.page)
    assert says(host)[1] == "0.00"
    changed = set()
    for block in (1, 4, 7):
        host.get_by_role("switch", name=f"block {block}").click()
        until_true(
            host.page,
            "(host) => host.querySelectorAll('.sg-figures output')[1].textContent !== '–'",
            arg=host.element_handle(),
        )
        settle(host)
        changed.add(tuple(says(host)))
    assert len(changed) == 3 and all(float(kl) > 0 for _, kl, _ in changed)
    host.get_by_role("radio", name="trained plainly").check()
    settle(host)
    assert tuple(says(host)) not in changed
    assert not played.problems


def test_page_counts_the_errors_that_pytorch_recorded(played):
    """For the teacher, all blocks and three students: the same images wrong, to the last one."""
    host = live(played.page)
    for button, gates in (
        ("teacher, g = p", "p"),
        ("all blocks, g = 1", "111111111"),
        ("student A", "111101111"),
        ("student B", "111111101"),
        ("student C", "111011100"),
    ):
        host.get_by_role("button", name=button).click()
        # Until the count for these gates has replaced that for the gates before; behind a bracket stands the whole network's.
        for line, network in enumerate(("self-guidance", "baseline")):
            shown = host.locator(".sg-live-errors text.sg-small").nth(line)
            expect(shown).to_contain_text(re.compile(rf"^[^(]*{re.escape(recorded(network, gates))}"))
    assert not played.problems


def test_image_is_drawn_by_pointer_and_by_keyboard_and_shared(played, where):
    page = played.page
    host = live(page)
    before = says(host)
    host.get_by_role("button", name="Clear").click()
    pad = host.get_by_role("application")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 25, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    by_pointer = says(host)
    assert by_pointer[2] == "–" and by_pointer != before
    pad.focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowDown")
    until_true(page, "location.search.includes('live_network.drawing')")
    page.wait_for_timeout(800)
    drawing = host.locator(".sg-live-sheet image").get_attribute("href")
    page = played.go(where, page.evaluate("location.search"))
    assert host_of(page).locator(".sg-live-sheet image").get_attribute("href") == drawing
    assert not played.problems


def test_student_is_switched_by_keyboard_alone(opened, where):
    with opened(360, "dark") as site:
        page = site.go(where)
        host = host_of(page)
        host.get_by_role("switch", name="block 1", exact=True).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        until_true(page, "location.search.includes('101111111')")
        assert recorded("baseline", "101111111") in errors(host)[1]
        live(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert not site.problems


def test_page_opened_by_double_click_says_what_to_do(opened, where):
    with opened(by_file=True) as site:
        host = host_of(site.go(where))
        assert "make serve" in host.locator(".sg-live-said").inner_text()
        assert host.locator("[data-loads]").count() == 0
        host.get_by_role("switch", name="block 3").click()
        assert recorded("self-guidance", "110111111") in errors(host)[0]
        assert not site.problems


def test_loading_that_fails_says_so_and_can_be_tried_again(opened, where):
    with opened() as site:
        page = site.go(where)
        page.context.route("**/test-set.gz", lambda route: route.fulfill(status=404, body=""))
        host = host_of(page)
        host.get_by_role("button", name="Load the live networks").click()
        host.get_by_text("could not be loaded").wait_for()
        page.context.unroute("**/test-set.gz")
        load(page)
