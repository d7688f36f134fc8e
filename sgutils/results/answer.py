"""The answer to "should I use it?", its words chosen from the runs: other runs, other words.

Every sentence is made here from points of the map, so that a page which shows them stays true when the ledger grows; a
test plants contrary runs and sees the words change.
"""

from collections.abc import Mapping, Sequence

from .campaign import EQUAL_WORK
from .labels import DATASETS, NETWORKS
from .map import GUIDED, MeasuredPoint
from .rates import Rates, rate_gains
from .statistics import Difference

NAMES = {
    "plain": "plain training for as many epochs",
    "equal work": f"plain training with as much work ({EQUAL_WORK} times the epochs)",
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


def answer(points: Sequence[MeasuredPoint], found: Gains, rates: Sequence[Rates] = ()) -> list[str]:
    """The lines: the verdict first, then what it stands on.

    Args:
        points: of `measured_points`.
        found: of `gains`.
        rates: of `measured_rates`, where there are such.
    """
    if not found:
        return ["Nothing is measured yet: `sgutils reproduce map` fills the ledger."]
    return [
        " ".join(verdict(points, found)),
        *filter(None, [rates_sentence(points, found, rates)]),
        f"{count_sentence(points, found, 'plain')} {gap_sentence(points, found)}",
        _against_depth(points, found),
        _the_pull(points, found),
        _not_known(points),
    ]


def short_answer(points: Sequence[MeasuredPoint], found: Gains, rates: Sequence[Rates] = ()) -> list[str]:
    """For who reads no further, sentence by sentence: the verdict, whether it beats what is simpler, and what its name is for."""
    more = rates_sentence(points, found, rates), both_sentence(points, found), _the_pull(points, found)
    return [*verdict(points, found), *filter(None, more)]


def rates_sentence(points: Sequence[MeasuredPoint], found: Gains, rates: Sequence[Rates]) -> str:
    """What is left of the fair comparison where each setting has a learning rate of its own; nothing before all seeds were run."""
    complete = [one for one in rates if one.is_complete(GUIDED, "equal work")]
    gained = {one.name: own for one in complete if (own := rate_gains(rates).get((one.name, "equal work")))}
    if not gained:
        return ""
    said = []
    for one in (one for one in rates if one.name in gained):
        own, at_one_rate = gained[one.name], [point for point in points if one.is_of(point)]
        before = {found[key].verdict for point in at_one_rate if (key := (point.name, "equal work")) in found}
        instead = f" instead of *{before.pop()}*" if before and before != {own.verdict} else ""
        runs = f"{own.runs[0]} against {own.runs[1]} runs"
        said.append(f"{DATASETS[one.point.recipe['dataset']]}, {own} points ({runs}), **{own.verdict}**{instead}")
    return (
        "There the learning rate is one for all. With a **rate of its own** for each setting, chosen on held-out images, the difference "
        f"to plain training with as much work is: {'; '.join(said)}."
    )


def gap_sentence(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """Whether the gain over plain training grows with the gap, as the mechanism predicts; said only where three points or more can tell."""
    there = [point for point in points if (point.name, "plain") in found]
    if len(there) < 3:
        return (
            f"Whether the gain over plain training grows with the gap cannot be said from {_points(len(there))}: "
            "a trend needs three at the least."
        )
    statistic, chance = _order(there, found, "plain")
    way = "grow" if statistic > 0 else "fall"
    prediction = "as predicted" if statistic > 0 else "against the prediction"
    sure = f"Kendall's τ {statistic:+.2f}, p = {chance:.2f}".replace("-", "−")
    if chance >= CHANCE:
        return (
            f"Over {_points(len(there))} the gain over plain training tends to {way} with the gap, but the order cannot be told from "
            f"chance ({sure})."
        )
    return f"Over {_points(len(there))} the gain over plain training {way}s with the gap, {prediction} ({sure})."


def verdict(points: Sequence[MeasuredPoint], found: Gains) -> list[str]:
    """What to do, from the fair comparison, against as much work: the verdict, then each point where there is one."""
    words = tally(points, found, "equal work")
    measured = sum(map(len, words.values()))
    if not measured:
        return [f"Do not decide yet: the fair comparison, against {NAMES['equal work']}, is not measured."]
    word = {
        (True, True): "It depends",
        (True, False): "Worth a try",
        (False, True): "Not by default",
        (False, False): "No reason to",
    }[bool(words["better"]), bool(words["worse"])]
    networks = _listed(sorted({NETWORKS[point.point.recipe["model"]] for there in words.values() for point in there}))
    lines = [
        f"**{word}.** At {_points(measured)} Self-Guidance was compared with {NAMES['equal work']}, on {networks}."
    ]
    for verb, there in (("less", words["better"]), ("more", words["worse"])):
        if there:
            lines.append(f"It errs **{verb}** at {len(there)}: {_differences(there, found, 'equal work')}.")
    if open_ := words["cannot tell"]:
        lines.append(f"At {len(open_)} the two **cannot be told apart**, with {_runs(open_)}.")
    return [*lines, *_apart(points, found)]


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


def _apart(points: Sequence[MeasuredPoint], found: Gains) -> list[str]:
    """Whether the gap tells the points that are won from those that are lost, and whether that may be chance."""
    words = tally(points, found, "equal work")
    won, lost = ([point.gap for point in words[word]] for word in ("better", "worse"))
    if not won or not lost or min(won) <= max(lost):
        return []
    there = [point for point in points if (point.name, "equal work") in found]
    line = f"It won where the gap is large ({_gaps(won)}) and lost where it is small ({_gaps(lost)})"
    if len(there) > 2 and _order(there, found, "equal work")[1] < CHANCE:
        return [f"{line}."]
    return [f"{line}; that the gap orders all {_points(len(there))} cannot be told from chance."]


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
    most = f"; by the intervals it may help by {max(0.0, -min(lows)):.1f} points at the most" if lows else ""
    return f"{line} The teacher's opinion has not been seen to help{most}."


def _against_depth(points: Sequence[MeasuredPoint], found: Gains) -> str:
    """What is simpler and cheaper, and whether it does as well where Self-Guidance beats plain training."""
    line = count_sentence(points, found, "stochastic depth")
    won = [point for point in tally(points, found, "plain")["better"] if (point.name, "stochastic depth") in found]
    if won:
        line += f" Where it beats plain training, its difference to stochastic depth is: {_differences(won, found, 'stochastic depth', verdict=True)}."
    return f"{line} {both_sentence(points, found)}".rstrip()


def _not_known(points: Sequence[MeasuredPoint]) -> str:
    longest = max(point.point.recipe["epochs"] for point in points)
    networks = {NETWORKS[point.point.recipe["model"]] for point in points}
    return (
        f"**Not known here:** the paper's own regime, 300 epochs of ResNet-32 to 110. The longest training with "
        f"Self-Guidance on the map has {longest} epochs, with {_listed(sorted(networks))}. We know of no replication by others."
    )


def _differences(points: Sequence[MeasuredPoint], found: Gains, other: str, *, verdict: bool = False) -> str:
    """Each point with the difference at it, its interval and its runs, and the word where the sentence has not said it."""
    said = []
    for point in points:
        difference = found[point.name, other]
        word = f", **{difference.words}**" if verdict else ""
        runs = f"{difference.runs[0]} against {difference.runs[1]} runs"
        said.append(f"{point.title}, {difference} points ({runs}){word}")
    return "; ".join(said)


def _runs(points: Sequence[MeasuredPoint]) -> str:
    """How few and how many runs a verdict stands on, which a reader of "cannot tell" wants to know."""
    counts = [len(point.finished(name)) for point in points for name in (GUIDED, "equal work")]
    low, high = min(counts), max(counts)
    return f"{low} to {high} runs" if low < high else f"{low} runs"


def _gaps(gaps: Sequence[float]) -> str:
    return _listed([f"{gap:.0f}".replace("-", "−") for gap in sorted(gaps)])


def _points(count: int) -> str:
    return "1 point of the map" if count == 1 else f"{count} points of the map"


def _titles(points: Sequence[MeasuredPoint]) -> str:
    return "; ".join(f"{point.title} (gap {point.gap:.0f})" for point in points)


def _listed(parts: Sequence[str]) -> str:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
