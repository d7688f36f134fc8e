"""Figures: what they show of the ledger, and that a cell which ends in one is the same at every run."""

import json
import re
import sys
import types
from statistics import fmean, stdev
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest

from sgutils import InputError, plots
from sgutils.colors import NEUTRALS, ROLES


def run(*errors, method="baseline", seed=0):
    return SimpleNamespace(
        name=f"{method}-{seed}", config={"method": method, "seed": seed}, curves={"test_error": list(errors)}
    )


def traces(figure, mode):
    return [trace for trace in figure.data if mode in trace.mode]


def test_a_learning_curve_is_the_mean_over_seeds_in_per_cent():
    figure = plots.learning_curves({"Baseline": [run(0.5, 0.2), run(0.3, 0.1)]})
    (line,) = traces(figure, "lines")
    assert list(line.x) == [1, 2]
    assert list(line.y) == pytest.approx([40, 15])
    assert figure.layout.yaxis.title.text == "test error (%)"


def test_a_run_that_is_tested_at_its_end_alone_has_its_point_there():
    validated = run(0.2)
    validated.curves["train_error"] = [0.5, 0.4, 0.3]
    (line,) = traces(plots.learning_curves({"Baseline": [validated]}), "lines")
    assert list(line.x) == [3]


def test_rows_of_one_label_are_refused():
    with pytest.raises(InputError, match="a label of their own"):
        plots.rows([plots.Row("a", [1]), plots.Row("a", [2])], x="seconds")


def test_what_has_no_role_is_grey():
    figure = plots.lines([plots.Line("a", [1, 2], [3, 4], "ink")], x="block", y="error")
    assert figure.data[0].line.color == NEUTRALS["ink"].light and figure.data[0].meta["role"] == "ink"


def test_its_band_is_one_standard_deviation_to_either_side():
    figure = plots.learning_curves({"Baseline": [run(0.5, 0.2), run(0.3, 0.1), run(0.1, 0.0)]})
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    high, low = band.y[0], band.y[-1]
    assert (high, low) == pytest.approx((30 + 20, 30 - 20))


def test_one_seed_has_no_band():
    figure = plots.learning_curves({"Baseline": [run(0.5, 0.2)]})
    assert not [trace for trace in figure.data if trace.fill == "toself"]


def test_methods_wear_their_colours_and_two_of_one_colour_differ_in_dash():
    groups = {"A": [run(0.5)], "B": [run(0.4, method="self-guidance")], "C": [run(0.3, method="self-guidance")]}
    lines = traces(plots.learning_curves(groups), "lines")
    assert [line.meta["role"] for line in lines] == ["baseline", "teacher", "teacher"]
    assert [line.line.color for line in lines] == [ROLES[role].light for role in ("baseline", "teacher", "teacher")]
    assert lines[1].line.dash != lines[2].line.dash


def test_points_with_nothing_between_them_are_marked_and_not_joined():
    joined, apart = plots.lines(
        [plots.Line("a", [1, 2], [3, 4]), plots.Line("b", [1, 3], [3, 4], joined=False)], x="block", y="error"
    ).data
    assert "lines" in joined.mode and "markers" not in joined.mode
    assert "markers" in apart.mode and "lines" not in apart.mode and apart.text[-1] == " b"


def test_a_row_shows_every_value_their_mean_and_deviation():
    values, mean = plots.rows([plots.Row("a", [20, 10, 15])], x="seconds").data
    assert list(values.x) == [20, 10, 15]
    assert mean.x[0] == pytest.approx(fmean([20, 10, 15]))
    assert mean.error_x.array[0] == pytest.approx(stdev([20, 10, 15]))


def test_rows_stand_in_the_order_given():
    figure = plots.rows([plots.Row("first", [1.0]), plots.Row("second", [2.0])], x="seconds")
    assert list(figure.layout.yaxis.categoryarray) == ["second", "first"]  # plotly counts from the bottom


def test_rows_may_have_a_line_at_zero_behind_them():
    line, *_ = plots.rows([plots.Row("first", [1.0]), plots.Row("second", [2.0])], x="points", zero=True).data
    assert list(line.x) == [0, 0] and list(line.y) == ["second", "first"]


def test_estimates_have_their_interval_and_tell_whose_they_are():
    items = [plots.Estimate("ours", -2.0, -3.0, -1.0), plots.Estimate("theirs", 1.0, kind="paper")]
    line, ours, theirs = plots.estimates(items, x="points", zero=True).data
    assert list(line.x) == [0, 0] and list(line.y) == ["theirs", "ours"]
    assert (ours.x[0], ours.y[0], ours.error_x.array[0]) == (-2, "ours", 1)
    assert theirs.error_x.array is None and ours.marker.symbol == "circle" and theirs.marker.symbol.endswith("-open")


def test_an_interval_need_not_be_symmetric():
    reach = plots.estimates([plots.Estimate("ours", 5.0, 4.0, 10.0)], x="points").data[-1].error_x
    assert (reach.array, reach.arrayminus, reach.symmetric) == ((5.0,), (1.0,), False)


def shown():
    return plots.show(
        plots.lines([plots.Line("<b>", [1, 2], [1 / 3, 2])], x="x", y="y"), "a-figure", "Two points </script> rise"
    )


def test_a_cell_that_shows_a_figure_is_the_same_at_every_run():
    first, second = shown()._repr_mimebundle_(), shown()._repr_mimebundle_()
    assert first == second
    assert "0x" not in repr(shown())


def test_the_page_reads_the_same_figure_that_the_kernel_draws():
    bundle = shown()._repr_mimebundle_()
    data = re.search(r'<script type="application/json">(.*?)</script>', bundle["text/html"])[1]
    live = bundle["application/vnd.plotly.v1+json"]
    assert json.loads(data) == {"data": live["data"], "layout": live["layout"]}
    go.Figure(data=live["data"], layout=live["layout"])


def test_no_text_of_a_figure_can_end_its_script_or_become_html():
    page = shown()._repr_mimebundle_()["text/html"]
    assert page.count("</script>") == 1
    assert "<b>" not in page


def test_colab_gets_html_that_needs_no_page_around_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    bundle = shown()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "Plotly.newPlot" in bundle["text/html"]
    assert len(bundle["text/html"]) < 50_000


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: plots.show(go.Figure(), "Not an id", "three words here"),
        lambda: plots.show(go.Figure(), "an-id", ""),
        lambda: plots.show(go.Figure(go.Heatmap(z=[[1]])), "an-id", "one warm square"),
        lambda: plots.lines([plots.Line("a", [1, 2], [1])], x="x", y="y"),
        lambda: plots.lines([plots.Line("a", [1], [1], "purple")], x="x", y="y"),
        lambda: plots.lines([plots.Line("a", [1], [1], dash="wavy")], x="x", y="y"),
        lambda: plots.rows([plots.Row("a", [])], x="x"),
        lambda: plots.estimates([], x="x"),
        lambda: plots.estimates([plots.Estimate("a", 1.0, kind="hearsay")], x="x"),
        lambda: plots.estimates([plots.Estimate("a", 1.0), plots.Estimate("a", 2.0)], x="x"),
        lambda: plots.learning_curves({"nobody": []}),
        lambda: plots.learning_curves({"short": [run(0.1), run(0.1, 0.2)]}),
        lambda: plots.learning_curves({"Baseline": [run(0.5)]}, "train_distill"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_one_sentence(wrong):
    with pytest.raises(InputError) as error:
        wrong()
    assert "\n" not in str(error.value)
