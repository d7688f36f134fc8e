"""Figures from lines, rows and estimates, or straight from the ledger, in the book's colours."""

import math
from collections.abc import Iterable, Mapping, Sequence

import plotly.graph_objects as go

from ..colors import NEUTRALS, ROLES
from ..errors import InputError
from ..results.ledger import Run, mean_std
from .traces import (
    DASHES,
    KINDS,
    Estimate,
    Line,
    Row,
    band_trace,
    check_line,
    check_role,
    estimate_trace,
    line_trace,
    mean_trace,
    measurements_trace,
)

# The colour of a method's results: what its deployed network is, or learned from.
METHOD_ROLES = {"baseline": "baseline", "stochastic-depth": "student", "self-guidance": "teacher"}


def lines(
    items: Iterable[Line],
    *,
    x: str,
    y: str,
    height: int = 340,
    log_x: bool = False,
    log_y: bool = False,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> go.Figure:
    """Lines with direct labels.

    Args:
        items: the lines, later ones on top.
        x: name and unit of the x axis.
        y: name and unit of the y axis.
        height: of the figure, in pixels.
        log_x: whether the x axis is logarithmic.
        log_y: whether the y axis is logarithmic.
        x_range: first and last value on the x axis; None fits the data.
        y_range: as ``x_range``.

    Raises:
        InputError: if a line has an unknown role or dash, or lists of different lengths.
    """
    items = list(items)
    for item in items:
        check_line(item)
    figure = _figure(height)
    for item in items:
        if item.spread is not None:
            figure.add_trace(band_trace(item))
    for item in items:
        figure.add_trace(line_trace(item))
    figure.update_xaxes(title_text=x, type="log" if log_x else "linear", range=_range(x_range, log_x))
    figure.update_yaxes(title_text=y, type="log" if log_y else "linear", range=_range(y_range, log_y))
    # Room at the right for the labels.
    figure.update_layout(margin_r=12 + 7 * max((len(item.label) for item in items), default=0))
    return figure


def rows(
    items: Iterable[Row],
    *,
    x: str,
    height: int | None = None,
    x_range: tuple[float, float] | None = None,
    zero: bool = False,
) -> go.Figure:
    """A comparison, one row a setting: every measurement as a small ring, the mean as a dot, ± one standard deviation.

    Args:
        items: the rows, from top to bottom.
        x: name and unit of what was measured.
        height: of the figure, in pixels; None takes what the rows need.
        x_range: first and last value on the axis; None fits the data.
        zero: whether a line marks 0.

    Raises:
        InputError: if a row has an unknown role or no value, or two have one label.
    """
    items = list(items)
    labels = [item.label for item in items]
    if len(set(labels)) < len(labels):
        raise InputError(f"Rows need a label of their own each; these are {labels}.")
    for item in items:
        check_role(item.role)
        if not item.values:
            raise InputError(f"The row {item.label!r} has no value to show: give at least one, or leave the row out.")
    figure = _figure(height or 90 + 52 * len(items))
    if zero and items:
        figure.add_trace(_zero_line(labels))
    for item in items:
        figure.add_trace(measurements_trace(item))
        figure.add_trace(mean_trace(item))
    figure.update_xaxes(title_text=x, range=_range(x_range, False))
    figure.update_yaxes(type="category", categoryarray=labels[::-1], categoryorder="array")
    figure.update_layout(margin_l=12 + 7 * max(map(len, labels), default=0))
    return figure


def estimates(items: Iterable[Estimate], *, x: str, zero: bool = False) -> go.Figure:
    """Values with their intervals, one a row.

    Args:
        items: the rows, from top to bottom, at least one; no two have one label.
        x: name and unit of the values.
        zero: whether a line marks 0.

    Raises:
        InputError: if there is no row, two have one label, or one is of an unknown kind.
    """
    items = list(items)
    labels = [item.label for item in items]
    if not items or len(set(labels)) < len(labels) or not all(item.kind in KINDS for item in items):
        raise InputError(
            f"Estimates need at least one row, a label of its own each, and a kind of {', '.join(KINDS)}; "
            f"these are {[(item.label, item.kind) for item in items]}."
        )
    figure = _figure(70 + 40 * len(items))
    if zero:
        figure.add_trace(_zero_line(labels))
    for item in items:
        figure.add_trace(estimate_trace(item))
    figure.update_xaxes(title_text=x)
    figure.update_yaxes(type="category", categoryarray=labels[::-1], categoryorder="array")
    figure.update_layout(margin_l=12 + 7 * max(map(len, labels)))
    return figure


def learning_curves(groups: Mapping[str, Sequence[Run]], curve: str = "test_error") -> go.Figure:
    """A curve of the ledger over epochs: the mean over seeds, and a band of one standard deviation to either side.

    Args:
        groups: label to runs that differ in nothing but the seed.
        curve: a key of ``run.curves``; errors are shown in per cent.

    Raises:
        InputError: if a group is empty, a run lacks the curve, or runs of a group are of different length.
    """
    unit = 100 if curve.endswith("error") else 1
    used: dict[str, int] = {}
    items = []
    for label, runs in groups.items():
        role = _role(label, runs)
        values = [[unit * value for value in _curve(run, curve)] for run in runs]
        if len({len(epochs) for epochs in values}) > 1:
            raise InputError(
                f"The runs of {label!r} have different numbers of epochs: average only runs of one length."
            )
        means, spread = zip(*(mean_std(list(epoch)) for epoch in zip(*values, strict=True)), strict=True)
        dash = DASHES[used.setdefault(role, 0) % len(DASHES)]
        used[role] += 1
        last = max(map(len, runs[0].curves.values()))  # a run that is validated is tested at its end alone
        epochs = range(last - len(means) + 1, last + 1)
        items.append(Line(label, epochs, means, role, spread if len(runs) > 1 else None, dash))
    return lines(items, x="epoch", y=curve.replace("_", " ") + (" (%)" if unit == 100 else ""))


def _zero_line(labels: list[str]) -> go.Scatter:
    line = {"color": ROLES["baseline"].light, "width": 2, "dash": "dash"}
    return go.Scatter(x=[0.0, 0.0], y=[labels[-1], labels[0]], meta={"role": "baseline"}, mode="lines", line=line)


def _figure(height: int) -> go.Figure:
    ink = NEUTRALS["muted"].light
    axis = {"showgrid": False, "zeroline": False, "showline": True, "ticks": "outside", "automargin": True}
    grey = {"linecolor": ink, "tickcolor": ink}
    return go.Figure(
        layout={
            "template": {},
            "height": height,
            "showlegend": False,
            "hovermode": "closest",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, sans-serif", "size": 13, "color": ink},
            "margin": {"l": 12, "r": 12, "t": 12, "b": 12},
            "xaxis": axis | grey,
            "yaxis": axis | grey,
        }
    )


def _curve(run: Run, name: str) -> list[float]:
    if not run.curves.get(name):
        raise InputError(f"The run {run.name} has no curve {name!r}; it has {', '.join(run.curves) or 'none'}.")
    return run.curves[name]


def _role(label: str, runs: Sequence[Run]) -> str:
    if not runs:
        raise InputError(f"The group {label!r} has no run: run it first, or leave it out.")
    return METHOD_ROLES.get(runs[0].config["method"], "baseline")


def _range(limits: tuple[float, float] | None, log: bool) -> list[float] | None:
    # plotly gives the ends of a logarithmic axis as exponents.
    return None if limits is None else [math.log10(limit) if log else limit for limit in limits]
