"""The words follow the runs: contrary runs are planted, and the sentences turn round."""

import dataclasses

import pytest
from support.planted_runs import point, run

from sgutils.results.answer import answer, count_sentence, gap_sentence, short_answer
from sgutils.results.answer_tables import map_rows, simpler_rows, simpler_sentence
from sgutils.results.map import gains, measured_points


def said(runs):
    points = measured_points(runs)
    found = gains(points)
    return points, found, answer(points, found)


GAINS = {"plain": (80, 81, 82), "guided": (60, 61, 62), "equal": (70, 71, 72), "depth": (90, 91, 92)}
LOSES = {"plain": (60, 61, 62), "guided": (80, 81, 82), "equal": (50, 51, 52), "depth": (70, 71, 72)}
ALIKE = {"plain": (60, 66, 72), "guided": (61, 66, 71), "equal": (60, 65, 72), "depth": (62, 67, 70)}


@pytest.mark.parametrize(
    ("runs", "word", "advice", "difference"),
    [
        (
            GAINS,
            "better",
            "Worth a try",
            "errs **less** at 1: CIFAR-100, all images, 30 epochs, −5.0 [",
        ),
        (LOSES, "worse", "Not by default", "errs **more** at 1: CIFAR-100, all images, 30 epochs, +15.0 ["),
        (ALIKE, "cannot tell", "No reason to", "At 1 the two **cannot be told apart**, with 3 runs."),
    ],
)
def test_the_answer_says_what_the_runs_say(runs, word, advice, difference):
    points, found, lines = said(point(**runs))
    assert len(lines) == 5
    for line in lines[1:3]:
        assert f"{word} at 1 of 1 point" in line
        for other in {"better", "worse", "cannot tell"} - {word}:
            assert f"**{other}**" not in line and f"{other} at" not in line
    assert lines[0].startswith(f"**{advice}.**") and difference in lines[0]
    assert "(1.75 times the epochs)" in lines[0] and ("3 against 3 runs" in lines[0]) == (word != "cannot tell")
    *first, both, pull = short_answer(points, found)
    assert " ".join(first) == lines[0] and both in lines[2] and pull == lines[3]
    assert "on ResNet-20." in first[0]


def test_points_that_disagree_are_both_named():
    _, _, lines = said(point(**GAINS) + point("map-cifar10", **LOSES))
    assert "better at 1 and worse at 1 of 2 points" in lines[1]
    won, lost = lines[0].split("It errs **more**")
    assert "It depends" in won and "CIFAR-100, all images" in won and "CIFAR-10, all images" in lost


def test_what_was_not_measured_is_said():
    points, found, lines = said(point(plain=(80, 81), guided=(60, 61)))
    assert lines[0].startswith("Do not decide yet") and short_answer(points, found) == [lines[0], lines[3]]
    assert lines[2] == "Against **stochastic depth alone**: nothing is measured yet."
    assert count_sentence(points, found, "lambda 0") == lines[3]
    assert "30 epochs" in lines[4] and "ResNet-20." in lines[4]
    assert answer([], {}) == ["Nothing is measured yet: `sgutils reproduce map` fills the ledger."]


def test_the_pull_is_said_to_pay_only_where_it_does():
    runs = point(plain=(80, 81, 82), guided=(60, 61, 62))
    for errors, words in (
        ((90, 91, 92), "does pay"),
        ((61, 62, 63), "not been seen to help"),
        ((50, 51, 52), "not been seen"),
    ):
        zero = [run("map-cifar100", "lambda 0", seed, wrong) for seed, wrong in enumerate(errors)]
        assert words in said(runs + zero)[2][3]


def test_a_trend_is_said_in_the_direction_that_it_has():
    names = (
        "map-small-fashion-mnist",
        "map-small-cifar10",
        "map-cifar10-5k",
        "map-cifar100",
        "map-cifar100-10k",
        "map-cifar10",
    )

    def at(gained):
        return [
            run
            for name, plain, gain in zip(names, (40, 60, 80, 100, 120, 140), gained, strict=True)
            for run in point(
                name, plain=(plain, plain + 1, plain + 2), guided=(plain - gain, plain - gain + 1, plain - gain + 2)
            )
        ]

    def sentence(runs):
        points = measured_points(runs)
        return gap_sentence(points, gains(points))

    assert "grows with the gap, as predicted" in sentence(at((-10, -5, 0, 5, 10, 15)))
    assert "falls with the gap, against the prediction" in sentence(at((15, 10, 5, 0, -5, -10)))
    assert "cannot be told from chance" in sentence(at((5, -5, 6, -6, 7, -7)))
    assert "cannot be said from 1 point" in sentence(at((5, 5, 5, 5, 5, 5))[:6])


