"""The six checks of the chapter *From scratch*: each looks at one step, and says so where it stumbles over an earlier one."""

from .parts import check_block, check_distillation, check_drawing, check_network
from .training import check_objective, check_training

__all__ = [
    "check_block",
    "check_distillation",
    "check_drawing",
    "check_network",
    "check_objective",
    "check_training",
]
