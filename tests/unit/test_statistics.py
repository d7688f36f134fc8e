"""The statistics against simulations whose truth is known, against scipy's own tests, and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from sgutils.errors import InputError
from sgutils.results.pairing import pairing
from sgutils.results.power import runs_needed, smallest_seen
from sgutils.results.statistics import (
    Difference,
    Spread,
    holm,
    on_new_images,
    pooled,
    spread_within,
    stable,
    two_networks,
    unpaired,
)

EXPERIMENTS = 2000
SEEDS = pytest.mark.parametrize("seeds", [3, 5, 10])


def covered(found, truth):
    return np.mean((found[1] <= truth) & (truth <= found[2]))


def settings(seeds, deviations, means=None, seed=0):
    """Of each setting (experiments, seeds)."""
    draws = np.random.default_rng(seed)
    means = means or [0.0] * len(deviations)
    return [draws.normal(m, d, size=(EXPERIMENTS, seeds)) for m, d in zip(means, deviations, strict=True)]


@SEEDS
def test_a_pooled_interval_covers_the_truth(seeds):
    groups = settings(seeds, [0.8] * 6, [30, 32, 31, 29.5, 33, 30])
    found = unpaired(groups[1], groups[0], spread_within(groups))
    assert 0.93 < covered(found, 2.0) < 0.97
    # Where there is no difference, one in twenty is called one.
    assert 0.03 < np.mean(unpaired(groups[5], groups[0], spread_within(groups))[3] < 0.05) < 0.07


@SEEDS
def test_one_setting_that_scatters_more_spoils_no_other_comparison(seeds):
    groups = settings(seeds, [0.8] * 5 + [8.0], seed=1)
    assert 0.93 < covered(unpaired(groups[1], groups[0], spread_within(groups)), 0.0) < 0.97
    assert np.mean(~stable(groups)[:, 5]) > 0.8 and np.mean(~stable(groups)[:, :5]) < 0.01
    assert 0.93 < covered(unpaired(groups[5], groups[0]), 0.0) < 0.97  # by Welch


@SEEDS
def test_an_interval_for_new_images_covers_the_truth(seeds):
    """Each experiment draws its images, how much either setting gains on each of them, and its seeds."""
    draws = np.random.default_rng(2)
    images, truth, found = 300, 3.0, []
    for _ in range(10):
        size = (EXPERIMENTS // 10, 1, images)
        hard = draws.uniform(0.3, 0.7, size)
        sides = []
        for shift in (truth / 100, 0.0):
            own = draws.uniform(-0.12, 0.12, size)
            luck = draws.normal(0, 0.03, (EXPERIMENTS // 10, seeds, 1)).clip(-0.12, 0.12)
            sides.append(draws.random((EXPERIMENTS // 10, seeds, images)) > hard + own + luck + shift)
        found.append(np.stack(on_new_images(*sides)))
    assert 0.93 < covered(np.concatenate(found, axis=1), truth) < 0.97


def test_for_new_images_an_interval_is_wider_than_for_new_seeds():
    draws = np.random.default_rng(3)
    hard = draws.choice([0.02, 0.98], 400)
    right = [draws.random((5, 400)) > hard for _ in range(2)]
    right[1][:, draws.random(400) < 0.2] = False  # hard for one of the two, whatever the seed
    errors = [100 - 100 * side.mean(1) for side in right]
    spread = pooled(errors)
    seeds, images = unpaired(*errors, spread), on_new_images(*right, spread)
    assert seeds[0] == pytest.approx(images[0])
    assert images[2] - images[1] > 1.2 * (seeds[2] - seeds[1])


def test_where_nothing_scatters_equal_settings_cannot_be_told_apart():
    perfect = np.ones((2, 50), bool)
    for mean, low, high, p in (unpaired([5, 5], [5, 5]), on_new_images(perfect, perfect)):
        assert (mean, low, high, p) == (0, 0, 0, 1)
    assert Difference(0.0, None, None, float("nan"), (2, 2)).verdict == "cannot tell"


def test_pooled_over_two_it_is_students_t_and_without_a_pool_welchs():
    a, b = np.random.default_rng(4).normal(size=(2, 7))
    b = 3 * b[:5]
    for spread, equal in ((pooled([a, b]), True), (None, False)):
        expected = stats.ttest_ind(a, b, equal_var=equal)
        mean, low, high, p = unpaired(a, b, spread)
        assert (low, high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
        assert p == pytest.approx(expected.pvalue) and mean == pytest.approx(a.mean() - b.mean())


def test_two_networks_on_the_same_images():
    """Bonett & Price's interval covers the truth; p is McNemar's of the images on which they part."""
    draws, truth, found = np.random.default_rng(5), 100 * 0.03, []
    for _ in range(EXPERIMENTS):
        kind = draws.choice(
            4, p=[0.7, 0.1, 0.085, 0.115], size=200
        )  # both right, both wrong, only a right, only b right
        found.append(two_networks((kind == 0) | (kind == 2), (kind == 0) | (kind == 3)))
    assert 0.93 < np.mean([one.low <= truth <= one.high for one in found]) < 0.97
    a, b = np.array([True] * 90 + [False] * 10), np.array([True] * 88 + [False] * 3 + [True] * 9)
    assert two_networks(a, b).mean == pytest.approx(7.0) == 100 * (b.mean() - a.mean())
    assert two_networks(a, b).p == pytest.approx(stats.binomtest(2, 11).pvalue)
    assert two_networks(a, a).p == 1.0


@SEEDS
@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_the_interval_of_what_pairing_buys_covers_the_truth(seeds, alike):
    draws = np.random.default_rng(6)
    seed = draws.normal(0, np.sqrt(alike), (EXPERIMENTS, 1, seeds))
    own = draws.normal(0, np.sqrt(1 - alike), (EXPERIMENTS, 6, seeds))
    levels = np.arange(6)[:, None]
    found = pairing(30 + levels + seed + own)
    assert 0.93 < covered((None, found.low, found.high), 1 - alike) < 0.97
    differences = (seed + own)[:, 0] - (seed + own)[:, 1]
    assert np.mean(differences.var(-1, ddof=1)) / 2 == pytest.approx(1 - alike, abs=0.06)


def test_pairs_need_two_of_each():
    with pytest.raises(InputError, match="two seeds in common"):
        pairing(np.zeros((3, 1)))


def one(p, mean=1.0):
    return Difference(mean, mean - 2, mean + 2, p, (3, 3))


def test_holm_by_hand():
    corrected = holm([one(0.01), one(0.04), one(0.03), one(0.005), one(None)])
    assert [d.p for d in corrected] == [pytest.approx(0.04), pytest.approx(0.09), pytest.approx(0.09), 0.025, None]
    assert {d.family for d in corrected} == {5}


def test_among_many_comparisons_without_a_difference_a_wrong_word_is_rare():
    draws = np.random.default_rng(7)
    groups = [draws.normal(size=(EXPERIMENTS, 3)) for _ in range(8)]
    p = np.stack([unpaired(group, groups[0], spread_within(groups))[3] for group in groups[1:]], axis=1)
    assert np.mean((p < 0.05).any(1)) > 0.15
    wrong = [any(d.verdict != "cannot tell" for d in holm([one(value) for value in row])) for row in p]
    assert np.mean(wrong) < 0.06


@pytest.mark.parametrize(("std", "points"), [(1.0, 1.0), (0.4, 1.0), (0.8, 0.65)])
def test_the_runs_that_are_needed_show_the_difference_in_four_of_five_experiments(std, points):
    runs = runs_needed(std, points)
    draws = np.random.default_rng(8)
    a, b = draws.normal(points, std, (EXPERIMENTS, runs)), draws.normal(0, std, (EXPERIMENTS, runs))
    found = unpaired(a, b, Spread((a.var(-1, ddof=1) + b.var(-1, ddof=1)) / 2, np.float64(2 * runs - 2)))
    assert 0.77 < np.mean(found[1] > 0) < 0.95
    assert smallest_seen(std, runs) <= points < smallest_seen(std, runs - 1)


def test_three_words_and_how_much_it_could_still_be():
    better, worse = Difference(-2.0, -3.0, -1.0, 0.001, (3, 3)), Difference(2.0, 1.0, 3.0, 0.001, (3, 3))
    open_, short = Difference(0.5, -1.04, 2.0, 0.5, (3, 3)), Difference(0.5, None, None, None, (1, 1))
    assert [d.verdict for d in (better, worse, open_, short)] == ["better", "worse", "cannot tell", "cannot tell"]
    assert open_.words == "cannot tell" and str(open_) == "+0.5 [−1.0, +2.0]"
    assert short.words == "cannot tell: too few runs" and str(short) == "+0.5"
    assert str(better) == "−2.0 [−3.0, −1.0]" and better.words == "better"
    many = holm([Difference(-2.0, -3.9, -0.1, 0.04, (3, 3)), open_])[0]
    assert many.words == "cannot tell among 2 comparisons"


def test_a_spread_needs_two_runs_somewhere():
    assert pooled([[1.0], [1.0, 3.0]]) == (2.0, 1)
    assert spread_within([[1.0], [1.0, 3.0]]) == (2.0, 1)
    for spread in (pooled, spread_within):
        with pytest.raises(InputError, match="at least two runs"):
            spread([[1.0], [2.0]])
    with pytest.raises(InputError, match="std must be a number above 0"):
        runs_needed(0.0, 1.0)
    for std, runs in ((0.3, 1), (0.0, 3), (float("nan"), 3)):
        with pytest.raises(InputError, match="runs must be a whole number of at least 2|std must be a number above 0"):
            smallest_seen(std, runs)
    with pytest.raises(InputError, match="same test images"):
        on_new_images(np.ones((2, 3), bool), np.ones((2, 4), bool))


def test_a_setting_without_runs_takes_nothing_away():
    some = [[1.0, 2.0, 3.0], [1.0, 2.0, 2.5]]
    for spread in (pooled, spread_within):
        assert spread([[], *some]) == spread(some)
        with pytest.raises(InputError, match="at least two runs"):
            spread([[]])


def test_a_comparison_without_a_chance_leaves_the_others_theirs():
    differences = [Difference(1.0, 0.0, 2.0, p, (3, 3)) for p in (math.nan, 0.01, 0.04)]
    assert [one.p for one in holm(differences)] == [None, pytest.approx(0.03), pytest.approx(0.08)]


@pytest.mark.parametrize("share", [math.nan, -1, 0, 1, 1.5])
def test_a_share_that_is_none_is_one_sentence(share):
    for call in (lambda: runs_needed(0.3, 0.3, share), lambda: smallest_seen(0.3, 3, share)):
        with pytest.raises(InputError, match="share must be"):
            call()
