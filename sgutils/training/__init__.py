"""Training any method on any loader: the trainer, whole runs with their files, several processes, curves while it runs."""

from .._lazy import lazy_names

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(("SCALES", "Config"), "config"),
        **dict.fromkeys(("Run", "load_run"), "record"),
        **dict.fromkeys(("build", "make_trainer"), "building"),
        **dict.fromkeys(("evaluate", "resume", "train"), "runs"),
        **dict.fromkeys(("Diverged", "Epoch", "Trainer"), "trainer"),
        **dict.fromkeys(("PRECISIONS", "default_precision"), "precision"),
    },
)
