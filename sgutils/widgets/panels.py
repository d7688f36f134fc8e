"""The panels of the first version are the trainer now: their names can be called for one more release."""

import warnings

from .trainer.trainer import Trainer

# What the panels took, by the trainer's names. The rest says how long they trained, on how many images, and with which network.
_NAMES = {
    "dataset": "data",
    "method": "method",
    "lam": "lam",
    "tau": "tau",
    "p_last": "p_last",
    "seed": "seed",
}


def TrainingPanel(**recipe) -> Trainer:
    """The trainer with what it knows of the old panel's arguments."""
    return _trainer("TrainingPanel", recipe)


def FeaturePanel(**recipe) -> Trainer:
    """The trainer with what it knows of the old panel's arguments; its map is coloured by network."""
    return _trainer("FeaturePanel", recipe, color="network")


def _trainer(old, recipe, **state):
    left = ", ".join(name for name in recipe if name not in _NAMES)
    unused = f" It takes no {left}." if left else ""
    warnings.warn(
        f"sgutils.widgets.{old} is now Trainer; the old name goes in the next release.{unused}",
        FutureWarning,
        stacklevel=3,
    )
    return Trainer(**{_NAMES[name]: value for name, value in recipe.items() if name in _NAMES}, **state)
