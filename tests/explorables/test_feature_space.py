"""The feature space: its t-SNE against a direct computation, its recording, and a map that depends on the settings alone."""

import json

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from support.stage import Mathematics, staged

from sgutils.features import silhouette
from sgutils.widgets import bundle
from sgutils.widgets.recorders.feature_space import EPOCHS, STUDENTS, shown

SETTLED = """document.querySelector(".sg-x").getAttribute("aria-busy") === "false" """


@pytest.fixture(scope="module")
def tsne(browser):
    page = browser.new_page()
    yield Mathematics(page, "lib/tsne.js")
    page.close()


@pytest.fixture(scope="module")
def points():
    """60 points of 4 numbers in three groups, and a map of them."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    return random.normal(size=(60, 4)) + 5 * np.eye(4)[labels], random.normal(size=(60, 2)), labels


def direct_affinities(x, perplexity):
    """P by the definition, each width found by another method."""
    n = len(x)
    distances = ((x[:, None] - x) ** 2).sum(axis=2)
    p = np.zeros((n, n))
    for i in range(n):
        others = np.arange(n) != i
        near = distances[i, others] - distances[i, others].min()

        def row(log_beta):
            weights = np.exp(-np.exp(log_beta) * near)
            return weights / weights.sum()

        def entropy(log_beta):
            q = row(log_beta)
            return -(q * np.log(np.maximum(q, 1e-300))).sum()

        p[i, others] = row(brentq(lambda b: entropy(b) - np.log(perplexity), -20, 20, xtol=1e-12))
    return (p + p.T) / (2 * n)


@pytest.mark.parametrize("perplexity", [3, 12, 40])
def test_affinities_have_the_perplexity(tsne, points, perplexity):
    x = points[0]
    found = tsne.evaluate(
        "([x, n, d, perplexity]) => [...M.affinities(x, n, d, perplexity)]", [x.ravel().tolist(), 60, 4, perplexity]
    )
    np.testing.assert_allclose(np.reshape(found, (60, 60)), direct_affinities(x, perplexity), rtol=1e-3, atol=1e-8)
    assert sum(found) == pytest.approx(1)


def test_affinities_of_points_on_one_spot_are_even(tsne):
    found = tsne.evaluate("() => [...M.affinities(new Float64Array(20), 10, 2, 3)]")
    np.testing.assert_allclose(np.reshape(found, (10, 10)), (1 - np.eye(10)) / 90)


def divergence(p, y):
    """KL(P || Q) by the definition."""
    off = ~torch.eye(len(y), dtype=torch.bool)
    q = 1 / (1 + torch.cdist(y, y, compute_mode="donot_use_mm_for_euclid_dist") ** 2)
    q = q[off] / q[off].sum()
    return (p[off] * (p[off].log() - q.log())).sum()


@pytest.mark.parametrize("exaggeration", [1, 12])
def test_the_gradient_is_that_of_the_divergence(tsne, points, exaggeration):
    x, start, _ = points
    p = torch.tensor(direct_affinities(x, 10))
    y = torch.tensor(start, requires_grad=True)
    value = divergence(p, y)
    (exact,) = torch.autograd.grad(value, y)
    if exaggeration != 1:
        # Exaggerated attraction, repulsion as it was: by the closed form of van der Maaten and Hinton (2008), Eq. 5.
        with torch.no_grad():
            apart = y[:, None] - y
            w = 1 / (1 + (apart**2).sum(dim=2))
            w.fill_diagonal_(0)
            exact = 4 * (((exaggeration * p - w / w.sum()) * w)[:, :, None] * apart).sum(dim=1)
    given = [p.flatten().tolist(), start.ravel().tolist(), 60, exaggeration]
    found = tsne.evaluate("([p, y, n, more]) => [...M.mapGradient(p, y, n, more)]", given)
    np.testing.assert_allclose(np.reshape(found, (60, 2)), exact.numpy(), rtol=1e-8, atol=1e-10)
    assert tsne.evaluate("([p, y, n]) => M.mapDivergence(p, y, n)", given[:3]) == pytest.approx(value.item())


RUN = """([x, n, d, seed]) => {
  const p = M.affinities(x, n, d, 10);
  const map = M.movingMap(M.coldStart(n, seed), n);
  for (let step = 0; step < 400; step += 1) map.step(p, step < 100 ? M.EXAGGERATION : 1);
  return { y: [...map.y], kl: M.mapDivergence(p, map.y, n) };
}"""


def test_steps_separate_groups_and_repeat_for_a_seed(tsne, points):
    x, start, labels = points
    maps = [tsne.evaluate(RUN, [x.ravel().tolist(), 60, 4, seed]) for seed in (0, 0, 1)]
    assert maps[0] == maps[1] != maps[2]
    for found in maps:
        y = np.reshape(found["y"], (60, 2))
        assert silhouette(y, labels) > 0.5
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-9)
        assert found["kl"] < divergence(torch.tensor(direct_affinities(x, 10)), torch.tensor(start)).item() / 4


@pytest.fixture(scope="module")
def read(browser):
    """`readFeatures` of lib/features.js, then one expression about what it returned."""
    page = browser.new_page()
    page_of = Mathematics(page, "feature_space/features.js")
    yield lambda recording, expression: page_of.evaluate(
        f"(given) => {{ const r = M.readFeatures(given); return {expression}; }}", recording
    )
    page.close()


@pytest.fixture
def recording():
    return bundle.default_state("feature_space")["recording"]


def test_the_recording_arrives_as_it_was_written(read, recording):
    import base64

    count, size = len(recording["labels"]), recording["components"]
    moment = recording["methods"]["baseline"][3]
    steps = np.frombuffer(base64.b64decode(moment["features"]), np.int8).reshape(-1, count * size)
    for network in range(1 + len(STUDENTS)):
        assert read(recording, f"[...r.methods.baseline[3].features({network})]") == steps[network].tolist()
    packed = np.frombuffer(base64.b64decode(recording["images"]), np.uint8)
    grey = np.stack([packed >> 4, packed & 15], axis=1).reshape(count, -1) * 17
    assert read(recording, "[...r.pixels(5)]") == grey[5].tolist()


def test_the_shipped_recording_is_whole(read, recording):
    assert recording["epochs"] == list(EPOCHS) and recording["students"] == STUDENTS
    assert np.bincount(recording["labels"]).tolist() == [20] * 10
    assert STUDENTS["A"].count("1") == STUDENTS["B"].count("1") != STUDENTS["C"].count("1")
    for moments in recording["methods"].values():
        assert len(moments) == len(EPOCHS)
        for moment in moments:
            assert 0.8 < moment["kept"] <= 1
            assert np.allclose(np.diag(moment["cka"]), 1) and np.allclose(moment["cka"], np.transpose(moment["cka"]))
    images = bundle.data_folder() / "explorables" / "feature-space.json"
    assert images.stat().st_size < 200_000
    assert read(recording, "r !== null") is True


def test_the_images_go_round_the_classes():
    labels = torch.tensor([0, 1, 0, 1, 2, 2, 0, 2, 1] * 20)
    assert labels[shown(labels)].tolist() == [0, 1, 2] * 20


DAMAGE = [
    *({"classes": ["a"]}, {"labels": [0] * 5}, {"labels": [11] * 200}, {"side": 13}, {"images": ""}, {"components": 9}),
    *({"epochs": [0]}, {"epochs": [3, 2, 1]}, {"students": {"A": 1}}, {"methods": {}}, {"methods": None}),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_recording_is_none(read, recording, damage):
    assert read(recording | damage, "r") is None


def test_the_map_of_an_epoch_does_not_depend_on_the_way_to_it(stage):
    """A link gives the same view: opened at an epoch, or come to it forwards, backwards or over another setting."""
    pictures = []
    stage.show("feature_space", {"epoch": 4})
    pictures.append(stage.picture())
    for way in (
        [("epoch", 24), ("epoch", 0), ("epoch", 4)],
        [("perplexity", 9), ("epoch", 1), ("perplexity", 20), ("epoch", 4)],
    ):
        for key, value in way:
            stage.page.evaluate("([key, value]) => window.model.set(key, value)", [key, value])
            stage.picture()
        pictures.append(stage.picture())
    assert len(set(pictures)) == 1
    stage.page.evaluate("window.model.set('seed', 3)")
    assert stage.picture() != pictures[0]


@pytest.fixture(scope="module")
def lively(browser):
    page = browser.new_page(reduced_motion="no-preference")
    yield page
    page.close()


@pytest.fixture
def moving(lively):
    """A page where motion is welcome."""
    with staged(lively) as stage:
        yield stage


def test_play_goes_through_the_epochs_and_ends_where_a_jump_ends(moving):
    page = moving.page
    moving.show("feature_space", {"epoch": 18})
    page.wait_for_function(SETTLED)
    page.get_by_role("slider", name="epoch").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(SETTLED)
    jumped = moving.picture()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(SETTLED)
    page.evaluate("""() => {
      window.moments = new Set();
      window.watching = setInterval(() => window.moments.add(document.querySelector(".sg-moment").textContent), 20);
    }""")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.sg-main').textContent === 'Play from the start'")
    page.wait_for_function(SETTLED)
    assert page.evaluate("[...window.moments]") == ["epoch 18", "epoch 24"]
    assert moving.state("epoch") == 24
    assert moving.picture() == jumped


TOLD = """() => ({
  moment: document.querySelector(".sg-moment").textContent, epoch: document.querySelector("input[aria-label=epoch]").value,
  error: document.querySelector(".sg-measures tbody output").textContent, button: document.querySelector(".sg-main").textContent,
})"""


def test_what_the_page_says_while_the_map_is_laid_out_is_of_the_epoch_on_show(moving, recording):
    """At first sight, and again with other settings: slider, table and button keep to the map."""
    page = moving.page
    moving.show("feature_space", {"student": "C"})
    for method, full in ("self-guidance", "teacher"), ("baseline", "full network"):
        page.evaluate("(method) => window.model.set('method', method)", method)
        page.wait_for_function(
            "(full) => document.querySelector('.sg-measures tbody').textContent.includes(full)", arg=full
        )
        page.wait_for_function("/^epoch [1-8]$/.test(document.querySelector('.sg-moment').textContent)")
        told = page.evaluate(TOLD)
        number = int(told["epoch"])
        assert told["moment"] == f"epoch {EPOCHS[number]}" and told["button"] == "Pause"
        assert told["error"] == f"{100 * recording['methods'][method][number]['error'][0]:.1f} %"
        assert moving.state("epoch") == 24


def test_play_before_an_epoch_is_laid_out_goes_on_from_where_the_map_is(moving):
    page = moving.page
    moving.show("feature_space", {"epoch": 0})
    page.wait_for_function(SETTLED)
    page.evaluate("window.model.set('epoch', 8)")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.sg-main').textContent === 'Play from the start'")
    page.wait_for_function(SETTLED)
    assert page.locator(".sg-moment").text_content() == "epoch 24"


def test_play_and_pause_before_anything_is_laid_out(moving):
    moving.show("feature_space")
    # At once, before the worker's first frame comes.
    moving.page.evaluate("() => { for (let i = 0; i < 5; i += 1) document.querySelector('.sg-main').click(); }")
    moving.page.wait_for_function(SETTLED)
    assert moving.page.locator(".sg-moment").text_content() == f"epoch {moving.state('epoch')}"


def test_the_slider_stays_in_its_place_whatever_the_button_says(moving):
    page = moving.page
    moving.show("feature_space", {"epoch": 0})
    page.wait_for_function(SETTLED)
    places = set()
    for epoch in (0, 8, 24):
        page.evaluate("(epoch) => window.model.set('epoch', epoch)", epoch)
        moving.picture()
        places.add(
            (page.locator(".sg-main").text_content(), page.get_by_role("slider", name="epoch").bounding_box()["x"])
        )
    page.get_by_role("button", name="Play from the start").click()
    page.wait_for_function("document.querySelector('.sg-main').textContent === 'Pause'")
    places.add(("Pause", page.get_by_role("slider", name="epoch").bounding_box()["x"]))
    assert {words for words, _ in places} == {"Play", "Play from the start", "Pause"} and len(
        {x for _, x in places}
    ) == 1


@pytest.mark.parametrize("width", [360, 1000])
def test_every_class_has_its_colour_named(stage, recording, width):
    """Also those whose names find no room on the map."""
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.show("feature_space")
    stage.picture()
    legend = stage.page.locator(".sg-small-legend > span")
    assert [words.strip() for words in legend.all_inner_texts()] == recording["classes"]
    strokes = [legend.nth(c).locator("path").evaluate("(node) => getComputedStyle(node).stroke") for c in range(10)]
    assert len(set(strokes)) == 10


def test_pause_stays_at_the_epoch_that_is_on_show(moving):
    page = moving.page
    moving.show("feature_space", {"epoch": 0})
    page.wait_for_function(SETTLED)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.sg-moment').textContent === 'epoch 2'")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function(SETTLED)
    assert moving.state("epoch") == 2 and page.locator(".sg-moment").text_content() == "epoch 2"


def test_a_point_shows_its_image_and_keeps_it_from_epoch_to_epoch(stage):
    page = stage.page
    stage.show("feature_space", {"image": 0})
    stage.picture()
    classes = bundle.default_state("feature_space")["recording"]["classes"]
    place = page.evaluate("""() => {
      const box = document.querySelector(".sg-picture svg").getBoundingClientRect();
      const [x, y] = document.querySelector(".sg-marks.sg-dot.sg-class-1").getAttribute("d").match(/[\\d.]+/g).map(Number);
      return [box.x + x, box.y + y];
    }""")
    before = stage.picture()
    page.mouse.move(*place)
    assert stage.picture() != before and stage.state("image") == 0, (
        "passing over a point shows its image for the moment"
    )
    page.mouse.move(0, 0)
    assert stage.picture() == before
    page.mouse.click(*place)
    stage.picture()
    image = stage.state("image")
    labels = bundle.default_state("feature_space")["recording"]["labels"]
    assert labels[image] == 1
    caption = page.locator(".sg-picture .sg-small.sg-strong")
    assert caption.text_content() == classes[1] and f"Pointed out: image {image + 1}, {classes[1]}" in page.locator(
        ".sg-picture svg"
    ).first.get_attribute("aria-label")
    page.evaluate("window.model.set('epoch', 0)")
    stage.picture()
    assert stage.state("image") == image and caption.text_content() == classes[1]


def test_a_line_joins_an_image_as_two_networks_see_it(stage):
    stage.show("feature_space")
    stage.picture()
    assert stage.page.locator(".sg-ties").get_attribute("d").count("L") == 200
    stage.page.evaluate("window.model.set('student', 'A and B')")
    stage.picture()
    assert stage.page.locator(".sg-ties").get_attribute("d").count("L") == 400


def test_the_table_is_that_of_the_recording(stage, recording):
    stage.show("feature_space", {"method": "baseline", "student": "C", "epoch": 8})
    stage.picture()
    rows = stage.page.locator(".sg-measures tbody tr").all_inner_texts()
    moment = recording["methods"]["baseline"][EPOCHS.index(8)]
    for row, network in zip(rows, (0, 3), strict=False):
        shares = [f"{100 * moment[name][network]:.1f} %" for name in ("error", "probe")]
        assert row.split("\t")[1:] == [
            *shares,
            f"{moment['silhouette'][network]:.2f}",
            f"{moment['cka'][0][network]:.2f}",
        ], json.dumps(rows)
