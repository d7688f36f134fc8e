"""What steps the parameters of a method: the paper's optimizer, or one of the reader's own."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..checks import shown
from ..errors import InputError

# What a reader may give in place of the paper's: a torch optimizer, or what makes one of the parameters.
Chosen = torch.optim.Optimizer | Callable[[list[Tensor]], torch.optim.Optimizer]


def sgd(parameters: list[Tensor], lr: float, momentum: float, weight_decay: float) -> torch.optim.Optimizer:
    """The paper's (sec. 4.1): stochastic gradient descent with Nesterov momentum."""
    return torch.optim.SGD(
        parameters,
        lr=lr,
        momentum=momentum,
        nesterov=momentum > 0,
        weight_decay=weight_decay,
        fused=any(parameter.is_cuda for parameter in parameters),  # one kernel for all instead of several for each
    )


def own_optimizer(chosen: Chosen, parameters: list[Tensor]) -> torch.optim.Optimizer:
    """The optimizer that a reader chose for these parameters.

    Raises:
        InputError: if it is none, needs what the trainer does not give, or steps none of the parameters.
    """
    made = chosen if isinstance(chosen, torch.optim.Optimizer) or not callable(chosen) else chosen(parameters)
    if not isinstance(made, torch.optim.Optimizer):
        raise InputError(
            f"optimizer must be a torch optimizer, or a function of the parameters that makes one, not {shown(made)}."
        )
    if isinstance(made, (torch.optim.LBFGS, torch.optim.SparseAdam)):
        raise InputError(
            f"{type(made).__name__} cannot train here: it needs a closure, or sparse gradients. Take one such as SGD or AdamW."
        )
    if not {id(p) for group in made.param_groups for p in group["params"]} & set(map(id, parameters)):
        raise InputError(
            "optimizer has none of the method's trainable parameters, and would train nothing: make it of method.parameters()."
        )
    return made
