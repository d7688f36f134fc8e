"""What steps the parameters of a method: the paper's optimizer, or one of the reader's own."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..checks import shown
from ..errors import InputError

# What a reader may give in place of the paper's: a torch optimizer, or what makes one of the parameters.
Chosen = torch.optim.Optimizer | Callable[[list[Tensor]], torch.optim.Optimizer]

# What decides a step of SGD, besides the learning rate, which the schedule says.
OF_SGD = ("momentum", "dampening", "weight_decay", "nesterov")


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


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict) -> None:
    """Load the state of an optimizer; one of SGD has to have the settings that were chosen, and to fit the weights.

    Raises:
        InputError: if it has not.
    """
    chosen = [{name: group.get(name) for name in OF_SGD} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    if not isinstance(optimizer, torch.optim.SGD):
        return
    for group, before in zip(optimizer.param_groups, chosen, strict=True):
        if other := [name for name in OF_SGD if group.get(name) != before[name]]:
            raise InputError(f"its optimizer has the {other[0]} {shown(group.get(other[0]))}, not {before[other[0]]}.")
    for parameter, kept in optimizer.state.items():
        momentum = kept.get("momentum_buffer")
        if momentum is not None and (not isinstance(momentum, Tensor) or momentum.shape != parameter.shape):
            raise InputError("its optimizer has the momentum of other weights.")
