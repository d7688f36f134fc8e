"""The statistics against simulations whose truth is known, against scipy's own tests, and by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from support.anything import Refused, outcome

from sgutils.errors import InputError
from sgutils.results.ledger import mean_std
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


TIES = [
    [[10, 10], [10.07, 10.07], [9, 13]],
    [[10, 10], [10, 10], [10, 11]],
    [[0.1 + 0.2] * 3, [0.3] * 3, [0.3, 0.2, 0.4]],
]


@pytest.mark.parametrize("groups", TIES)
def test_settings_whose_runs_tie_do_not_make_the_one_that_scatters_unstable(groups):
    assert stable(groups).all() and spread_within(groups) == pooled(groups)
    assert unpaired(groups[0], groups[1], spread_within(groups))[3] > 0.05


def test_of_a_difference_between_runs_that_tie_nothing_is_known():
    tied = [np.ones(2), np.full(2, 2.0)]
    for found in (unpaired(*tied), unpaired(*tied, pooled(tied))):
        assert np.isnan(found[3]) and found[0] == -1


def test_pairing_where_all_settings_move_alike_and_where_nothing_moves():
    assert pairing([[1, 2, 4], [2, 3, 5]]) == pytest.approx((0, 0, 0), abs=1e-9)
    assert np.isnan(pairing([[1, 1], [2, 2]])).all()


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


class Held:
    """Numbers in the hands of somebody else's class."""

    def __array__(self, *_, **__):
        return np.array([1.0, 2.0])


NONSENSE = [
    "abc",
    "",
    None,
    {},
    {"a": 1.0},
    [math.nan, 1.0],
    [math.inf, 1.0],
    ["a", "b"],
    ["1", "2"],
    [[1.0], [1.0, 2.0]],
    [None, 1.0],
    1j,
]
NONSENSE += [object(), [1j, 2.0], np.array(["a"]), np.datetime64("2020-01-01"), [[]], np.zeros((0, 3)), 10**400]
GOOD = [
    [1.0, 2.0],
    (1, 2),
    np.array([1.0, 2.0], np.float32),
    [np.float64(1), np.int8(2)],
    torch.tensor([1.0, 2.0]),
    Held(),
]
RIGHT = [[True, False], [False, True]]
STATISTICS = {
    "pooled": pooled,
    "pooled, a group": lambda x: pooled([x, [1.0, 2.0]]),
    "spread_within": spread_within,
    "spread_within, a group": lambda x: spread_within([x, [1.0, 2.0]]),
    "stable": stable,
    "stable, a group": lambda x: stable([x, [1.0, 2.0], [1.0, 3.0]]),
    "unpaired": lambda x: unpaired(x, [1.0, 2.0]),
    "unpaired, the other": lambda x: unpaired([1.0, 2.0], x, pooled([[1.0, 2.0]])),
    "unpaired, the spread": lambda x: unpaired([1.0, 2.0], [1.0, 2.0], x),
    "on_new_images": lambda x: on_new_images(x, RIGHT),
    "on_new_images, a run": lambda x: on_new_images(RIGHT, [x, [True, False]]),
    "two_networks": lambda x: two_networks(x, [True, False]),
    "pairing": pairing,
    "pairing, a setting": lambda x: pairing([x, [1.0, 2.0]]),
    "holm": holm,
    "holm, one": lambda x: holm([x]),
    "runs_needed": lambda x: runs_needed(x, 1.0),
    "runs_needed, points": lambda x: runs_needed(1.0, x),
    "smallest_seen": lambda x: smallest_seen(x, 3),
    "mean_std": mean_std,
}


@pytest.mark.tried(
    "Statistics of texts, NaN, empty lists and numbers in every dress", "A right answer, or one sentence."
)
@pytest.mark.parametrize("name", STATISTICS)
def test_what_is_not_numbers_is_refused_in_one_sentence(name):
    for value in NONSENSE:
        outcome(STATISTICS[name], value)  # any other error than a sentence fails here
    for value in ([math.nan, 1.0], ["a", "b"], object()):
        assert isinstance(outcome(STATISTICS[name], value), Refused), value


@pytest.mark.parametrize("values", GOOD)
def test_numbers_are_taken_in_any_dress(values):
    assert float(pooled([values]).variance) == 0.5 == float(spread_within([values]).variance)
    assert unpaired(values, [1.0, 2.0])[0] == 0.0 and mean_std([np.float32(1), np.int64(2)])[0] == 1.5
    assert two_networks([np.True_, False], [1, 0]).mean == 0.0


def test_few_runs_are_answered_or_refused():
    spread = pooled([[1.0, 2.0]])
    assert unpaired([3.0], [1.0], spread)[0] == 2.0
    for call in (
        lambda: unpaired([3.0], [1.0, 2.0]),
        lambda: unpaired([], [1.0, 2.0], spread),
        lambda: unpaired(np.zeros((2, 3)), np.zeros((4, 3))),
        lambda: on_new_images([[1, 0]], [[1, 0]]),
        lambda: on_new_images([[1], [0]], [[1], [0]]),
        lambda: on_new_images([[2, 0], [1, 1]], RIGHT),
        lambda: two_networks([], []),
        lambda: two_networks([1, 0, 1], [1, 0]),
        lambda: stable([[], [1.0, 2.0]]),
        lambda: runs_needed(1.0, 1e-300),
    ):
        assert isinstance(outcome(call), Refused)
