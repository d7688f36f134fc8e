"""The controls of the explorables in their pages, moved by the keyboard alone."""

from itertools import islice

from support.controls import CONTROLS, hosts
from support.site_pages import SETTLED
from support.waiting import until_true

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
