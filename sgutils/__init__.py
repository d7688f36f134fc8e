"""Self-Guidance: sub-networks sampled by stochastic depth learn to match the full network that contains them.

Importing this package loads nothing heavy: each name below is looked up in its module when it is first used.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    name: module
    for module, names in {
        "config": ("Config",),
        "data": ("DATASETS", "Dataset", "load_dataset"),
        "errors": ("InputError",),
        "gates": ("expected_depth", "linear_decay", "sample_gates", "uniform_survival"),
        "losses": ("SelfGuidanceLoss", "distillation_kl", "self_guidance_loss", "soft_targets"),
        "checkpoint": ("load_network", "save_network"),
        "methods": (
            *("METHODS", "Baseline", "Cosub", "Distillation", "DiversePeers", "Method", "MutualLearning"),
            *("GateSampler", "NativeEnsemble", "SelfGuidance", "StochasticDepth", "build_method"),
        ),
        "networks": (
            *("MODELS", "GatedNetwork", "ResNet", "fold_gates", "gated", "keep_running_statistics"),
            *("recalibrate_batch_norm", "resnet", "resnet20", "resnet32", "resnet50", "resnet56", "resnet110"),
        ),
        "results": ("Run", "by_setting", "load_results", "mean_and_deviation"),
        "runs": ("resume", "train"),
        "training": ("Epoch", "Trainer"),
    }.items()
    for name in names
}
_MODULES = (
    "config",
    "data",
    "errors",
    "features",
    "gates",
    "losses",
    "methods",
    "networks",
    "plots",
    "resnets",
    "results",
    "runs",
    "training",
    "widgets",
)

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    elif name in _MODULES:
        value = importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
