"""The map shows the points that were measured, each with its gap, its gain and the runs behind it."""

import copy
import json

import pytest
from support.layout import WIDTHS, at_width, misplaced_words

from sgutils import widgets
from sgutils.results.map import AGAINST, gains, measured_points
from sgutils.widgets import bundle
from sgutils.widgets.recorders import map as recorder


@pytest.fixture(scope="module")
def recorded():
    return bundle.default_state("map")["measured"]


@pytest.fixture
def many(recorded):
    """As many points as the plan has, more of them than were measured so far: three on nearly one spot, some far off."""
    first = next(point for point in recorded["points"] if len(point["against"]) == len(AGAINST))
    made = []
    for i, gap in enumerate((10.0, 10.4, 10.9, 16.0, 28.0, 41.0, 45.0, 46.0, 56.0, 68.0)):
        point = copy.deepcopy(first)
        point |= {"name": f"point-{i}", "title": f"Title {i}", "short": f"Set {i % 3}, 10,000, ResNet-{i}", "gap": gap}
        point |= {"dataset": f"Set {i % 3}", "large": i % 2 == 0}
        for gain in point["against"].values():
            gain["these"] = gain["new"] = [i / 2 - 2, i / 2 - 3, i / 2 - 1.5]
        made.append(point)
    del made[4]["against"]["equal work"]
    return {"comparisons": 40, "points": made}


def test_the_recording_is_that_of_the_ledger():
    assert recorder.OUT.read_text(encoding="utf-8") == recorder.as_text(recorder.recording()), (
        "the ledger has grown: run `python -m sgutils.widgets.recorders.map` and commit what it writes"
    )


def test_a_gain_is_the_difference_turned_round(recorded):
    points = {point.name: point for point in measured_points()}
    corrected = gains(points.values())
    assert recorded["comparisons"] == len(corrected) == sum(len(point["against"]) for point in recorded["points"])
    for point in recorded["points"]:
        for other, gain in point["against"].items():
            found = corrected[point["name"], other]
            assert gain["these"] == pytest.approx([-found.mean, -found.high, -found.low], abs=0.006)
            assert gain["words"] == found.words
            errors = [[error for _, error, _ in point["runs"][name]] for name in (other, "lambda 0.25")]
            assert gain["these"][0] == pytest.approx(
                sum(errors[0]) / len(errors[0]) - sum(errors[1]) / len(errors[1]), abs=0.02
            )


def test_every_run_is_a_file_of_the_ledger(recorded):
    for point in recorded["points"]:
        for runs in point["runs"].values():
            for seed, error, name in runs:
                record = json.loads((recorder.data_folder() / "results" / f"{name}.json").read_text())
                assert record["config"]["seed"] == seed and abs(100 * record["last_test_error"] - error) < 0.006


def ys(stage, selector):
    return stage.page.locator(selector).evaluate_all("(nodes) => nodes.map((node) => node.getBoundingClientRect().y)")


def test_a_point_stands_above_the_line_where_there_is_a_gain(stage, many):
    stage.show("map", {"measured": many})
    stage.picture()
    (line,) = ys(stage, ".sg-zero")
    shapes = stage.page.locator(".sg-mark .sg-shape")
    middles = shapes.evaluate_all(
        "(nodes) => nodes.map((n) => { const b = n.getBoundingClientRect(); return b.y + b.height / 2; })"
    )
    for point, middle in zip(many["points"], middles, strict=True):
        gain = point["against"]["plain"]["these"][0]
        assert (middle < line - 1) if gain > 0 else (middle > line + 1) if gain < 0 else abs(middle - line) < 2
    sizes = shapes.evaluate_all(
        "(nodes) => nodes.map((node) => [node.classList.contains('sg-fill'), Number(node.getAttribute('r'))])"
    )
    assert [large for large, _ in sizes] == [point["large"] for point in many["points"]]
    assert min(r for large, r in sizes if large) > max(r for large, r in sizes if not large)


def test_what_has_no_such_comparison_is_not_drawn(stage, many):
    stage.show("map", {"measured": many, "comparison": "equal work"})
    stage.picture()
    assert stage.page.locator(".sg-mark").count() == len(many["points"]) - 1
    alone = many | {"points": [many["points"][4]]}
    stage.show("map", {"measured": alone, "comparison": "equal work"})
    stage.picture()
    assert stage.page.locator(".sg-mark").count() == 0
    assert "Nobody has run" in stage.page.locator(".sg-note").inner_text()


