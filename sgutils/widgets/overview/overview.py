"""The whole idea in one picture (the book's first page)."""

from ..explorable import Explorable, Setting, gate_string, switch, whole_number


class Overview(Explorable, module="overview"):
    """A network, a student drawn from it, their predictions for an image, and the pull between them.

    The predictions come from `recording`, which `sgutils.widgets.recorders.overview` wrote. `image` counts its images from
    0, `gates` says which blocks the student runs ("" lets the picture draw), and `playing` whether it draws on its own.
    """

    image = whole_number(0, 1000)
    gates = gate_string(9)
    playing = switch()
    recording = Setting(
        "a recording made by sgutils.widgets.recorders.overview",
        lambda value: value if isinstance(value, dict) else None,
    )
