"""The chapter *Find the bug*: eight bugs made from correct code, and a check for each."""

from .losses import check_direction, check_gradient, check_reduction, check_temperature
from .training import check_gates, check_mode, check_statistics, check_survival

CHECKS = {
    "temperature": check_temperature,
    "direction": check_direction,
    "gradient": check_gradient,
    "reduction": check_reduction,
    "statistics": check_statistics,
    "gates": check_gates,
    "survival": check_survival,
    "mode": check_mode,
}

__all__ = ["CHECKS", *(check.__name__ for check in CHECKS.values())]
