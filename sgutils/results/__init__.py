"""What was measured: the ledger of runs, the paper's tables beside it, comparisons, and the experiments that fill it."""

from .._lazy import lazy_names
from .._renamed import RENAMED

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(("by_setting", "load_benchmark", "load_results", "mean_std"), "ledger"),
        **dict.fromkeys(("as_markdown", "as_text", "beside_the_paper", "describe_setting", "measured"), "tables"),
        "title_at_scale": "tables",
        **dict.fromkeys(("Run", "load_run", "run_name", "setting_key"), ".training.record"),
        **dict.fromkeys(("EXPERIMENTS", "Experiment"), "experiments"),
    },
    renamed=RENAMED,
)
