"""The sentences about lambda = 3 follow the runs: contrary runs are planted, and the words turn round."""

import dataclasses

from support.planted_runs import run

from sgutils.results.blow_up import blow_up_runs, largest_logits, outcome
from sgutils.results.campaign import BLOW_UP
from sgutils.results.ledger import load_results
from sgutils.training.config import Config

FORMS = ("λ = 3", "λ = 3, attached", "λ = 3, S‖T", "λ = 3, attached, S‖T")


def planted(wrong, **changes):
    """Three runs of each form that get about this many of the test images wrong."""
    base = run("map-small-cifar10", "plain", 0, 100)
    runs = []
    for arguments, count in zip(BLOW_UP, wrong, strict=True):
        for seed in range(3):
            config = Config(**arguments, seed=seed).as_dict()
            runs.append(dataclasses.replace(base, config=config, last_test_error=(count + seed) / 200, **changes))
    return blow_up_runs(runs)


def logits(groups, sizes):
    return {run.name: size + run.seed for runs, size in zip(groups.values(), sizes, strict=True) for run in runs}


def test_predictions_that_come_true_are_said_to_have_held():
    groups = planted((100, 95, 120, 95))
    assert tuple(groups) == FORMS
    blown, errors, ran = outcome(groups, logits(groups, (20, 5, 40, 6)))
    assert "Nothing blew up" in blown and "all 12 runs" in blown
    assert "has **held**" in errors and "worse" in errors and "**λ = 3, S‖T**" in errors
    assert "has **held** on average" in ran and "5 to 7 attached against 20 to 22 detached (all of them below" in ran


def test_predictions_that_fail_are_said_to_have_failed():
    groups = planted((120, 95, 100, 95))
    _, errors, ran = outcome(groups, logits(groups, (5, 20, 6, 40)))
    assert "not been seen to hold" in errors and "**λ = 3**" in errors
    assert "has **not held**" in ran and "the two overlap" in ran


def test_runs_that_diverged_are_a_blow_up():
    lost = planted((100, 95, 120, 95), status="diverged", message="", right=None, fit_error=None)
    assert outcome(planted((100, 95, 120, 95)) | {"λ = 3": lost["λ = 3"]}, {})[0].startswith(
        "**It blew up** in 3 of 12"
    )


def test_what_was_not_run_is_said():
    (line,) = outcome(blow_up_runs([]), {})
    assert "sgutils reproduce blow-up" in line


def test_each_recorded_logit_is_of_a_run_of_the_ledger():
    assert set(largest_logits()) <= {run.name for run in load_results()}
