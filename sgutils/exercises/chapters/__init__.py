"""The exercises in code at the end of the chapters: one check for each; `solutions` has what the chapters fold away."""

from .losses import check_distillation_loss, check_peers_loss, check_students_loss
from .measures import check_corrected, check_gap, check_interval, check_linear_cka, check_wilson
from .networks import check_fold, check_open_paths, check_run_gated
from .timing import check_speedup
from .training import check_accumulate
from .verifying import check_verified

__all__ = [
    "check_accumulate",
    "check_corrected",
    "check_distillation_loss",
    "check_fold",
    "check_gap",
    "check_interval",
    "check_linear_cka",
    "check_open_paths",
    "check_peers_loss",
    "check_run_gated",
    "check_speedup",
    "check_students_loss",
    "check_verified",
    "check_wilson",
]
