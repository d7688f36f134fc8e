"""The trainer in a page, as its readers meet it: a recording first, then a real training, which they can steer and keep."""

import gzip

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from support.trainer_site import Visit, served, write_site
from support.webgpu import page_with_webgpu

from sgutils.data import load_dataset
from sgutils.safetensors import load_saved_network
from sgutils.widgets import bundle
from sgutils.widgets.trainer.images import fashion_mnist

TEACHER, STEP = r"^Teacher.*: ([\d.]+)", r"^step ([\d,]+)"
FAST = "?trainer.network=%22resnet8-narrow%22&trainer.engine=%22wasm%22"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainer")
    write_site(folder)
    return folder


@pytest.fixture(scope="module")
def site(folder):
    with served(folder) as address:
        yield address


@pytest.fixture
def visit(browser, site):
    """Opens the trainer; at the end nothing foreign was asked for and nothing went wrong."""
    visits = []

    def open_page(query="", **options):
        page = browser.new_page(**({"viewport": {"width": 1000, "height": 1000}} | options))
        visits.append(Visit(page, site + query))
        return visits[-1]

    yield open_page
    for one in visits:
        assert one.errors == [] and one.foreign == []
        one.page.close()


def test_images_are_those_of_the_data_set():
    data = load_dataset("fashion-mnist", image_size=14, test_examples=1000)
    parts = (data.train_y, data.train_x, data.test_y, data.test_x)
    content = b"".join(part.to(torch.uint8).numpy().tobytes() for part in parts)
    packed = fashion_mnist()
    assert gzip.decompress(packed) == content
    assert round(len(packed) / 1e6, 2) == 0.65  # what the button says


def test_a_network_trains_on_the_processor_is_steered_and_kept(visit, tmp_path):
    trainer = visit(FAST)
    trainer.press("Train in this page")
    trainer.wait_until_it_trains()
    assert "on the processor" in trainer.page.locator(".sg-trainer-said").first.text_content()
    trainer.wait("document.querySelector('.sg-ties')")
    before = trainer.map()
    trainer.wait("(before) => document.querySelector('.sg-ties').getAttribute('d') !== before", before)

    # To under 25 % test error.
    trainer.wait_for_text(TEACHER, "found < 25")

    # A larger λ weighs more from the next step on.
    trainer.set("λ weight", 3)
    trainer.wait("/λτ² = 27.00/.test(document.querySelector('.sg-trainer').textContent)")
    trainer.wait(
        "parseFloat(document.querySelector('.sg-terms .sg-distill').textContent.split('KL ')[1]) > 0.2", timeout=60_000
    )
    trainer.press("Pause")
    trainer.page.get_by_role("button", name="Play", exact=True).wait_for()
    assert "Stands still" in trainer.page.locator(".sg-trainer-said").first.text_content()

    # What is saved errs as often as the page says.
    trainer.page.wait_for_timeout(1500)
    with trainer.page.expect_download() as download:
        trainer.press("Save the network")
    download.value.save_as(tmp_path / "net.safetensors")
    saved = load_saved_network(tmp_path / "net.safetensors")
    assert saved.method == "self-guidance" and saved.test_examples == 1000
    assert 100 * saved.test_error() == pytest.approx(trainer.number(TEACHER), abs=0.11)

    # A block that is switched off by hand is felt at once.
    error = trainer.number(r"^Student.*: ([\d.]+)")
    trainer.page.get_by_role("switch").first.click()
    trainer.wait_for_text(r"^By hand.*: ([\d.]+)", "found != argument", error)
    trainer.press("Back to drawn students")

    # Whoever gets the address gets the settings.
    trainer.wait("location.search.includes('trainer.lam=3')")
    other = visit(trainer.page.url.split("/")[-1])
    assert other.page.get_by_role("slider", name="λ weight").input_value() == "3"


