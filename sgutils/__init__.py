"""Self-Guidance: sub-networks sampled by stochastic depth learn to match the full network that contains them.

Importing this package loads nothing heavy: each name below is looked up in its module when it is first used.
"""

from . import _renamed
from ._lazy import lazy_names

__version__ = "0.2.0"

_HOME = {
    name: module
    for module, names in {
        "data": ("DATASETS", "Dataset", "ImageLoader", "Inputs", "load_dataset", "load_inputs", "loaders"),
        "errors": ("InputError",),
        "gates": ("expected_depth", "linear_decay", "sample_gates", "uniform_survival"),
        "losses": ("SelfGuidanceLoss", "distillation_kl", "self_guidance_loss", "soft_targets"),
        "networks.saved": ("load_network", "save_network"),
        "methods": (
            *("METHODS", "Baseline", "Cosub", "Distillation", "DiversePeers", "Method", "MutualLearning"),
            *("GateSampler", "NativeEnsemble", "SelfGuidance", "StochasticDepth", "build_method"),
        ),
        "networks": (
            *("MODELS", "GatedNetwork", "ResNet", "fold_gates", "gated", "keep_running_statistics"),
            *("recalibrate_batch_norm", "resnet", "resnet20", "resnet32", "resnet50", "resnet56", "resnet110"),
        ),
        "results.ledger": ("by_setting", "load_results", "mean_std"),
        "training.config": ("Config",),
        "training.record": ("Run",),
        "training.runs": ("resume", "train"),
        "training.history": ("Epoch",),
        "training.trainer": ("Trainer",),
    }.items()
    for name in names
}
_MODULES = (
    *("data", "errors", "features", "gates", "losses", "methods", "own_modules", "plots", "networks", "results"),
    *("training", "widgets", *_renamed.MOVED),
)

__all__ = sorted(_HOME)
__getattr__, __dir__ = lazy_names(__name__, _HOME, _MODULES, _renamed.RENAMED)
_renamed.install()
