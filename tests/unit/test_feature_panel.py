"""The feature panel without a browser: its map follows a run, and the run does not notice."""

import numpy as np
import pytest
from support.waiting import until

from sgutils import InputError, features, widgets
from sgutils.widgets.panels import feature_panel

TINY = {"dataset": "digits", "image_size": None, "train_examples": 64, "test_examples": 60, "batch_size": 16}


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(feature_panel, "SECONDS_BETWEEN_MAPS", 0)
    panel = widgets.FeaturePanel(images=50, perplexity=5, epochs=2, **TINY)
    yield panel
    panel.close()


def finish(panel):
    """Run to the end; returns the maps that were drawn."""
    maps = []

    def watch(change):
        if change["new"]:
            maps.append(np.frombuffer(change["new"], np.float32).reshape(-1, 2))

    panel.start()
    panel.figure_box.children[0].observe(watch, "positions")
    until(lambda: not panel.running, "the run ends")
    assert "done" in panel.status.value
    return maps


@pytest.mark.parametrize(
    ("method", "roles"),
    [
        ("self-guidance", ["teacher", "student"]),
        ("stochastic-depth", ["teacher", "student"]),
        ("baseline", ["baseline", "student"]),
    ],
)
def test_the_map_moves_with_every_step(panel, method, roles):
    panel.method.value = method
    maps = finish(panel)
    assert len(maps) >= 8  # 2 epochs of 4 steps; the first look is before the first of them
    assert all(points.shape == (100, 2) and np.isfinite(points).all() for points in maps)
    assert not np.array_equal(maps[0], maps[-1])
    figure = panel.figure_box.children[0]
    assert [network["role"] for network in figure.networks] == roles
    assert figure.moment == "epoch 2" and "CKA of the two" in figure.measures


def test_being_watched_does_not_change_the_training(panel, monkeypatch):
    errors = {}
    for name in ("watched", "alone"):
        legends = []
        panel.legend.observe(lambda change: change["new"] and legends.append(change["new"]), "value")
        finish(panel)
        panel.legend.unobserve_all("value")
        errors[name] = legends
        monkeypatch.setattr(feature_panel._Watcher, "__call__", lambda self: None)
    assert len(errors["alone"]) == 3 and errors["watched"] == errors["alone"]


def test_looking_takes_no_more_than_its_share(panel, monkeypatch):
    clock, looks = [0.0], []

    def look(watcher):
        looks.append(clock[0])
        clock[0] += 1.0

    monkeypatch.setattr(feature_panel.time, "monotonic", lambda: clock[0])
    watcher = feature_panel._Watcher.__new__(feature_panel._Watcher)
    watcher.next_look, watcher.drawn_at, watcher.map = -1.0, 0.0, features.LiveMap()
    monkeypatch.setattr(feature_panel._Watcher, "look", look)
    for _ in range(400):
        watcher()
        clock[0] += 0.05
    assert len(looks) / clock[0] == pytest.approx(feature_panel.SHARE_OF_LOOKING, rel=0.25)


def test_features_that_are_no_numbers_are_left_to_the_trainer(panel, monkeypatch):
    monkeypatch.setattr(feature_panel, "penultimate", lambda *given: features.penultimate(*given) * float("nan"))
    assert finish(panel) == []


def test_without_opentsne_the_panel_says_so(panel, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openTSNE", None)
    panel.start()
    until(lambda: not panel.running, "the run ends")
    assert "The live map is computed by openTSNE, which is not installed: pip install openTSNE." in panel.status.value


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"perplexity": 1}, "perplexity must be a number from 2 to 500, not 1."),
        ({"images": 10}, "Perplexity 20 needs more than 60 points, not 20."),
        ({"images": 61}, "There are 60 test images, but the map is to show 61."),
        ({"images": 2.5}, "images must be a whole number"),
        ({"lam": 5}, "lam must be a number from 0 to 3"),
    ],
)
def test_a_bad_argument_is_one_sentence(wrong, said):
    with pytest.raises(InputError) as caught:
        widgets.FeaturePanel(**{"images": 50, **TINY, **wrong})
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_the_cell_shows_the_same_text_every_time(panel):
    shown = panel._repr_mimebundle_()
    assert (
        repr(panel) == "FeaturePanel(dataset='digits', model='resnet20')"
        and "needs a running kernel" in shown["text/html"]
    )
    assert panel.figure_box.children == ()
