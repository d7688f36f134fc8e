"""In which precision the convolutions of a training compute."""

import warnings

import torch

PRECISIONS = ("float32", "bfloat16")


def default_precision(device: torch.device) -> str:
    """The fastest precision that ends with the same errors, and on a CPU the one that is the same on all of them."""
    if device.type != "cuda":
        return "float32"
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16"
    warnings.warn("This GPU has no bfloat16 of its own: training in float32, which takes longer.", stacklevel=2)
    return "float32"


def usable_precision(precision: str, device: torch.device) -> str:
    """The one that was asked for, or float32, with a warning, where a processor would have to emulate it."""
    if precision == "bfloat16" and device.type == "cpu" and not _processor_has_bfloat16():
        warnings.warn(
            "This processor has no bfloat16 of its own, and emulating it takes ten times as long: training in float32.",
            stacklevel=3,
        )
        return "float32"
    return precision


def _processor_has_bfloat16() -> bool:
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
