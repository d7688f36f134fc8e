"""What has moved or has another name is still found under the old one for one release; a warning names the new one."""

import importlib
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "checkpoint": "training.checkpoint",
    "comparisons": "results.comparisons",
    "config": "training.config",
    "datasets": "data",
    "distributed": "training.distributed",
    "experiments": "results.experiments",
    "labels": "results.labels",
    "logs": "training.logs",
    "paper": "results.paper",
    "resnets": "networks",
    "runs": "training.runs",
    "safetensors": "page_network",
}
# In `sgutils` and in `sgutils.results`.
RENAMED = {"mean_and_deviation": "mean_std", "setting": "setting_key"}


class _Moved(MetaPathFinder, Loader):
    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        return ModuleSpec(fullname, self) if package == __package__ and name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = f"{__package__}.{MOVED[spec.name.partition('.')[2]]}"
        warnings.warn(f"{spec.name} is now {new}; the old name goes in the next release.", FutureWarning, stacklevel=2)
        return importlib.import_module(new)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it was run under its new name."""


def install() -> None:
    """Called once, when the package is imported."""
    sys.meta_path.append(_Moved())
