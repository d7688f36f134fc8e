"""Figures of the book: plotly in a kernel, the same data drawn by the page where there is none.

A figure is built from `Line` and `Row`, or straight from the ledger, in the book's colours. `show` is the last
line of a cell: Jupyter draws the figure with plotly, and the site draws it from the JSON in the cell's HTML.
"""

import html
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from .colors import NEUTRALS, ROLES
from .errors import InputError
from .results.ledger import Run, mean_std

# The colour of a method's results: what its deployed network is, or learned from.
METHOD_ROLES = {"baseline": "baseline", "stochastic-depth": "student", "self-guidance": "teacher"}
DASHES = ("solid", "dash", "dot", "dashdot")
_DIGITS = 5


@dataclass(frozen=True)
class Line:
    """A line through points, labelled at its end.

    Attributes:
        label: written at the line's end.
        x: positions, in the unit that the x axis names.
        y: values, in the unit that the y axis names.
        role: one of `sgutils.colors.ROLES`.
        spread: half the height of a band around the line, one number a point.
        dash: ``"solid"``, ``"dash"``, ``"dot"`` or ``"dashdot"``.
        markers: whether the points are marked.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    role: str = "baseline"
    spread: Sequence[float] | None = None
    dash: str = "solid"
    markers: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a comparison: single measurements, their mean, and a bar of one standard deviation to either side."""

    label: str
    values: Sequence[float]
    role: str = "baseline"


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, in a row of its own.

    Attributes:
        label: what it is.
        value: in the unit that the axis names.
        low: lower end of its interval; None draws none.
        high: upper end.
        kind: whose it is, a key of `KINDS`: ours are filled.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    kind: str = "ours"


# Of an estimate: its mark, and the role that colours it.
KINDS = {"ours": ("circle", "teacher"), "paper": ("diamond-open", "distill"), "public": ("square-open", "baseline")}


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
        _check_line(item)
    figure = _figure(height)
    for item in items:
        if item.spread is not None:
            figure.add_trace(_band(item))
    for item in items:
        figure.add_trace(_line(item))
    figure.update_xaxes(title_text=x, type="log" if log_x else "linear", range=_range(x_range, log_x))
    figure.update_yaxes(title_text=y, type="log" if log_y else "linear", range=_range(y_range, log_y))
    # Room at the right for the labels.
    figure.update_layout(margin_r=12 + 7 * max((len(item.label) for item in items), default=0))
    return figure


def rows(
    items: Iterable[Row], *, x: str, height: int | None = None, x_range: tuple[float, float] | None = None
) -> go.Figure:
    """A comparison, one row a setting: every measurement as a small ring, the mean as a dot, ± one standard deviation.

    Args:
        items: the rows, from top to bottom.
        x: name and unit of what was measured.
        height: of the figure, in pixels; None takes what the rows need.
        x_range: first and last value on the axis; None fits the data.

    Raises:
        InputError: if a row has an unknown role or no value.
    """
    items = list(items)
    for item in items:
        _check_role(item.role)
        if not item.values:
            raise InputError(f"The row {item.label!r} has no value to show: give at least one, or leave the row out.")
    figure = _figure(height or 90 + 52 * len(items))
    for item in items:
        figure.add_trace(_measurements(item))
        figure.add_trace(_mean(item))
    figure.update_xaxes(title_text=x, range=_range(x_range, False))
    figure.update_yaxes(type="category", categoryarray=[item.label for item in reversed(items)], categoryorder="array")
    figure.update_layout(margin_l=12 + 7 * max((len(item.label) for item in items), default=0))
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
        line = {"color": ROLES["baseline"].light, "width": 2, "dash": "dash"}
        figure.add_trace(
            go.Scatter(x=[0.0, 0.0], y=[labels[-1], labels[0]], meta={"role": "baseline"}, mode="lines", line=line)
        )
    for item in items:
        figure.add_trace(_estimate(item))
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
        items.append(Line(label, range(1, len(means) + 1), means, role, spread if len(runs) > 1 else None, dash))
    return lines(items, x="epoch", y=curve.replace("_", " ") + (" (%)" if unit == 100 else ""))


