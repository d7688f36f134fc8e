"""The map: where Self-Guidance gains, over the gap that plain training leaves (page Should I use it?)."""

from ..explorable import Explorable, Setting, one_of, text


class Map(Explorable, module="map"):
    """Every point is a group of runs of the ledger: the gain of Self-Guidance against the plain network's gap, in points.

    `comparison` is what lambda = 0.25 is compared with; `images` is "these", for an interval over seeds on these test
    images, or "new", for one over other test images too. `dataset` filters by name, such as "CIFAR-100" ("all" takes
    all); `point` names one point of `sgutils.results.campaign.POINTS` whose runs are shown ("" shows none).
    """

    comparison = one_of("plain", "equal work", "stochastic depth", "lambda 0")
    images = one_of("these", "new")
    dataset = text("the name of a data set, or 'all'", longest=100)
    point = text("the name of a point of the map, or an empty string", longest=100)
    measured = Setting(
        "what sgutils.widgets.recorders.map.recording makes", lambda value: value if isinstance(value, dict) else None
    )
