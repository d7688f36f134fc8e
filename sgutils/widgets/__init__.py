"""The book's explorables and the training panel.

Each explorable is one JavaScript module with two hosts: Jupyter (through anywidget) and the static site. Importing this
package loads neither anywidget nor torch; a class is loaded when it is first named.
"""

from importlib import import_module

_HOMES = {
    "Temperature": "temperature",
    "Survival": "survival",
    "Objective": "objective",
    "Overview": "overview",
    "LiveNetwork": "live_network",
    "Expressions": "expressions",
    "FeatureSpace": "feature_space",
    "Peers": "peers",
    "ResultsExplorer": "results_explorer",
    "Playground": "playground",
    "FeaturePanel": "feature_panel",
    "TrainingPanel": "training_panel",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
