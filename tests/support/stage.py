"""Explorables in a page of their own, with the model that their hosts would give them; and their mathematics in one."""

import json
from contextlib import contextmanager

from sgutils.widgets import bundle

# What anywidget and the site give a module: get, set, on, off, save_changes.
HOST = r"""
// What is large comes once to a page: the module, the first state and the HTML of each explorable that it shows.
window.known = {};
window.begin = async (name, changes, html) => {
  const known = window.known[name];
  const state = { ...JSON.parse(known.state), ...changes };
  document.body.innerHTML = html ? known.html : '<div></div>';
  const listeners = {};
  window.saves = [];
  window.model = {
    state,
    get: (key) => state[key],
    set(key, value) { state[key] = value; for (const tell of listeners[key] ?? []) tell(); },
    on: (event, tell) => (listeners[event.slice(7)] ??= []).push(tell),
    off: (event, tell) => { const key = event.slice(7); listeners[key] = (listeners[key] ?? []).filter((f) => f !== tell); },
    save_changes: () => window.saves.push(structuredClone(state)),
  };
  window.load = async (source) => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  return module;
};
window.listening = () => Object.values(listeners).flat().length;
  known.module ??= await window.load(known.source);
  window.end = await known.module.default.render({ model: window.model, el: document.body.firstElementChild });
  await window.painted();
};
window.painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
// A picture that is still being worked out says so.
window.settled = async () => {
  do await window.painted(); while (document.querySelector('[aria-busy="true"]'));
};
// A control's own read-out and what only a screen reader or the Tab key meets are no picture, nor is the number of an id.
window.picture = () => [...document.querySelectorAll('svg, canvas, output')].filter((node) => !node.closest('.sg-control'))
  .map((node) => (node.tagName === 'CANVAS' ? node.toDataURL() : node.outerHTML.replace(/ (aria-(label|value\w+)|tabindex)="[^"]*"|sg-control-\d+/g, ''))).join();
"""


class Stage:
    """One page in which explorables are shown; `errors` are what went wrong in it."""

    def __init__(self, page):
        self.page, self.errors, self.known = page, [], set()
        page.on("pageerror", self._failed)
        page.on("console", self._heard)
        page.set_content(
            f"<!doctype html><html data-theme=light><style>{bundle.stylesheet()}</style><body></body></html>"
        )
        page.evaluate(HOST)

    def _failed(self, error):
        self.errors.append(str(error))

    def _heard(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def leave(self):
        """Make the page an empty one again, in which nothing of this runs on."""
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        self.page.remove_listener("pageerror", self._failed)
        self.page.remove_listener("console", self._heard)

    def show(self, name, state=None, *, html=True):
        """Mount one, as the site does; its state is the first one but for what is given. Without ``html`` in a bare element."""
        if name not in self.known:
            self.known.add(name)
            known = {"source": bundle.module_source(name), "html": bundle.mount_html(name)}
            known["state"] = json.dumps(bundle.default_state(name))
            self.page.evaluate("([name, known]) => { window.known[name] = known; }", [name, known])
        # As text: the browser tool would take recordings apart number by number.
        given = [name, json.dumps(state or {}), html]
        self.page.evaluate("([name, changes, html]) => window.begin(name, JSON.parse(changes), html)", given)

    def unfold(self):
        """Bring the controls into sight that an explorable keeps behind a word."""
        self.page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")

    def picture(self):
        """All that is drawn and read out, outside the controls themselves, once it has settled."""
        self.page.evaluate("window.settled()")
        return self.page.evaluate("window.picture()")

    def state(self, key):
        return self.page.evaluate("(key) => window.model.state[key]", key)


@contextmanager
def staged(page):
    """A stage in a page that others had before and others get after: a new page takes longer than most tests."""
    page.set_viewport_size({"width": 1000, "height": 800})
    stage = Stage(page)
    yield stage
    stage.leave()
    assert stage.errors == []


class Mathematics:
    """A file of pure functions in a page: call one on each of many lists of arguments, or evaluate anything with `M`."""

    def __init__(self, page, file="lib/math.js"):
        self.page = page
        source = bundle.bundled(bundle.HERE / file)
        load = "async (source) => { window.M = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))); }"
        page.evaluate(load, source)

    def __call__(self, function, cases):
        call = "([name, cases]) => cases.map((given) => M[name](...given))"
        return self.page.evaluate(call, [function, [list(case) for case in cases]])

    def evaluate(self, expression, argument=None):
        return self.page.evaluate(expression, argument)
