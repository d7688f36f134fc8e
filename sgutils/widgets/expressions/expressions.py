"""What a measured confusion matrix says about another mix of classes (chapter Facial expressions)."""

from ..explorable import Explorable, Setting, numbers, whole_number


class Expressions(Explorable, module="expressions"):
    """Recall, precision and error of trained networks where each expression is as frequent as `mix` says.

    `recording` was written by `sgutils.widgets.recorders.expressions`; `setting` is the name of one of its settings, `seed`
    counts its runs from 0 and -1 takes all, and `mix` weighs the seven expressions in the recording's order.
    """

    setting = Setting(
        "a text of at most 80 letters", lambda value: value if isinstance(value, str) and len(value) <= 80 else None
    )
    seed = whole_number(-1, 1000)
    mix = numbers(7, 0, 100)
    recording = Setting(
        "a recording made by sgutils.widgets.recorders.expressions",
        lambda value: value if isinstance(value, dict) else None,
    )
