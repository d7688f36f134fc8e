"""The controls of a page's explorables, and what an address may set them to."""

import json
from itertools import cycle
from urllib.parse import urlencode

# Not those that load megabytes: `test_network_with_switches.py` presses them.
CONTROLS = ":is(button, select, input, [role=slider]):not([type=hidden], :disabled, [data-loads])"

NAME = r"""(control) => (control.getAttribute("aria-label") || [...(control.labels ?? [])].map((label) => label.textContent).join(" ")
  || document.getElementById(control.getAttribute("aria-labelledby"))?.textContent || control.textContent || "").trim()"""

# A few, by turns: tests/explorables gives many more to each explorable itself.
HOSTILE = ['"<img src=x onerror=alert(1)>"', "-1e308", "%"]


def hosts(page):
    """The page's explorables, with the controls in sight that some keep behind a word."""
    page.locator(".sg-explorable details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    return page.locator(".sg-explorable").all()


def hostile_query(states):
    """What an address says that sets every place of every state to one of the values; of a list, each place in it."""
    query, values = {}, cycle(HOSTILE)
    for module, state in states:
        for key, start in json.loads(state).items():
            value = next(values)
            query[f"{module}.{key}"] = json.dumps([_parsed(value)] * len(start)) if isinstance(start, list) else value
    return urlencode(query)


def _parsed(value):
    try:
        return json.loads(value)
    except ValueError:
        return value
