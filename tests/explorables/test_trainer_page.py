"""The trainer in a page, as its readers meet it: a recording first, then a real training, which they can steer and keep."""

import gzip
import re
from itertools import pairwise

import pytest
import torch
from playwright.sync_api import expect
from support.axe import violations
from support.trainer_site import Visit, served, write_site
from support.webgpu import page_with_webgpu

from sgutils.data import load_dataset
from sgutils.page_network import load_saved_network
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

    # From 90 % to under 45 % test error.
    trainer.wait_for_text(TEACHER, "found < 45")

    # A larger λ weighs more from the next step on.
    trainer.set("λ weight", 3)
    trainer.wait("/λτ² = 27.00/.test(document.querySelector('.sg-trainer').textContent)")
    trainer.wait("parseFloat(document.querySelector('.sg-terms .sg-distill').textContent.split('KL ')[1]) > 0.2")
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


TRAIN = """async ([source, wishes, lam = 0.25]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const settings = { method: "self-guidance", lam, tau: 3, p_last: 0.5, lr: 0.05, statistics: "both" };
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
    assert at_once == watched

    # Another lambda changes neither weights nor batches nor gates, only what is learned from them.
    losses = {lam: page.evaluate(TRAIN, [source, [{"steps": steps} for steps in (1, 11)], lam]) for lam in (0, 0.25)}
    first = {lam: page.evaluate(TRAIN, [source, [{"steps": 1}], lam]) for lam in (0, 0.25)}
    alike = lambda found: ({**found[0], "total": None}, found[1])
    assert alike(first[0]) == alike(first[0.25]) and first[0] != first[0.25]
    assert losses[0.25] == at_once and losses[0][1] == at_once[1]
    assert losses[0][0]["ceTeacher"] != at_once[0]["ceTeacher"]
    page.close()


PACED = """([source]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const settings = { method: "baseline", lam: 0.25, tau: 3, p_last: 0.5, lr: 0.05, statistics: "both" };
  const seen = [];
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.frame) seen.push(data.frame.steps);
      if (data.frame?.steps === 3) worker.postMessage({ upTo: 7 });
      if (data.frame?.steps === 7) resolve(seen);
    };
    const start = { run: 1, data: "digits", bytes: null, network: "resnet8-narrow", engine: "wasm", seed: 3, settings };
    for (const wish of [{ start }, { upTo: 3 }, { play: true }]) worker.postMessage(wish);
  });
}"""


def test_a_training_waits_for_the_other_one(browser):
    page = browser.new_page()
    seen = page.evaluate(PACED, [bundle.bundled(bundle.HERE / "trainer" / "worker.js")])
    page.close()
    assert seen == sorted(seen) and {3, 7} <= set(seen)


def test_two_settings_train_side_by_side(visit):
    trainer = visit(FAST + "&trainer.data=%22digits%22")
    trainer.press("Train in this page")
    trainer.wait_until_it_trains()
    trainer.press("Compare two")
    expect(trainer.page.locator(".sg-trainer-said").last).to_contain_text(
        re.compile("A: .*λτ² = 2.25.* B: .*λτ² = 0.00")
    )
    expect(trainer.page.get_by_role("slider", name="λ weight")).to_have_value("0")
    for name in ("teacher A", "teacher B", "students A", "students B"):
        trainer.wait_for_text(rf"^{name} ([\d.]+) %", "found < 60")
    assert trainer.page.locator("svg path.sg-line.sg-dashed").count() == 2
    expect(trainer.page.locator(".sg-trainer-alike")).to_have_text(
        re.compile(r"^CKA of the two: A [01]\.\d\d, B [01]\.\d\d$")
    )

    # What is moved is B's; A keeps its own.
    trainer.set("λ weight", 3)
    trainer.page.get_by_role("radio", name="A", exact=True).check(force=True)
    expect(trainer.page.get_by_role("slider", name="λ weight")).to_have_value("0.25")
    trainer.wait("location.search.includes('trainer.b_lam=3')")
    other = visit(trainer.page.url.split("/")[-1])
    expect(other.page.locator(".sg-trainer-said").last).to_contain_text(
        re.compile("A: .*λτ² = 2.25.* B: .*λτ² = 27.00")
    )

    # The first one goes on alone, from where it is.
    before = trainer.number(STEP)
    trainer.press("Compare two")
    trainer.wait_for_text(STEP, "found.replace(',', '') > argument", before + 30)
    assert trainer.page.locator("svg path.sg-line.sg-dashed").count() == 0


NAMES_AT = [[3], [1, 40], [10, 11, 12, 90], [5, 5, 5, 5], [0, 10, 20, 21]]


def test_names_part_where_they_would_touch(browser):
    page = browser.new_page()
    moved, below = page.evaluate(
        """async ([source, cases]) => {
          const { apart } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          return [-Infinity, 4].map((first) => cases.map((places) => apart(places, 14, first)));
        }""",
        [bundle.bundled(bundle.HERE / "trainer" / "picture.js"), NAMES_AT],
    )
    page.close()
    for places, found in zip(NAMES_AT, moved, strict=True):
        assert all(below - above >= 14 - 1e-9 for above, below in pairwise(found))
        assert sum(found) == pytest.approx(sum(places))
        if all(below - above >= 14 for above, below in pairwise(places)):
            assert found == places
    for free, found in zip(moved, below, strict=True):
        assert found[0] >= 4 and all(low - high >= 14 - 1e-9 for high, low in pairwise(found))
        assert free[0] < 4 or found == free


def test_the_recording_plays_before_any_click(visit):
    trainer = visit()
    text = trainer.page.locator(".sg-trainer svg", has_text="epoch").text_content()
    assert "epoch 4.0" in text
    trainer.press("Play the recording")
    trainer.wait("document.querySelector('.sg-trainer').textContent.includes('epoch 16.0')")
    trainer.page.get_by_role("button", name="Play the recording").wait_for()  # it has come to its end
    before, alike = trainer.map(), trainer.page.locator(".sg-trainer-alike")
    expect(alike).to_have_text("CKA of the two: 0.96")
    trainer.set("time in the recording", 9)
    trainer.wait("(before) => document.querySelector('.sg-ties').getAttribute('d') !== before", before)
    expect(alike).not_to_have_text("CKA of the two: 0.96")
    assert (
        trainer.page.get_by_role("slider", name="time in the recording").get_attribute("aria-valuetext") == "10 of 20"
    )


def test_an_image_of_the_map_is_chosen_by_keyboard_too(visit):
    trainer = visit("?trainer.image=3")
    images = trainer.page.get_by_role("slider", name="t-SNE map of the features")
    for key, number in (("ArrowRight", "5"), ("ArrowLeft", "4"), ("Home", "1"), ("ArrowLeft", "1"), ("PageUp", "11")):
        images.press(key)
        expect(images).to_have_attribute("aria-valuenow", number)
    said = trainer.page.locator(".sg-trainer-image output").text_content()
    assert said and images.get_attribute("aria-valuetext").startswith("image 11: ")


def test_colours_tell_classes_apart_or_networks(visit):
    trainer = visit("?trainer.color=%22network%22")
    roles = trainer.page.locator(".sg-trainer-map svg path.sg-marks")
    assert roles.evaluate_all("all => all.every((mark) => /sg-(teacher|student)/.test(mark.getAttribute('class')))")
    trainer.page.locator("summary").click()
    trainer.page.get_by_role("combobox", name="colours of the map").select_option("class")
    trainer.wait("document.querySelector('.sg-trainer-map svg path.sg-marks.sg-class-3')")


def test_twenty_steps_on_the_graphics_processor(browser, site):
    with page_with_webgpu(browser) as page:
        trainer = Visit(
            page, site + FAST.replace("wasm", "webgpu") + "&trainer.data=%22digits%22&trainer.method=%22baseline%22"
        )
        trainer.press("Train in this page")
        trainer.wait_until_it_trains()
        assert "WebGPU" in page.locator(".sg-trainer-said").first.text_content()
        trainer.wait_for_text(STEP, "found.replace(',', '') >= 20")
        assert trainer.errors == [] and trainer.foreign == []


def test_a_page_opened_by_double_click_trains_on_the_digits_and_says_so(browser, folder):
    page = browser.new_page()
    trainer = Visit(page, (folder / "index.html").as_uri())
    said = page.locator(".sg-trainer-said").first
    assert "make serve" in said.text_content()
    trainer.press("Train in this page")
    said.get_by_text("does not train").wait_for()
    assert "make serve" in said.text_content(), "what to do is still said when it is needed"
    trainer.errors.clear()  # the browser tells of the file that it refused
    page.locator("summary").click()
    page.get_by_role("combobox", name="images").select_option("digits")
    trainer.press("Train in this page")
    trainer.wait_until_it_trains()
    assert trainer.errors == []
    page.close()


@pytest.mark.parametrize(("page", "width"), [("index.html", 1000), ("dark.html", 360)])
def test_everybody_can_use_it(visit, page, width):
    trainer = visit(f"{page}{FAST}&trainer.data=%22digits%22", viewport={"width": width, "height": 900})
    trainer.page.locator("summary").click()
    heights = trainer.page.locator(".sg-settings .sg-name").evaluate_all("all => all.map((name) => name.clientHeight)")
    assert max(heights) < 1.5 * min(heights), "each name stands on one line"
    trainer.press("Compare two")
    for _ in range(2):
        assert violations(trainer.page) == []
        assert trainer.page.evaluate("document.documentElement.scrollWidth") <= width
        if trainer.page.get_by_role("button", name="Train in this page").is_visible():
            trainer.press("Train in this page")
            trainer.wait_until_it_trains()
            trainer.press("Pause")
