"""The tables of "should I use it?": every comparison of the map, each method at its own rate, and what a reader could try before."""

from collections.abc import Sequence

from .answer import Gains, anchor
from .comparisons import compare, errors_of
from .labels import DATASETS, point_label
from .map import AGAINST, GUIDED, MeasuredPoint
from .rates import SETTINGS, Rates
from .statistics import Difference, corrected

NO_BREAK = "\u00a0"
STRONG = "map-cifar100-strong"
USUAL = "map-cifar100"
# What costs a reader little, cheapest first, and how a person calls it.
TITLES = {
    "label smoothing": "label smoothing, 0.1",
    "stronger recipe": "a stronger recipe (cosine schedule, weight decay 5e-4)",
    "stochastic depth": "stochastic depth alone",
    "equal work": "more plain epochs, 1.75 times",
    "lambda 0": "both passes without the distillation term (λ = 0)",
    GUIDED: "**Self-Guidance** (λ = 0.25)",
}


def map_rows(points: Sequence[MeasuredPoint], found: Gains) -> list[dict[str, str]]:
    """One row for each point: its name and what was run there, its gap, the plain network's error, and the four comparisons."""
    rows = []
    for point in sorted(points, key=lambda point: point.gap):
        errors = point.errors("plain")
        row = {
            "point": _name_and_size(point),
            "gap": f"{point.gap:.1f}",
            "plain errs": f"{sum(errors) / len(errors):.1f}{NO_BREAK}%",
        }
        for other in AGAINST:
            row[f"against {point_label(other)}"] = _said(found.get((point.name, other)), "not run")
        rows.append(row)
    return rows


def _name_and_size(point: MeasuredPoint) -> str:
    """The data set, and below it in small letters how many images, their size where it was reduced, epochs, and runs of each setting."""
    recipe = point.point.recipe
    counts = [len(point.finished(name)) for name in (GUIDED, *AGAINST) if point.finished(name)]
    runs = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    dataset, images, *special = point.short.split(", ")
    size = f" of {recipe['image_size']} × {recipe['image_size']}" if "image_size" in recipe else ""
    small = [f"{images} images{size}", *special, f"{recipe['epochs']} epochs, {runs} runs"]
    return f"{dataset}<br><small>{',<br>'.join(small)}</small>"


def rate_rows(found: Sequence[Rates], gained: Gains) -> list[dict[str, str]]:
    """One row for each setting: at each data set the rate that was chosen, its test error, and Self-Guidance against it."""
    rows = []
    for setting in SETTINGS:
        row = {"setting": TITLES.get(setting, "plain training")}
        for rates in found:
            row[DATASETS[rates.point.recipe["dataset"]]] = _at_its_rate(
                rates, setting, gained.get((rates.name, setting))
            )
        rows.append(row)
    return rows


def _at_its_rate(rates: Rates, setting: str, difference: Difference | None) -> str:
    rate = rates.chosen(setting)
    if rate is None:
        return "not run"
    errors = errors_of(rates.groups[setting, rate])
    runs = "1 run" if len(errors) == 1 else f"{len(errors)} runs"
    lines = [f"**{rate:g}**: {sum(errors) / len(errors):.1f}{NO_BREAK}%", f"<small>{runs}</small>"]
    return "<br>".join([*lines, _said(difference, "")]).removesuffix("<br>")


def where_to_compare(points: Sequence[MeasuredPoint]) -> list[MeasuredPoint]:
    """Two ends of the map: the anchor, and of the points with a part of the images the one with the largest gap."""
    small = [point for point in points if not point.large and len(point.finished(GUIDED)) > 1]
    ends = [anchor(points), max(small, key=lambda point: point.gap, default=None)]
    return [point for point in ends if point is not None]


def simpler_rows(points: Sequence[MeasuredPoint]) -> tuple[list[dict[str, str]], int]:
    """What else to try first, each against plain training at both ends of the map.

    Returns:
        The rows, and how many comparisons their words are corrected for.
    """
    ends, found = _simpler(points)
    rows = []
    for name, title in TITLES.items():
        row = {"what": title}
        for point in ends:
            heading = f"{point.short}, {point.point.recipe['epochs']} epochs (gap {point.gap:.0f})"
            row[heading] = _said(found.get((point.name, name)), "not measured")
        rows.append(row)
    return rows, len(found)


def simpler_sentence(points: Sequence[MeasuredPoint]) -> str:
    """What erred less than plain training at each of the two ends, and by how much."""
    ends, found = _simpler(points)
    said = []
    for point in ends:
        better = [
            name for name in TITLES if (point.name, name) in found and found[point.name, name].verdict == "better"
        ]
        listed = (
            "; ".join(f"{TITLES[name]}, {found[point.name, name]} points" for name in better)
            or "nothing that was measured"
        )
        said.append(
            f"Where the gap was {point.gap:.0f} ({point.title}), what erred less than plain training was: {listed}."
        )
    return " ".join(said)


def _simpler(points: Sequence[MeasuredPoint]) -> tuple[list[MeasuredPoint], dict[tuple[str, str], Difference]]:
    ends = where_to_compare(points)
    return ends, corrected({(point.name, name): _to_plain(point, name, points) for point in ends for name in TITLES})


def _to_plain(point: MeasuredPoint, name: str, points: Sequence[MeasuredPoint]) -> Difference | None:
    if name != "stronger recipe" or point.name != USUAL:
        return point.against("plain", name)
    # At this point the other recipe has a place of its own on the map, with the same images and epochs.
    strong = next((other for other in points if other.name == STRONG and other.precision == point.precision), None)
    groups = {"strong": strong.groups["plain"] if strong else [], "plain": point.groups["plain"]}
    return compare(groups, "strong", "plain") if strong else None


def _said(difference: Difference | None, nothing: str) -> str:
    """The difference, its interval and the verdict, in lines that do not break: a table's columns are narrow."""
    if difference is None:
        return nothing
    mean, _, interval = str(difference).partition(" ")
    lines = [mean, interval.replace(" ", NO_BREAK), f"**{difference.verdict.replace(' ', NO_BREAK)}**"]
    # Where the interval leaves 0 out and the verdict is still "cannot tell", a reader must learn why.
    _, among, comparisons = difference.words.partition("among ")
    lines.append(f"<small>{among}{comparisons}</small>" if among else "")
    return "<br>".join(line for line in lines if line)