def test_a_step_is_one_step(visit):
    trainer = visit(FAST + "&trainer.data=%22digits%22")
    trainer.press("Train in this page")
    trainer.wait_until_it_trains()
    trainer.press("Pause")
    trainer.page.wait_for_timeout(1500)
    before = trainer.number(STEP)
    trainer.page.get_by_role("button", name="Step", exact=True).click()
    trainer.wait_for_text(STEP, "found.replace(',', '') == argument", before + 1)


TRAIN = """async ([source, wishes]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const settings = { method: "self-guidance", lam: 0.25, tau: 3, p_last: 0.5, lr: 0.05, statistics: "both" };
  const start = { run: 1, data: "digits", bytes: null, network: "resnet8-narrow", engine: "wasm", seed: 3, settings };
  const goal = wishes.reduce((total, { steps }) => total + (steps ?? 0), 0);
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.frame?.steps === goal) resolve([data.frame.losses, data.frame.gates]);
    };
    for (const wish of [{ start }, ...wishes]) worker.postMessage(wish);
  });
}"""


def test_the_same_seed_trains_the_same_however_often_it_is_looked_at(browser):
    page = browser.new_page()
    source = bundle.bundled(bundle.HERE / "trainer" / "worker.js")
    at_once = page.evaluate(TRAIN, [source, [{"steps": 12}]])
    watched = page.evaluate(
        TRAIN, [source, [{"steps": 1}, {"gates": [1, 0, 1]}, {"steps": 4}, {"gates": None}, {"steps": 7}]]
    )
    page.close()
    assert at_once == watched


def test_the_recording_plays_before_any_click(visit):
    trainer = visit()
    text = trainer.page.locator(".sg-trainer svg", has_text="epoch").text_content()
    assert "epoch 4.0" in text
    trainer.press("Play the recording")
    trainer.wait("document.querySelector('.sg-trainer').textContent.includes('epoch 16.0')")
    trainer.page.get_by_role("button", name="Play the recording").wait_for()  # it has come to its end
    before = trainer.map()
    trainer.set("time in the recording", 9)
    trainer.wait("(before) => document.querySelector('.sg-ties').getAttribute('d') !== before", before)
    assert (
        trainer.page.get_by_role("slider", name="time in the recording").get_attribute("aria-valuetext") == "10 of 20"
    )


def test_twenty_steps_on_the_graphics_processor(browser, site):
    with page_with_webgpu(browser) as page:
        trainer = Visit(page, site + FAST.replace("wasm", "webgpu") + "&trainer.data=%22digits%22")
        trainer.press("Train in this page")
        trainer.wait_until_it_trains()
        assert "WebGPU" in page.locator(".sg-trainer-said").first.text_content()
        trainer.wait_for_text(STEP, "found.replace(',', '') >= 20")
        assert trainer.errors == [] and trainer.foreign == []


def test_a_page_opened_by_double_click_trains_on_the_digits_and_says_so(browser, folder):
    page = browser.new_page()
    trainer = Visit(page, (folder / "index.html").as_uri())
    assert "make serve" in page.locator(".sg-trainer-said").first.text_content()
    page.locator("summary").click()
    page.get_by_role("combobox", name="images").select_option("digits")
    trainer.press("Train in this page")
    trainer.wait_until_it_trains()
    assert trainer.errors == []
    page.close()


@pytest.mark.parametrize("page", ["index.html", "dark.html"])
@pytest.mark.parametrize("width", [1000, 360])
def test_everybody_can_use_it(visit, page, width):
    trainer = visit(f"{page}{FAST}&trainer.data=%22digits%22", viewport={"width": width, "height": 900})
    trainer.page.locator("summary").click()
    for _ in range(2):
        found = Axe().run(trainer.page)
        assert found.violations_count == 0, found.generate_report()
        assert trainer.page.evaluate("document.documentElement.scrollWidth") <= width
        if trainer.page.get_by_role("button", name="Train in this page").is_visible():
            trainer.press("Train in this page")
            trainer.wait_until_it_trains()
            trainer.press("Pause")
