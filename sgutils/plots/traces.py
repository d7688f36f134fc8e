"""What a figure is built from, and the plotly traces that draw it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..colors import NEUTRALS, ROLES
from ..errors import InputError
from ..results.ledger import mean_std

DASHES = ("solid", "dash", "dot", "dashdot")
# The roles, and the two greys for what has none of them.
COLORS = {**ROLES, "ink": NEUTRALS["ink"], "muted": NEUTRALS["muted"]}
_DIGITS = 5


@dataclass(frozen=True)
class Line:
    """A line through points, labelled at its end.

    Attributes:
        label: written at the line's end.
        x: positions, in the unit that the x axis names.
        y: values, in the unit that the y axis names.
        role: one of `sgutils.colors.ROLES`, or ``"ink"`` or ``"muted"``, two greys for what has no role.
        spread: half the height of a band around the line, one number a point.
        dash: ``"solid"``, ``"dash"``, ``"dot"`` or ``"dashdot"``.
        markers: whether the points are marked.
        joined: whether a line joins the points; where nothing lies between them, it does not, and they are marked.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    role: str = "baseline"
    spread: Sequence[float] | None = None
    dash: str = "solid"
    markers: bool = False
    joined: bool = True


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


# Of an estimate: its mark, and its colour.
KINDS = {"ours": ("circle", "ink"), "paper": ("diamond-open", "muted"), "public": ("square-open", "muted")}


def line_trace(item: Line) -> go.Scatter:
    """A line with its name behind its last point."""
    color = COLORS[item.role].light
    x, y = _numbers(item.x), _numbers(item.y)
    return go.Scatter(
        x=x,
        y=y,
        name=item.label,
        meta={"role": item.role},
        mode="+".join(["lines"] * item.joined + ["markers"] * (item.markers or not item.joined) + ["text"]),
        line={"color": color, "width": 2, "dash": item.dash},
        marker={"color": color, "size": 6},
        text=[""] * (len(x) - 1) + [f" {item.label}"],
        textposition="middle right",
        textfont={"color": color},
        cliponaxis=False,
    )


def band_trace(item: Line) -> go.Scatter:
    """The area of a line's values plus and minus its spread."""
    x, y, spread = _numbers(item.x), _numbers(item.y), _numbers(item.spread or ())
    high = [value + half for value, half in zip(y, spread, strict=True)]
    low = [value - half for value, half in zip(y, spread, strict=True)]
    return go.Scatter(
        x=_numbers([*x, *reversed(x)]),
        y=_numbers([*high, *reversed(low)]),
        meta={"role": item.role},
        mode="none",
        fill="toself",
        fillcolor=_transparent(COLORS[item.role].light),
        hoverinfo="skip",
    )


def measurements_trace(item: Row) -> go.Scatter:
    """A ring for each measurement of a row."""
    return go.Scatter(
        x=_numbers(item.values),
        y=[item.label] * len(item.values),
        name=item.label,
        meta={"role": item.role},
        mode="markers",
        marker={"color": COLORS[item.role].light, "symbol": "circle-open", "size": 7, "opacity": 0.6},
    )


def mean_trace(item: Row) -> go.Scatter:
    """The mean of a row and, of two measurements or more, one standard deviation to either side."""
    color = COLORS[item.role].light
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


def estimate_trace(item: Estimate) -> go.Scatter:
    """A value, and its interval where it has one."""
    symbol, role = KINDS[item.kind]
    color = COLORS[role].light
    reach = None
    if item.low is not None and item.high is not None:
        up, down = _numbers([item.high - item.value]), _numbers([item.value - item.low])
        reach = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": color, "width": 5}
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


def check_line(item: Line) -> None:
    """An `InputError` unless its role and dash are known, and it has as many x as y values."""
    check_role(item.role)
    if item.dash not in DASHES:
        raise InputError(f"The line {item.label!r} cannot be drawn {item.dash!r}: choose from {', '.join(DASHES)}.")
    lengths = {len(item.x), len(item.y), *([] if item.spread is None else [len(item.spread)])}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(
            f"The line {item.label!r} needs as many x as y values, at least one; it has {sorted(lengths)}."
        )


def check_role(role: str) -> None:
    """An `InputError` unless this names a colour of `COLORS`."""
    if role not in COLORS:
        raise InputError(f"{role!r} is not a role of the book's colours: choose from {', '.join(COLORS)}.")


def _numbers(values: Iterable) -> list[float]:
    """Plain numbers of few digits: figures stay small, and equal on every machine."""
    return [float(f"{float(value):.{_DIGITS}g}") for value in values]
