"""The controls of the explorables in their pages, moved by the keyboard alone."""

import json
import re
from itertools import cycle, islice
from urllib.parse import urlencode

import pytest
from support.site_pages import SETTLED
from support.waiting import until_true

# Not those that load megabytes: `test_network_with_switches.py` presses them.
CONTROLS = ":is(button, select, input, [role=slider]):not([type=hidden], :disabled, [data-loads])"

# Everything that a reader sees of an explorable's state: its pictures and read-outs, without a control's own read-out and
# without what only a screen reader or the Tab key meets. Ids are numbered in the order in which explorables arrive.
PICTURE = r"""(host) => {
  const attribute = ({ name, value }) => (/^(aria-(label|value\w+)|tabindex)$/.test(name) ? "" : `${name}=${value.replace(/sg-control-\d+/, "")}`);
  // Attributes in one order, whatever was set first.
  const shown = (node) => node.nodeType !== 1 ? node.textContent
    : `<${node.tagName} ${[...node.attributes].map(attribute).sort().join(" ")}>${[...node.childNodes].map(shown).join("")}`;
  return [...host.querySelectorAll("svg, canvas, output, dd, [aria-live]")].filter((part) => part.getClientRects().length && !part.closest(".sg-control"))
    .map((part) => (part.tagName === "CANVAS" ? part.toDataURL() : shown(part)))
    .join("\n");
}"""

NAME = r"""(control) => (control.getAttribute("aria-label") || [...(control.labels ?? [])].map((label) => label.textContent).join(" ")
  || document.getElementById(control.getAttribute("aria-labelledby"))?.textContent || control.textContent || "").trim()"""


def hosts(page):
    """The page's explorables, with the controls in sight that some keep behind a word."""
    page.locator(".sg-explorable details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    return page.locator(".sg-explorable").all()


def test_explorables_follow_their_controls_on_a_phone_and_a_view_can_be_shared(opened, explorable_page):
    """In the dark; tests/explorables moves each control of each explorable, in a wide window.

    What a reader sets goes into the address, and opening that address shows it again.
    """
    with opened(360, "dark") as site:
        page = site.go(explorable_page)
        # What a switch has loaded is not in the address: `test_network_with_switches.py` shares that view.
        recorded = [i for i, host in enumerate(hosts(page)) if host.locator("[data-loads]").count() == 0]
        for host in hosts(page):
            _move_two(page, host)
        small = page.locator(f".sg-explorable {CONTROLS}:not([role=slider])").evaluate_all(
            """(all) => all.filter((c) => c.getBoundingClientRect().height < 24 && (c.closest("label") ?? c).getBoundingClientRect().height < 24)
                .map((c) => c.outerHTML)"""
        )
        assert small == [], "too small for a finger"
        if recorded:
            until_true(page, "location.search.length > 1")
            page.evaluate("document.activeElement.blur()")  # what has the focus may look different
            page.wait_for_timeout(400)  # changes of the address are gathered
            until_true(page, "!document.querySelector('.sg-explorable [aria-busy=\"true\"]')")
            before = [hosts(page)[i].evaluate(PICTURE) for i in recorded]
            page = site.go(explorable_page, page.evaluate("location.search"))
            assert [hosts(page)[i].evaluate(PICTURE) for i in recorded] == before
        assert not site.problems


def _move_two(page, host):
    """Work an explorable's controls until two have changed its picture: a preset that is in force already changes nothing."""
    controls = (control for control in host.locator(CONTROLS).all() if control.count())
    moved = list(islice((control for control in controls if _moves(page, host, control)), 2))
    assert len(moved) == 2, f"{host.get_attribute('data-module')} does not follow its controls"


def _moves(page, host, control):
    """Whether the picture changes when the control is worked by keyboard; what a worker draws takes a moment."""
    before = host.evaluate(PICTURE)
    for key in _keys(control):
        control.focus()
        page.keyboard.press(key)
        page.evaluate(SETTLED)
        if host.evaluate(PICTURE) != before:
            return True
    for _ in range(10):
        page.wait_for_timeout(100)
        if host.evaluate(PICTURE) != before:
            return True
    return False


def _keys(control):
    kind = control.evaluate(
        "(c) => c.getAttribute('role') ?? (c.tagName === 'INPUT' ? c.type : c.tagName.toLowerCase())"
    )
    return {
        "button": ["Enter"],
        "checkbox": ["Space"],
        "radio": ["ArrowRight", "Space"],
        "select": ["ArrowDown", "ArrowUp"],
    }.get(kind, ["ArrowRight", "ArrowLeft"])


@pytest.fixture(scope="module")
def wide(opened, explorable_page):
    """The page in a wide window; opened once for the test that looks at it and for the one that goes on from there."""
    with opened() as site:
        site.go(explorable_page)
        yield site


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


# A few, by turns: tests/explorables gives many more to each explorable itself.
HOSTILE = ['"<img src=x onerror=alert(1)>"', "-1e308", "%"]


def test_a_hostile_address_does_no_harm(wide, explorable_page):
    states = wide.page.locator(".sg-explorable").evaluate_all(
        "(all) => all.map((h) => [h.dataset.module, h.dataset.state])"
    )
    page = wide.go(explorable_page, f"?{urlencode(_query(states))}")
    for drawn in page.locator(".sg-explorable").evaluate_all("(all) => all.map((h) => h.innerHTML)"):
        assert not re.search("NaN|Infinity|undefined|onerror", drawn)
    assert not wide.problems


def _query(states):
    """One of the values in every place of every state; in each place of a list, where a state is a list."""
    query, values = {}, cycle(HOSTILE)
    for module, state in states:
        for key, start in json.loads(state).items():
            value = next(values)
            query[f"{module}.{key}"] = json.dumps([_parsed(value)] * len(start)) if isinstance(start, list) else value
    return query


def _parsed(value):
    try:
        return json.loads(value)
    except ValueError:
        return value
