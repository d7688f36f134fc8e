"""How the book names a method with its options, in tables, figures and explorables; needs no torch."""

import json
from pathlib import Path

from .signatures import method_defaults

# In a file of their own, which the results explorer reads too.
_NAMES = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
DATASETS: dict[str, str] = _NAMES["datasets"]
NETWORKS: dict[str, str] = _NAMES["networks"]
PEERS = {
    "mutual-learning": "DML",
    "native-ensemble": "ONE",
    "diverse-peers": "OKDDip",
    "distillation": "KD",
    "cosub": "cosub",
}

_OTHERS = {"baseline": "plain", "stochastic-depth": "stochastic depth"}
_OPTION_WORDS = {
    ("detach_teacher", False): "attached",
    ("kl_direction", "student||teacher"): "S‖T",
    ("bn_statistics", "both"): "BN of both",
    ("bn_statistics", "recalibrate"): "BN recalibrated",
    ("backward_full", False): "w/o backward full",
    ("averaged", False): "summed",
    ("scaling", "train"): "scaled in training",
}
_LETTERS = {"lam": "λ", "tau": "τ", "p_last": "p_L", "label_smoothing": "label smoothing"}


def row_key(method, options):
    """A method with what differs from its usual options: "self-guidance kl_direction=student||teacher lam=3"."""
    return " ".join([method, *(f"{name}={written(value)}" for name, value in unusual(method, options).items())])


def label(method, options):
    """The same for a reader: "λ = 3, S‖T" for Self-Guidance, "DML, summed" for others."""
    found = unusual(method, options)
    # lam comes first: it is what the others are compared at.
    words = [
        _OPTION_WORDS.get((name, found[name]), f"{_LETTERS.get(name, name)} = {written(found[name])}")
        for name in sorted(found, key=lambda name: name != "lam")
    ]
    if method == "self-guidance":
        return ", ".join(words) or f"λ = {method_defaults(method)['lam']:g}"
    return ", ".join([_OTHERS.get(method) or PEERS.get(method, method), *words])


def point_label(name):
    """A setting of the campaign's points for a reader: "λ = 0.25" for "lambda 0.25"."""
    return name.replace("lambda ", "λ = ")


def unusual(method, options):
    """The options that differ from the usual ones, by name, so that the order in a record does not matter."""
    usual = method_defaults(method)
    return {name: options[name] for name in sorted(options) if options[name] != usual.get(name)}


def written(value):
    """A setting's value in a word."""
    return f"{value:g}" if isinstance(value, float) else str(value)
