"""A site with nothing on it but the trainer, mounted as the book mounts it."""

import re
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sgutils.widgets import bundle
from sgutils.widgets.trainer.images import fashion_mnist

MOUNT = Path(__file__).resolve().parents[2] / "book" / "_static" / "mount.js"
PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}" data-content_root="./">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Trainer</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="explorables.css">
<script defer src="_static/explorables/trainer.js"></script><script defer src="mount.js"></script>
<body><main><h1>Trainer</h1>{explorable}</main></body></html>"""


def write_site(folder):
    """Its files; `dark.html` is the page in the dark theme."""
    images = folder / "_static" / "trainer" / "fashion-mnist.gz"
    images.parent.mkdir(parents=True)
    images.write_bytes(fashion_mnist())
    scripts = folder / "_static" / "explorables"
    scripts.mkdir()
    for file, script in bundle.site_scripts("trainer").items():
        (scripts / file).write_text(script, encoding="utf-8")
    (folder / "explorables.css").write_text(bundle.stylesheet(), encoding="utf-8")
    (folder / "mount.js").write_text(MOUNT.read_text(encoding="utf-8"), encoding="utf-8")
    for name, theme in (("index", "light"), ("dark", "dark")):
        text = PAGE.format(theme=theme, explorable=bundle.mount_html("trainer"))
        (folder / f"{name}.html").write_text(text, encoding="utf-8")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """The address of a folder while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class Visit:
    """The trainer in a page: what it says, and what the page asked for or complained of."""

    def __init__(self, page, address):
        self.page, self.errors, self.foreign = page, [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        own = address.split("?")[0].rsplit("/", 1)[0]
        page.on(
            "request",
            lambda request: request.url.startswith((own, "data:", "blob:")) or self.foreign.append(request.url),
        )
        page.goto(address)
        page.wait_for_selector("[data-mounted]")

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=False).click()

    def set(self, label, value):
        """Move a slider to a value, as a hand would."""
        slider = self.page.get_by_role("slider", name=label)
        slider.evaluate(
            "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', { bubbles: true })); }", value
        )

    def wait(self, what, argument=None):
        self.page.wait_for_function(what, arg=argument)

    def wait_until_it_trains(self):
        self.wait("document.querySelector('.sg-trainer-said').textContent.includes('images/s')")

    def map(self):
        return self.page.locator(".sg-ties").get_attribute("d")

    def wait_for_text(self, pattern, holds="true", argument=None):
        """Until some text of the pictures fits a pattern and ``holds`` of its first group, the number or text ``found``."""
        self.wait(
            """([pattern, holds, argument]) => [...document.querySelectorAll('.sg-trainer svg text')].some((node) => {
                const match = node.textContent.match(new RegExp(pattern));
                return match && new Function('found', 'argument', `return ${holds}`)(match[1], argument);
            })""",
            [pattern, holds, argument],
        )

    def number(self, pattern):
        """The number that stands in some text of the pictures, as the first group of a pattern."""
        texts = self.page.locator(".sg-trainer svg text").all_text_contents()
        return next(float(found[1].replace(",", "")) for text in texts if (found := re.search(pattern, text)))
