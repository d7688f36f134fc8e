"""The answer to "should I use it?", its words chosen from the runs: other runs, other words.

Every sentence is made here from points of the map, so that a page which shows them stays true when the ledger grows; a
test plants contrary runs and sees the words change.
"""

from collections.abc import Mapping, Sequence

from .labels import NETWORKS
from .map import GUIDED, MeasuredPoint
from .statistics import Difference

NAMES = {
    "plain": "plain training",
    "equal work": "plain training with as much work",
    "stochastic depth": "stochastic depth alone",
    "lambda 0": "the same without its distillation term (λ = 0)",
}
# A trend that chance alone shows this often is not called one.
CHANCE = 0.05
Gains = Mapping[tuple[str, str], Difference]


def tally(points: Sequence[MeasuredPoint], found: Gains, other: str) -> dict[str, list[MeasuredPoint]]:
    """The points by what was found at them against ``other``: better, worse, cannot tell."""
    words: dict[str, list[MeasuredPoint]] = {"better": [], "worse": [], "cannot tell": []}
    for point in points:
        if (point.name, other) in found:
            words[found[point.name, other].verdict].append(point)
    return words


def anchor(points: Sequence[MeasuredPoint]) -> MeasuredPoint | None:
    """The point that speaks loudest for real use: of those with all training images, the one with the most runs."""
    large = [point for point in points if point.large and point.finished(GUIDED)]
    return max(large, key=lambda point: sum(map(len, point.groups.values())), default=None)


def count_sentence(points: Sequence[MeasuredPoint], found: Gains, other: str) -> str:
    """At how many points it is better, worse, or cannot be told apart from ``other``."""
    words = tally(points, found, other)
    measured = sum(map(len, words.values()))
    if not measured:
        return f"Against **{NAMES[other]}**: nothing is measured yet."
    parts = [f"{verdict} at {len(there)}" for verdict, there in words.items() if there]
    return f"Against **{NAMES[other]}**: {_listed(parts)} of {_points(measured)}."


def difference_sentence(point: MeasuredPoint, difference: Difference, other: str) -> str:
    """Both errors, their difference with its interval, the runs, and the word."""
    guided, others = (_mean(point.errors(name)) for name in (GUIDED, other))
    runs = f"{difference.runs[0]} against {difference.runs[1]} runs"
    return (
        f"it errs {guided:.1f} % and {NAMES[other]} {others:.1f} %: {difference} points, {runs}, **{difference.words}**"
    )


def answer(points: Sequence[MeasuredPoint], found: Gains) -> list[str]:
    """The five lines.

    Args:
        points: of `measured_points`.
        found: of `gains`.
    """
    if not found:
        return ["Nothing is measured yet: `sgutils reproduce map` fills the ledger."]
    return [
        _against_plain(points, found),
        _equal_work(points, found),
        _the_pull(points, found),
        _against_depth(points, found),
        _not_known(points),
    ]


def gap_sentence(points: Sequence[MeasuredPoint], found: Gains, other: str = "plain") -> str:
    """Whether the gain grows with the gap, as the mechanism predicts; said only where three points or more can tell."""
    there = sorted((point for point in points if (point.name, other) in found), key=lambda point: point.gap)
    if len(there) < 3:
        return (
            f"Whether the gain grows with the gap cannot be said from {_points(len(there))}: "
            "a trend needs three at the least."
        )
    statistic, chance = _order(there, found, other)
    way = "grows" if statistic > 0 else "falls"
    prediction = "as predicted" if statistic > 0 else "against the prediction"
    sure = f"Kendall's τ {statistic:+.2f}, p = {chance:.2f}".replace("-", "−")
    if chance >= CHANCE:
        return (
            f"Over {_points(len(there))} the gain {way} with the gap by tendency, but the order cannot be told from chance "
            f"({sure})."
        )
    return f"Over {_points(len(there))} the gain {way} with the gap, {prediction} ({sure})."


