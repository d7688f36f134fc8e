"""Held-out images choose a learning rate for each setting, test images compare them."""

import dataclasses

from support.planted_runs import run

from sgutils.results.answer import answer, rates_sentence, short_answer
from sgutils.results.answer_tables import rate_rows
from sgutils.results.campaign import POINTS, setting
from sgutils.results.map import gains, measured_points
from sgutils.results.rates import measured_rates, rate_gains
from sgutils.training.config import Config

POINT = "map-rates-cifar10"


def at(name, lr, seed, *, held_out, wrong):
    config = Config(**setting(name, POINTS[POINT].recipe | {"lr": lr}), seed=seed).as_dict()
    curves = {"test_error": [wrong / 200], "validation_error": [0.9, held_out / 100]}
    return dataclasses.replace(run(POINT, name, seed, wrong), config=config, curves=curves)


def runs(name, held_out, wrong, seeds=3):
    """The last error on held-out images, in per cent, and wrong test images, at each of the plan's rates."""
    return [
        at(name, lr, seed, held_out=held_out[i] + seed, wrong=wrong[i] + seed)
        for i, lr in enumerate(POINTS[POINT].rates)
        for seed in range(seeds)
    ]


# Wrong of 200 test images at each rate: with as much plain work at 0.1 more, at 0.05 fewer than with Self-Guidance at 0.1.
WRONG = {"plain": (120, 60, 60), "lambda 0.25": (80, 60, 60), "equal work": (110, 60, 60)}
GUIDED = runs("lambda 0.25", (40, 30, 50), (80, 70, 60))


def test_the_held_out_images_choose_and_the_test_images_do_not():
    (rates,) = measured_rates(GUIDED + runs("plain", (30, 40, 20), (60, 50, 90)))
    assert rates.chosen("lambda 0.25") == 0.05 and rates.chosen("plain") == 0.02
    assert rates.held_out("plain") == {0.1: 31, 0.05: 41, 0.02: 21}
    # 70 wrong of 200 against 90: had the test images chosen, it would be 60 against 50.
    difference = rates.against("plain")
    assert round(difference.mean, 6) == -10 and difference.runs == (3, 3)
    (row, *_), gained = rate_rows([rates], rate_gains([rates])), rate_gains([rates])
    assert gained[POINT, "plain"].verdict == "better"
    assert row["setting"] == "plain training" and row["CIFAR-10"].startswith(
        "**0.02**: 45.5\u00a0%<br><small>3 runs</small>"
    )


def test_the_choice_is_made_over_the_seeds_that_all_rates_have():
    more = at("plain", 0.1, 3, held_out=0, wrong=10)  # a lucky seed that the other rates never had
    (rates,) = measured_rates([*GUIDED, *runs("plain", (30, 40, 20), (60, 50, 90)), more])
    assert rates.chosen("plain") == 0.02


def test_what_was_not_run_at_every_rate_is_not_compared():
    assert measured_rates([]) == [] and measured_rates(GUIDED) == []
    part = [one for one in runs("plain", (30, 40, 20), (60, 50, 90)) if one.config["lr"] != 0.05]
    assert measured_rates(GUIDED + part) == []
    (rates,) = measured_rates(GUIDED + part + runs("stochastic depth", (30, 40, 20), (60, 50, 90)))
    assert rates.chosen("plain") is None and rates.against("plain") is None
    rows = {row["setting"]: row["CIFAR-10"] for row in rate_rows([rates], rate_gains([rates]))}
    assert rows["plain training"] == "not run" and "**better**" in rows["stochastic depth alone"]
    assert rows["**Self-Guidance** (λ = 0.25)"].endswith("3 runs</small>")


def test_the_answer_says_what_is_left_of_a_verdict_with_rates_of_their_own():
    at_one_rate = [
        one
        for name in ("plain", "lambda 0.25", "equal work")
        for one in runs(name, (1, 1, 1), WRONG[name])
        if one.config["lr"] == 0.1
    ]
    held_out = {"lambda 0.25": (1, 5, 5), "plain": (1, 5, 5), "equal work": (5, 1, 5)}  # all but the last choose 0.1
    all_rates = [one for name, chosen in held_out.items() for one in runs(name, chosen, WRONG[name])]
    points = measured_points(at_one_rate)
    found, rates = gains(points), measured_rates(all_rates)
    said = rates_sentence(points, found, rates)
    assert "CIFAR-10, +10.0 [" in said and "(3 against 3 runs), **worse** instead of *better*." in said
    assert said in answer(points, found, rates) and said in short_answer(points, found, rates)
    part = [one for one in all_rates if one.config["lr"] == 0.1 or one.seed < 2]
    assert measured_rates(part) and rates_sentence(points, found, measured_rates(part)) == ""
    assert rates_sentence(points, found, []) == "" and len(answer(points, found)) == 5
