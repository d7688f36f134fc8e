"""Takes the pictures that readers without JavaScript see in place of explorables: ``python stills.py [NAME ...]``.

Every explorable whose JSON file names a ``still`` is shown in Chromium in the state given beside it there, and what it
draws is stored under that name in ``book/_static``.
"""

import io
import json
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "explorables")]
from browser import FLAGS, find_chromium  # noqa: E402
from stage import Stage  # noqa: E402

from sgutils.widgets import bundle  # noqa: E402


def take(page, name):
    still = json.loads((bundle.HERE / f"{name}.json").read_text(encoding="utf-8"))["still"]
    stage = Stage(page)
    stage.show(name, still["state"])
    page.wait_for_timeout(1000 * still["seconds"])
    picture = page.locator(still["part"]).screenshot()
    # Few colours are enough, and keep it light.
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(96).save(ROOT / "book" / "_static" / still["file"], optimize=True)


if __name__ == "__main__":
    cards = {name: json.loads((bundle.HERE / f"{name}.json").read_text(encoding="utf-8")) for name in bundle.NAMES}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for name in sys.argv[1:] or [name for name, card in cards.items() if "still" in card]:
            take(chromium.new_page(viewport={"width": 800, "height": 1000}, device_scale_factor=1.5, reduced_motion="reduce"), name)
        chromium.close()
