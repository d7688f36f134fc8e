"""A network's own stochastic depth, which the gates take the place of."""

from torch import nn


def switch_off_drop_path(model: nn.Module) -> float:
    """Set the rate of every StochasticDepth (torchvision) and DropPath (timm and others) to 0.

    Returns:
        The largest rate that there was.
    """
    largest = 0.0
    for module in model.modules():
        name = type(module).__name__
        rate = "p" if name == "StochasticDepth" else "drop_prob" if name.endswith("DropPath") else None
        if rate is not None and (found := getattr(module, rate, None)):
            largest = max(largest, found)
            setattr(module, rate, 0.0)
    return largest