def test_the_gap_is_said_to_tell_winners_and_losers_apart_only_where_it_does():
    fitted = point("map-cifar10-5k", **GAINS)
    unfitted = [dataclasses.replace(run, fit_error=0.35) for run in point("map-cifar10", **LOSES)]
    _, _, lines = said(fitted + unfitted)
    assert (
        "won where the gap is large (30) and lost where it is small (−4); that the gap orders all 2 points" in lines[0]
    )
    fitted = point("map-cifar10-5k", **LOSES)
    unfitted = [dataclasses.replace(run, fit_error=0.35) for run in point("map-cifar10", **GAINS)]
    _, _, lines = said(fitted + unfitted)
    assert "It depends" in lines[0] and "where the gap is large" not in lines[0]


def test_it_is_said_to_beat_plain_training_and_stochastic_depth_only_where_it_beats_both():
    runs = point(plain=(80, 81, 82), guided=(60, 61, 62))

    def line(errors):
        depth = [run("map-cifar100", "stochastic depth", seed, wrong) for seed, wrong in enumerate(errors)]
        return said(runs + depth)[2][2]

    assert "better than plain training and than stochastic depth here: CIFAR-100, all images" in line((90, 91, 92))
    assert "At **no point** was it shown" in line((61, 62, 63)) and "At **no point** was it shown" in line((40, 41, 42))
    assert "no point" not in said(runs)[2][2]
    # Where it beats plain training, what is simpler is named beside it, whichever is better there.
    where = "Where it beats plain training, its difference to stochastic depth is: CIFAR-100, all images, 30 epochs, "
    assert f"{where}−15.0 [" in line((90, 91, 92)) and f"{where}+10.0 [" in line((40, 41, 42))


def test_the_table_of_the_map_goes_by_the_gap_and_says_each_verdict():
    unfitted = [dataclasses.replace(run, fit_error=0.35) for run in point("map-cifar10", **LOSES)]
    points, found, _ = said(point("map-cifar10-5k", **GAINS) + unfitted)
    rows = map_rows(points, found)
    assert [row["gap"] for row in rows] == ["-4.5", "30.5"]
    assert rows[1]["point"] == "CIFAR-10<br><small>5,000 images,<br>100 epochs, 3 runs</small>"
    assert rows[0]["against plain"].endswith("**worse**") and rows[1]["against plain"].endswith("**better**")
    assert rows[0]["against λ = 0"] == "not run" and rows[1]["plain errs"] == "40.5\u00a0%"


def test_what_else_to_try_is_compared_at_both_ends_of_the_map():
    unfitted = point("map-cifar10", **LOSES)
    rows, comparisons = simpler_rows(measured_points(point("map-cifar10-5k", **GAINS) + unfitted))
    large, small = list(rows[0])[1:]
    assert large.startswith("CIFAR-10, all") and small.startswith("CIFAR-10, 5,000") and comparisons == 6
    told = {row["what"]: (row[large], row[small]) for row in rows}
    assert told["label smoothing, 0.1"] == ("not measured", "not measured")
    worse, better = told["**Self-Guidance** (λ = 0.25)"]
    assert worse.endswith("**worse**") and better.endswith("**better**")
    at_large, at_small = simpler_sentence(measured_points(point("map-cifar10-5k", **GAINS) + unfitted)).split(". ")
    assert "(CIFAR-10, all images, 30 epochs)" in at_large and "more plain epochs, 1.75 times, −5.0 [" in at_large
    assert "Self-Guidance" not in at_large and "**Self-Guidance** (λ = 0.25), −10.0 [" in at_small


def test_the_stronger_recipe_is_compared_where_only_the_recipe_differs():
    runs = point("map-cifar100", **ALIKE) + point("map-cifar100-strong", plain=(40, 41, 42), guided=(40, 41, 42))
    (row,) = [row for row in simpler_rows(measured_points(runs))[0] if "stronger" in row["what"]]
    assert "-12" in row["CIFAR-100, all, 30 epochs (gap 23)"].replace("\u2212", "-")
    other = [dataclasses.replace(run, precision="bfloat16") for run in runs[-6:]]
    (row,) = [row for row in simpler_rows(measured_points(runs[:-6] + other))[0] if "stronger" in row["what"]]
    assert row["CIFAR-100, all, 30 epochs (gap 23)"] == "not measured"


def test_a_table_says_why_an_interval_without_0_tells_nothing():
    # Three seeds that differ a little: alone the difference would count, among four comparisons it does not.
    runs = point(plain=(60, 62, 64), guided=(57, 58, 60), equal=(60, 62, 64), depth=(60, 62, 64))
    points, found, _ = said(runs)
    difference = found["map-cifar100", "plain"]
    assert difference.high < 0 and difference.verdict == "cannot tell"
    (row,) = map_rows(points, found)
    assert row["against plain"].endswith("**cannot\u00a0tell**<br><small>among 3 comparisons</small>")
    assert "among" not in map_rows(*said(point(**GAINS))[:2])[0]["against plain"]
