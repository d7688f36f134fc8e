"""Measured runs of the ledger beside the paper's numbers (chapters Ablations, Paper and measurement)."""

from ...results.labels import DATASETS
from ..explorable import Explorable, Setting, one_of, text
from .ledger import SWITCHES


def _switches():
    def check(value):
        return value if isinstance(value, str) and set(filter(None, value.split(","))) <= set(SWITCHES) else None

    return Setting(f"a list, with commas, of some of: {', '.join(SWITCHES)}", check)


class ResultsExplorer(Explorable, module="results_explorer"):
    """Runs that exist, and numbers that are printed: errors after the last epoch, or curves over epochs.

    `dataset` is one of `sgutils.results.labels.DATASETS`; `runs` names a network and scale as the menu of the picture does ("" takes
    the first), `paper` a printed table and network, such as "Table 5, ResNet-50" ("" takes the one that fits best).
    `view` is "last epoch" or "curves", `error` which errors are shown, `seeds` "each", "mean" or one seed. `methods` lists
    the methods on show, Self-Guidance by its values of lambda: "plain,0,0.25,ONE".
    """

    dataset = one_of(*DATASETS)
    runs = text("the name of a network and scale, or an empty string", longest=200)
    paper = text("the name of a printed table and network, or an empty string", longest=200)
    view = one_of("last epoch", "curves")
    error = one_of("test", "training", "both")
    seeds = text("'each', 'mean' or one seed, such as '0'", longest=200)
    methods = _switches()
    ledger = Setting(
        "what sgutils.widgets.results_explorer.ledger.recording makes",
        lambda value: value if isinstance(value, dict) else None,
    )