def use_sentence(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """What to do, from the fair comparison: against as much work."""
    words = tally(points, found, "equal work")
    if not any(words.values()):
        return "Do not decide yet: the fair comparison, against plain training with as much work, is not measured."
    tail = " Elsewhere the two could not be told apart." if words["cannot tell"] else ""
    if words["worse"] and not words["better"]:
        return (
            f"**Not by default.** Where it was measured, the same time spent on more plain epochs gave fewer errors "
            f"({_titles(words['worse'])}).{tail}"
        )
    if words["better"] and not words["worse"]:
        return f"**Worth a try.** It beats plain training with as much work ({_titles(words['better'])}).{tail}"
    if words["better"]:
        return (
            f"**It depends.** It beats plain training with as much work here: {_titles(words['better'])}; "
            f"and it loses to it here: {_titles(words['worse'])}.{tail}{_apart(points, found)}"
        )
    return "**No reason to.** Nowhere can it be told from plain training with as much work, which is simpler."


def both_sentence(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """Where it beats plain training and stochastic depth, which costs less than it: nothing where not both were measured."""
    first, second = (tally(points, found, other) for other in ("plain", "stochastic depth"))
    both = [point for point in first["better"] if point in second["better"]]
    if both:
        return f"It was better than plain training and than stochastic depth here: {_titles(both)}."
    if not (any(first.values()) and any(second.values())):
        return ""
    return "At **no point** was it shown to beat both plain training and stochastic depth."


def _order(points: Sequence[MeasuredPoint], found: Gains, other: str) -> tuple[float, float]:
    """Kendall's tau of gap and gain, and how often chance alone orders these points as much."""
    from scipy.stats import kendalltau

    order = kendalltau([point.gap for point in points], [-found[point.name, other].mean for point in points])
    return float(order.statistic), float(order.pvalue)


def _apart(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """Whether the gap tells the points that are won from those that are lost, and whether that may be chance."""
    words = tally(points, found, "equal work")
    won, lost = ([point.gap for point in words[verdict]] for verdict in ("better", "worse"))
    if min(won) <= max(lost):
        return ""
    there = [point for point in points if (point.name, "equal work") in found]
    line = " It is better where the gap is large and worse where it is small"
    if len(there) > 2 and _order(there, found, "equal work")[1] < CHANCE:
        return f"{line}."
    return f"{line}, but the order of {_points(len(there))} cannot be told from chance."


def _counted_and_at_the_anchor(points: Sequence[MeasuredPoint], found: Gains, other: str) -> str:
    """At how many points it is better, and by how much where it was measured with most images."""
    line = count_sentence(points, found, other)
    best = anchor(points)
    if best is not None and (best.name, other) in found:
        line += f" On {best.point.title}, {difference_sentence(best, found[best.name, other], other)}."
    return line


def _against_plain(points: Sequence[MeasuredPoint], found: Gains) -> str:
    return _counted_and_at_the_anchor(points, found, "plain")


def _equal_work(points: Sequence[MeasuredPoint], found: Gains) -> str:
    line = _counted_and_at_the_anchor(points, found, "equal work")
    return f"{line} {use_sentence(points, found)}"


def _the_pull(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """The distillation term, which gives the method its name."""
    words = tally(points, found, "lambda 0")
    line = count_sentence(points, found, "lambda 0")
    if not any(words.values()):
        return line
    if words["better"]:
        return f"{line} The teacher's opinion does pay: {_titles(words['better'])}."
    ranges = [found[point.name, "lambda 0"] for point in words["cannot tell"] + words["worse"]]
    lows = [difference.low for difference in ranges if difference.low is not None]
    most = f"; no interval allows it more than {max(0.0, -min(lows)):.1f} points" if lows else ""
    return f"{line} The teacher's opinion has not been seen to help{most}."


def _against_depth(points: Sequence[MeasuredPoint], found: Gains) -> str:
    line = _counted_and_at_the_anchor(points, found, "stochastic depth")
    return f"{line} {both_sentence(points, found)}".rstrip()


def _not_known(points: Sequence[MeasuredPoint]) -> str:
    longest = max(point.point.recipe["epochs"] for point in points)
    networks = {NETWORKS[point.point.recipe["model"]] for point in points}
    return (
        f"**Not known here:** the paper's own regime, 300 epochs of ResNet-32 to 110. The longest training with "
        f"Self-Guidance on the map has {longest} epochs, with {_listed(sorted(networks))}. We know of no replication by others."
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _points(count: int) -> str:
    return "1 point of the map" if count == 1 else f"{count} points of the map"


def _titles(points: Sequence[MeasuredPoint]) -> str:
    return "; ".join(f"{point.point.title} (gap {point.gap:.0f})" for point in points)


def _listed(parts: Sequence[str]) -> str:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
