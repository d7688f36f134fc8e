"""The book's explorables, a folder each.

Each explorable is one JavaScript module with two hosts: Jupyter (through anywidget) and the static site. Importing this
package loads neither anywidget nor torch; a class is loaded when it is first named.
"""

from importlib import import_module

_HOMES = {
    "Temperature": "temperature.temperature",
    "Survival": "survival.survival",
    "Objective": "objective.objective",
    "Overview": "overview.overview",
    "LiveNetwork": "live_network.live_network",
    "Expressions": "expressions.expressions",
    "FeatureSpace": "feature_space.feature_space",
    "Paths": "paths.paths",
    "Peers": "peers.peers",
    "ResultsExplorer": "results_explorer.results_explorer",
    "Map": "map.map",
    "Playground": "playground.playground",
    "Step": "step.step",
    "Trainer": "trainer.trainer",
}
_OLD = {"FeaturePanel": "panels", "TrainingPanel": "panels"}  # go in the next release

__all__ = sorted(_HOMES)


def __getattr__(name):
    home = (_HOMES | _OLD).get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__():
    return __all__
