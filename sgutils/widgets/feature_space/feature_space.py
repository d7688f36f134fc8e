"""Features of the teacher and of students through training, as a map to be watched (Feature space)."""

from ..explorable import Explorable, Setting, number, one_of, whole_number


class FeatureSpace(Explorable, module="feature_space"):
    """A joint t-SNE map of one image set as the full network and fixed students see it, epoch by epoch.

    `method` is how the network was trained, `student` which sub-networks stand beside the full one, `epoch` how far the
    training is (the nearest recorded one is taken), `color` what the points' colours mean and `image` which one is
    pointed out. The features come from `recording`, which `sgutils.widgets.recorders.feature_space` wrote.
    """

    method = one_of("self-guidance", "baseline")
    student = one_of("A", "B", "C", "A and B")
    epoch = whole_number(0, 1000)
    perplexity = number(5, 60)
    seed = whole_number(0, 20)
    color = one_of("class", "network")
    image = whole_number(0, 1000)
    recording = Setting(
        "a recording made by sgutils.widgets.recorders.feature_space",
        lambda value: value if isinstance(value, dict) else None,
    )
