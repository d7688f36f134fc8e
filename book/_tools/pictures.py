"""Takes a picture of every explorable on the built site, for readers without scripts: ``python -m book._tools.pictures [NAME ...]``.

Each is the explorable as its first page shows it, in light colours, and stands in ``book/_static/pictures``. Where the
beginning has little to see, an address leads to a better moment.
"""

import io
import sys
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from sgutils.widgets import bundle
from tests.support.browser import FLAGS, find_chromium
from tests.support.waiting import until_true

from .serve import server

ROOT = Path(__file__).resolve().parents[2]
SITE, PICTURES = ROOT / "_build" / "html", ROOT / "book" / "_static" / "pictures"
WIDTH = 760
# name: (state in the address, seconds until it stands)
MOMENTS = {
    "playground": ("?playground.steps=1500", 15),
    "trainer": ("?trainer.compare=false&trainer.lam=0.25&trainer.color=%22class%22", 1.5),  # as the front page has it
}


def page_of(name):
    """The first page, in the order of their names, that holds an explorable; None if it stands on none."""
    pages = sorted((SITE / "book").glob("*.html"))
    return next((page for page in pages if f'data-module="{name}"' in page.read_text("utf-8")), None)


def main(names):
    PICTURES.mkdir(exist_ok=True)
    # Served, as most readers meet it: a page opened from a file says what it may not do there.
    site = server(SITE)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for name in names or bundle.NAMES:
            if (path := page_of(name)) is None:
                print(f"{name} stands on no page", flush=True)
                continue
            page = browser.new_page(
                viewport={"width": 1280, "height": 1400}, color_scheme="light", reduced_motion="reduce"
            )
            state, seconds = MOMENTS.get(name, ("", 1.5))
            page.goto(f"http://127.0.0.1:{site.server_port}/{path.relative_to(SITE).as_posix()}{state}")
            page.wait_for_selector(f'.sg-explorable[data-module="{name}"][data-mounted]')
            page.wait_for_timeout(1000 * seconds)  # for what a worker computes first
            until_true(page, "!document.querySelector('.sg-explorable [aria-busy=\"true\"]')")
            shot = page.locator(f'.sg-explorable[data-module="{name}"]').first.screenshot()
            picture = Image.open(io.BytesIO(shot)).convert("RGB")
            picture.resize((WIDTH, round(picture.height * WIDTH / picture.width))).save(
                PICTURES / f"{name}.webp", quality=80
            )
            page.close()
            print(f"{name}, from {path.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
