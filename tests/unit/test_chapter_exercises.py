"""The exercises in code at the chapters' ends: the solution passes, the starter fails, and a usual mistake gets its own hint."""

from itertools import product
from math import comb

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, ttest_ind
from support.wrong_answers import WRONG

import sgutils as sg
from sgutils.exercises import chapters
from sgutils.exercises.chapters import solutions

NAMES = [check.removeprefix("check_") for check in chapters.__all__]


@pytest.fixture
def said(capsys):
    def run(name, answer):
        getattr(chapters, f"check_{name}")(answer)
        return capsys.readouterr().out.strip()

    return run


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_right(said, name):
    assert said(name, getattr(solutions, name)).endswith(": right.")


TRIED = [(name, answer, words) for name, answers in WRONG.items() for answer, words in answers]


@pytest.mark.parametrize(("name", "answer", "words"), TRIED, ids=[f"{name}: {words}" for name, _, words in TRIED])
def test_a_usual_mistake_gets_a_hint_of_its_own(said, name, answer, words):
    found = said(name, answer)
    assert ": not yet. " in found and any(word in found for word in words.split("|")), found


def test_each_check_was_tried_with_five_mistakes_or_more():
    assert set(WRONG) == set(NAMES) and all(len(answers) >= 5 for answers in WRONG.values())


def test_the_solutions_agree_with_other_libraries_and_closed_forms():
    for right, n in ((4, 23), (0, 12), (871, 1000)):
        other = binomtest(right, n).proportion_ci(0.95, method="wilson")
        assert solutions.wilson(right, n) == pytest.approx((other.low, other.high), abs=1e-4)
    draws = np.random.default_rng(1)
    a, b = draws.normal(3, 1, 4).tolist(), draws.normal(2, 1, 6).tolist()
    assert solutions.interval(a, b, [a, b]) == pytest.approx(tuple(ttest_ind(a, b).confidence_interval()))
    for gates in product([0, 1], repeat=4):
        assert sum(solutions.open_paths(list(gates))) == 2 ** sum(gates)
    assert solutions.open_paths([1] * 9) == [comb(9, count) for count in range(10)]


def test_a_step_may_be_warmed_up_before_it_is_timed(said):
    def answer(old, new, clock, rounds):
        old(), new()
        return solutions.speedup(old, new, clock, rounds)

    assert said("speedup", answer).endswith(": right.")


def test_a_network_of_this_book_folds_block_by_block_as_the_package_does():
    torch.manual_seed(0)
    net, p = sg.resnet20(in_channels=1).eval(), sg.linear_decay(9)
    x, by_hand = torch.randn(4, 1, 8, 8), sg.fold_gates(net, [1.0] * 9)
    for block, chance in zip(by_hand.blocks, p.tolist(), strict=True):
        block.branch = solutions.fold(block.branch, chance)
    torch.testing.assert_close(by_hand.eval()(x), net(x, p))
