"""The map holds what was run at each of its points, and nothing else."""

import dataclasses

import numpy as np
import pytest
from support.planted_runs import point, run

from sgutils.results import load_results
from sgutils.results.campaign import POINTS
from sgutils.results.map import AGAINST, MeasuredPoint, gains, measured_points


def test_a_point_has_its_gap_and_its_gains():
    (found,) = measured_points(point(plain=(80, 82, 84), guided=(70, 72, 74), equal=(60, 62, 64)))
    assert found.name == "map-cifar100" and found.large and found.dataset == "cifar100"
    assert found.gap == pytest.approx(41 - 10)
    assert found.against("plain").mean == pytest.approx(-5) and found.against("equal work").mean == pytest.approx(5)
    assert found.against("stochastic depth") is None
    assert found.against("plain", images=True).mean == pytest.approx(-5)


def test_what_was_not_run_is_not_there():
    assert measured_points([]) == []
    assert measured_points(point(plain=(80, 82))) == []
    runs = point(plain=(80, 82), guided=(70, 72)) + point("map-cifar10-5k", plain=(40, 41), depth=(42, 43))
    points = measured_points(runs)
    assert [one.name for one in points] == ["map-cifar10-5k", "map-cifar100"] and not points[0].large
    assert set(gains(points)) == {("map-cifar100", "plain")}


def test_records_without_the_error_on_the_training_images_are_no_part_of_it():
    runs = point(plain=(80, 82), guided=(70, 72))
    old = [dataclasses.replace(one, fit_error=None, right=None, schema=1) for one in runs]
    assert measured_points(old) == []
    (found,) = measured_points([*runs[:2], *runs[2:], *old])
    assert [len(group) for group in found.groups.values() if group] == [2, 2]


def test_a_run_that_diverged_is_there_and_has_no_error():
    lost = run("map-cifar100", "lambda 0.25", 2, 0, status="diverged", last_test_error=None, fit_error=None, right=None)
    (found,) = measured_points([*point(plain=(80, 82), guided=(70, 72)), lost])
    assert len(found.groups["lambda 0.25"]) == 3 and found.errors("lambda 0.25") == [35.0, 36.0]


def test_a_point_at_which_all_plain_runs_diverged_is_not_measured():
    lost = {"status": "diverged", "last_test_error": None, "fit_error": None, "right": None}
    plain = [run("map-cifar100", "plain", seed, 0, **lost) for seed in range(2)]
    assert measured_points([*plain, *point(guided=(70, 72))]) == []


def test_a_point_is_in_one_precision():
    runs = point(plain=(80, 82), guided=(70, 72))
    low = [dataclasses.replace(one, precision="bfloat16") for one in point(plain=(10, 10, 10), guided=(20, 20, 20))]
    (found,) = measured_points([*runs, *low])
    assert found.precision == "bfloat16" and found.left_out == 4 and found.errors("plain") == [5.0] * 3


def test_all_comparisons_of_the_map_are_corrected_together():
    runs = point(plain=(80, 82, 84), guided=(70, 72, 74), equal=(60, 62, 64), depth=(80, 81, 82))
    runs += point("map-cifar10-5k", plain=(40, 41), guided=(42, 43))
    found = gains(measured_points(runs))
    assert {difference.family for difference in found.values()} == {4}
    (alone,) = gains(measured_points(runs)[1:], ["plain"]).values()
    assert found["map-cifar100", "plain"].p > alone.p


def test_the_shipped_ledger_has_the_points_that_the_plan_names():
    points = measured_points()
    assert {one.name for one in points} <= set(POINTS) and "map-cifar100" in {one.name for one in points}
    for one in points:
        for runs in one.groups.values():
            assert all(run.fit_error is not None for run in runs if run.status == "finished")
            assert len({run.seed for run in runs}) == len(runs)
        assert one.gap == pytest.approx(
            np.mean([100 * (run.last_test_error - run.fit_error) for run in one.finished("plain")])
        )
    assert {other for _, other in gains(points)} <= set(AGAINST)
    assert measured_points(load_results()) == points


def test_short_names_tell_the_points_of_the_plan_apart():
    planned = [MeasuredPoint(name, point, {}, "float32", 0) for name, point in POINTS.items() if len(point.rates) == 1]
    names = [point.short for point in planned]
    assert len(set(names)) == len(names)