def test_a_data_set_can_be_chosen(stage, many):
    stage.show("map", {"measured": many})
    stage.page.get_by_label("data set").select_option("Set 1")
    stage.picture()
    assert stage.page.locator(".sg-mark").count() == 3 and stage.state("dataset") == "Set 1"
    stage.show("map", {"measured": many, "dataset": "a set of dreams"})
    stage.picture()
    assert stage.page.locator(".sg-mark").count() == len(many["points"])


def test_a_point_that_is_met_or_pressed_shows_its_runs(stage, many):
    stage.show("map", {"measured": many})
    stage.picture()
    assert stage.page.locator(".sg-run").count() == 0
    mark, source = stage.page.locator(".sg-mark").nth(3), stage.page.locator(".sg-source")
    mark.hover()
    stage.picture()
    runs = many["points"][3]["runs"]
    assert stage.page.locator(".sg-run").count() == len(runs["lambda 0.25"]) + len(runs["plain"])
    for _, error, _ in runs["lambda 0.25"] + runs["plain"]:
        assert f"{error:.2f}" in source.inner_text()
    assert (
        source.inner_text().startswith("Title 3: gap 16.0 points") and runs["lambda 0.25"][0][2] in source.inner_text()
    )
    stage.page.mouse.move(0, 0)
    stage.picture()
    assert "Title 3" not in source.inner_text()
    mark.click()
    stage.page.mouse.move(0, 0)
    stage.picture()
    assert stage.state("point") == "point-3" and "Title 3" in source.inner_text()
    assert mark.get_attribute("aria-pressed") == "true"
    mark.click()
    assert stage.state("point") == ""


def test_points_are_walked_by_arrow_keys_and_pressed_by_enter(stage, many):
    stage.show("map", {"measured": many})
    stage.picture()
    marks, source = stage.page.locator(".sg-mark"), stage.page.locator(".sg-source")
    assert stage.page.locator(".sg-mark[tabindex='0']").count() == 1
    marks.first.focus()
    for key, expected in (("ArrowRight", 1), ("End", len(many["points"]) - 1), ("Home", 0)):
        stage.page.keyboard.press(key)
        stage.picture()
        assert source.inner_text().startswith(f"Title {expected}:")
    stage.page.keyboard.press("Enter")
    assert stage.state("point") == "point-0"


@pytest.mark.parametrize("width", [*WIDTHS, 1000])
@pytest.mark.parametrize("point", ["", "point-9"])
def test_with_every_point_measured_no_words_lie_on_others(stage, many, width, point):
    at_width(stage, width)
    stage.show("map", {"measured": many, "point": point})
    assert misplaced_words(stage) == []
    labels = stage.page.locator(".sg-map svg .sg-halo").all_text_contents()
    # A phone has numbers, and so has a picture with no room for a name; below is said what they stand for.
    assert labels and (labels[0].isdigit() or len(labels) == stage.page.locator(".sg-mark").count())
    if labels[0].isdigit() and not point:
        assert all(f"{label} Set" in stage.page.locator(".sg-source").inner_text() for label in labels)


@pytest.mark.parametrize(
    "damage",
    [
        {"points": None},
        {"points": []},
        {"comparisons": "many"},
        {"points": [{"name": 1}]},
        {"points": [{"gap": None}]},
        {"points": "x"},
    ],
)
def test_a_damaged_recording_is_a_sentence(stage, recorded, damage):
    stage.show("map", {"measured": recorded | damage})
    assert "needs the runs of the map" in stage.page.locator(".sg-x").inner_text()


def test_settings_are_checked_in_a_sentence():
    for state, sentence in (
        ({"comparison": "magic"}, "comparison must be 'plain', 'equal work', 'stochastic depth' or 'lambda 0'"),
        ({"images": "all"}, "images must be 'these' or 'new', but it was 'all'."),
        ({"measured": []}, "measured must be what sgutils.widgets.recorders.map.recording makes"),
    ):
        with pytest.raises(ValueError, match=sentence):
            widgets.Map(**state)
