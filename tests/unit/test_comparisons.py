"""Paired comparisons: against scipy's own test, simulation, and by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sgutils.results import load_results
from sgutils.results.comparisons import (
    compare,
    compare_all,
    compare_on_new_images,
    measured_in,
    pairing_of,
)
from sgutils.results.experiments import EXPERIMENTS
from sgutils.results.labels import label, row_key, unusual


def run(seed, error, status="finished", right=None):
    return SimpleNamespace(
        seed=seed,
        error=None if error is None else 100 * error,
        finished=status == "finished",
        right=right,
        right_images=lambda: np.array(right),
    )


def group(*errors):
    return [run(seed, error / 100) for seed, error in enumerate(errors)]


def test_settings_are_compared_with_the_spread_of_all_of_them():
    groups = {"plain": group(30, 31, 32), "guided": group(28, 29, 30), "other": group(40, 41, 42)}
    found = compare(groups, "guided", "plain")
    half = stats.t.ppf(0.975, 6) * np.sqrt(1.0 * (1 / 3 + 1 / 3))  # each has a variance of 1, with 2 degrees of freedom
    assert (found.mean, found.low, found.high) == pytest.approx((-2, -2 - half, -2 + half))
    assert found.runs == (3, 3) and found.verdict == "better"
    assert compare(groups, "plain", "guided").verdict == "worse"


def test_a_setting_that_scatters_more_is_compared_by_welch():
    groups = {"plain": group(30, 31, 32), "guided": group(28, 29, 30), "wild": group(20, 60, 90)}
    expected = stats.ttest_ind([20, 60, 90], [30, 31, 32], equal_var=False)
    assert compare(groups, "wild", "plain").p == pytest.approx(expected.pvalue)
    assert compare(groups, "guided", "plain").p == pytest.approx(
        stats.ttest_ind([28, 29, 30], [30, 31, 32]).pvalue  # the two that scatter alike
    )


def test_a_run_that_did_not_finish_is_not_compared():
    groups = {"plain": group(30, 31), "guided": [*group(28, 29), run(2, None, "diverged")], "never": []}
    assert compare(groups, "guided", "plain").runs == (2, 2)
    assert compare(groups, "never", "plain") is None


def test_single_runs_have_a_difference_and_no_interval():
    found = compare({"plain": group(30), "guided": group(28)}, "guided", "plain")
    assert (found.mean, found.low, found.p, found.verdict) == (pytest.approx(-2), None, None, "cannot tell")


def test_comparisons_are_corrected_for_how_many_were_made():
    groups = {"plain": group(30, 31, 32), "guided": group(28, 29, 30), "other": group(30, 31, 33), "never": []}
    alone = compare(groups, "guided", "plain")
    found = compare_all(groups, [("guided", "plain"), ("other", "plain"), ("never", "plain")])
    assert list(found) == [("guided", "plain"), ("other", "plain")]
    assert found["guided", "plain"].p == pytest.approx(2 * alone.p) and found["guided", "plain"].family == 2


def test_on_new_images_needs_to_know_which_were_right():
    draws = np.random.default_rng(0)
    hard = draws.choice([0.02, 0.98], 500)

    def tested(share):
        rights = [(draws.random(500) > hard) & (draws.random(500) > share) for _ in range(3)]
        return [run(seed, 1 - right.mean(), right=right) for seed, right in enumerate(rights)]

    groups = {"plain": tested(0.0), "guided": tested(0.1)}
    found, here = compare_on_new_images(groups, "guided", "plain"), compare(groups, "guided", "plain")
    assert found.mean == pytest.approx(here.mean)
    assert found.high - found.low > 0.8 * (here.high - here.low) and found.verdict == "worse"
    assert compare_on_new_images(groups | {"guided": group(30, 31)}, "guided", "plain") is None


def test_whether_seeds_are_pairs_is_asked_of_those_that_all_have():
    alike = {"plain": group(30, 32, 34, 36), "guided": group(29, 31, 33, 35), "other": group(20, 22.1, 24, 26)}
    assert pairing_of(alike).high < 0.1
    assert pairing_of({"plain": group(30, 32), "guided": group(31)}) is None
    assert pairing_of({"plain": [run(0, 0.3), run(1, 0.4)], "guided": [run(2, 0.3), run(3, 0.4)]}) is None
    assert pairing_of({}) is None


def test_every_method_of_an_experiment_is_named_once_and_has_its_own_runs():
    runs = load_results()
    for dataset in ("fashion-mnist", "cifar10", "fer2013"):
        found = measured_in("every-method", runs, "small", dataset)
        assert len(found) == len(EXPERIMENTS["every-method"].settings) // 3
        for name, group in found.items():
            assert all(
                label(r.config["method"], r.config["options"]) == name and r.config["dataset"] == dataset for r in group
            )
            assert [r.seed for r in group] == sorted({r.seed for r in group})


def test_a_label_says_what_is_unusual():
    options = {"lam": 3.0, "detach_teacher": False, "kl_direction": "student||teacher", "tau": 3.0}
    assert unusual("self-guidance", options) == {
        "detach_teacher": False,
        "kl_direction": "student||teacher",
        "lam": 3.0,
    }
    assert label("self-guidance", options) == "λ = 3, attached, S‖T"
    assert label("self-guidance", {}) == "λ = 0.25" and label("native-ensemble", {"tau": 2.0}) == "ONE, τ = 2"
    assert row_key("mutual-learning", {"averaged": False, "tau": 1.0}) == "mutual-learning averaged=False"
