"""Gains of the paper, of public code and of this book stand beside one another as each was printed or measured."""

import dataclasses

import pytest
from support.planted_runs import point

from sgutils.results.paper import TABLES
from sgutils.results.public import PUBLIC
from sgutils.results.replications import gains_of, labelled, not_run, printed_errors, sources_sentence


def of(gains, method, kind):
    return [(gain.source, pytest.approx(gain.points)) for gain in gains if (gain.method, gain.kind) == (method, kind)]


def test_each_gain_of_a_table_is_the_papers_error_minus_its_own_plain_network():
    gains = gains_of("table2", "cifar100", [])
    assert of(gains, "DML", "paper") == [("the paper", 28.47 - 30.14)]
    assert of(gains, "ONE", "paper") == [("the paper", 27.30 - 30.14)]
    assert of(gains, "λ = 0.25", "paper") == [("the paper", 27.65 - 30.14)]
    networks = gains_of("table1", "cifar100", [])
    assert of(networks, "ResNet-110, λ = 0.25", "paper") == [("the paper", 21.60 - 26.18)]


def test_a_public_gain_is_within_one_source():
    gains = gains_of("table2", "cifar100", [])
    assert of(gains, "DML", "public") == [("MCL-OKD", 24.92 - 28.91)]  # PCL prints no plain network


def test_a_blow_up_is_off_the_scale_and_left_out():
    assert not of(gains_of("table5", "cifar10", []), "λ = 3", "paper")
    assert of(gains_of("table5", "cifar100", []), "λ = 3", "paper")


def test_ours_are_the_ledgers_with_their_interval_and_change_with_it():
    gains = gains_of("table6", "cifar100", point(plain=(80, 82, 84), guided=(60, 62, 64)))
    (ours,) = [gain for gain in gains if gain.kind == "ours"]
    assert (ours.method, ours.source, ours.points) == ("λ = 0.25", "here, 30 epochs", -10)
    assert ours.low < -10 < ours.high
    worse = gains_of("table6", "cifar100", point(plain=(60, 62, 64), guided=(80, 82, 84)))
    assert [gain.points for gain in worse if gain.kind == "ours"] == [10]


@pytest.mark.parametrize("table", TABLES)
def test_what_was_not_run_is_said_in_one_line_with_what_runs_it(table):
    count = len(TABLES[table].cells)
    assert not_run([table], []) == (
        f"None of the {count} cells of Table {table[-1]} was run here at the paper's recipe; "
        f"`sgutils reproduce {table}` runs the table."
    )
    assert not_run(["table4", "table3"], []).startswith("None of the 22 cells of Tables 3 and 4 was run here")


def test_a_cell_that_was_run_counts():
    from sgutils.training.config import Config

    (run, *_) = point(plain=(80, 82))
    full = dataclasses.replace(run, config=Config(dataset="cifar100", model="resnet110", method="baseline").as_dict())
    assert not_run(["table6"], [full]).startswith("1 of the 5 cells of Table 6 were run here")


def test_what_is_printed_of_a_network_stands_in_one_list_and_each_source_has_its_link():
    rows = printed_errors("cifar100", "resnet110", "plain")
    assert rows[:2] == [("the paper, Table 1", 26.18, None, "paper"), ("the paper, Table 5", 25.33, None, "paper")]
    assert ("MCL-OKD", 23.62, None, "public") in rows and ("RepDistiller *", 25.69, None, "public") in rows
    assert ("PCL", 26.32, 0.14, "public") in printed_errors("cifar100", "resnet32", "DML")
    for one in PUBLIC:
        assert f"[{one.source.name}]({one.source.link})" in sources_sentence(one.dataset)


def test_rows_of_a_figure_have_names_of_their_own():
    rows = labelled("table2", ("cifar10", "cifar100"), point(plain=(80, 82, 84), guided=(60, 62, 64)))
    assert rows["CIFAR-10, DML: the paper"].points == pytest.approx(6.22 - 6.34)
    assert rows["CIFAR-100, λ = 0.25: here, 30 epochs"].kind == "ours"
    assert "DML: the paper" in labelled("table2", ("cifar10",), [])