def show(figure: go.Figure, name: str, alt: str) -> "Shown":
    """A figure as the result of a cell.

    Args:
        figure: of scatter traces, which is what the page can draw.
        name: its id on the page: small letters, digits and hyphens.
        alt: what the figure shows, for those who do not see it.

    Raises:
        InputError: if the name is not an id, the alt text is missing, or the page cannot draw the figure.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            f"{name!r} is not an id for a figure: use small letters, digits and hyphens, such as 'test-error'."
        )
    if len(alt.split()) < 3:
        raise InputError(f"The figure {name!r} needs an alt text: a sentence that says what it shows.")
    for trace in figure.data:
        if trace.type != "scatter":
            raise InputError(f"The page draws scatter traces only, but {name!r} has one of type {trace.type!r}.")
    return Shown(_plain(figure.to_plotly_json()), name, alt)


class Shown:
    """What `show` returns; displays itself."""

    def __init__(self, figure: dict, name: str, alt: str):
        self.figure, self.name, self.alt = figure, name, alt

    def __repr__(self):
        # A cell's text must be the same at every run.
        return f"Figure {self.name}: {self.alt}"

    def _repr_mimebundle_(self, **kwargs):
        if "google.colab" in sys.modules:  # shows HTML only, each output in a frame of its own
            live = go.Figure(self.figure).to_html(include_plotlyjs="cdn", full_html=False, div_id=self.name)
            return {"text/html": live, "text/plain": repr(self)}
        live = {**self.figure, "config": {"displayModeBar": False, "responsive": True}}
        return {"application/vnd.plotly.v1+json": live, "text/html": self.to_html(), "text/plain": repr(self)}

    def to_html(self) -> str:
        """The figure for a page that has ``figure.js``: its data, and how much room to keep for it."""
        # "<" might end the script element early.
        data = json.dumps(self.figure, sort_keys=True, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
        return (
            f'<div class="sg-figure" id="{self.name}" role="img" aria-label="{html.escape(self.alt)}"'
            f' style="min-height:{self.figure["layout"]["height"]}px">'
            f'<noscript><p>{html.escape(self.alt)}</p></noscript><script type="application/json">{data}</script></div>'
        )


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


def _line(item: Line) -> go.Scatter:
    color = ROLES[item.role].light
    x, y = _numbers(item.x), _numbers(item.y)
    return go.Scatter(
        x=x,
        y=y,
        name=item.label,
        meta={"role": item.role},
        mode="lines+markers+text" if item.markers else "lines+text",
        line={"color": color, "width": 2, "dash": item.dash},
        marker={"color": color, "size": 6},
        text=[""] * (len(x) - 1) + [f" {item.label}"],
        textposition="middle right",
        textfont={"color": color},
        cliponaxis=False,
    )


def _band(item: Line) -> go.Scatter:
    x, y, spread = _numbers(item.x), _numbers(item.y), _numbers(item.spread or ())
    high = [value + half for value, half in zip(y, spread, strict=True)]
    low = [value - half for value, half in zip(y, spread, strict=True)]
    return go.Scatter(
        x=_numbers([*x, *reversed(x)]),
        y=_numbers([*high, *reversed(low)]),
        meta={"role": item.role},
        mode="none",
        fill="toself",
        fillcolor=_transparent(ROLES[item.role].light),
        hoverinfo="skip",
    )


def _measurements(item: Row) -> go.Scatter:
    return go.Scatter(
        x=_numbers(item.values),
        y=[item.label] * len(item.values),
        name=item.label,
        meta={"role": item.role},
        mode="markers",
        marker={"color": ROLES[item.role].light, "symbol": "circle-open", "size": 7, "opacity": 0.6},
    )


def _mean(item: Row) -> go.Scatter:
    color = ROLES[item.role].light
    mean, std = mean_std(list(item.values))
    return go.Scatter(
        x=_numbers([mean]),
        y=[item.label],
        name=f"{item.label}, mean",
        meta={"role": item.role},
        mode="markers",
        marker={"color": color, "size": 10},
        error_x=None if std is None else {"type": "data", "array": _numbers([std]), "color": color, "width": 6},
    )


def _estimate(item: Estimate) -> go.Scatter:
    symbol, role = KINDS[item.kind]
    color = ROLES[role].light
    reach = None
    if item.low is not None and item.high is not None:
        half = (item.high - item.low) / 2
        reach = {"type": "data", "array": _numbers([half]), "color": color, "width": 5}
    return go.Scatter(
        x=_numbers([item.value]),
        y=[item.label],
        name=item.label,
        meta={"role": role},
        mode="markers",
        marker={"color": color, "size": 10, "symbol": symbol},
        error_x=reach,
    )


def _transparent(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _curve(run: Run, name: str) -> list[float]:
    if not run.curves.get(name):
        raise InputError(f"The run {run.name} has no curve {name!r}; it has {', '.join(run.curves) or 'none'}.")
    return run.curves[name]


def _role(label: str, runs: Sequence[Run]) -> str:
    if not runs:
        raise InputError(f"The group {label!r} has no run: run it first, or leave it out.")
    return METHOD_ROLES.get(runs[0].config["method"], "baseline")


def _check_line(item: Line) -> None:
    _check_role(item.role)
    if item.dash not in DASHES:
        raise InputError(f"The line {item.label!r} cannot be drawn {item.dash!r}: choose from {', '.join(DASHES)}.")
    lengths = {len(item.x), len(item.y), *([] if item.spread is None else [len(item.spread)])}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(
            f"The line {item.label!r} needs as many x as y values, at least one; it has {sorted(lengths)}."
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise InputError(f"{role!r} is not a role of the book's colours: choose from {', '.join(ROLES)}.")


def _range(limits: tuple[float, float] | None, log: bool) -> list[float] | None:
    # plotly gives the ends of a logarithmic axis as exponents.
    return None if limits is None else [math.log10(limit) if log else limit for limit in limits]


def _numbers(values: Iterable) -> list[float]:
    """Plain numbers of few digits: figures stay small, and equal on every machine."""
    return [float(f"{float(value):.{_DIGITS}g}") for value in values]


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
