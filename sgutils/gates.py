"""Gate vectors: survival schedules, sampled students, expected depth (Huang et al. 2016; paper, Eq. 3-4).

A gate vector has one number per residual block. The full network with all gates 1 is the plain ResNet, with the survival
probabilities p as gates it is the teacher, and with sampled zeros and ones b it is a student.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .checks import LARGEST, is_number, shown, whole_number
from .errors import InputError

# Of a network: far beyond any, so that a slip of the finger does not fill the memory.
MOST_BLOCKS = 10**6
# L numbers, one per block; None is all 1.
Gates = Sequence[float] | Tensor | None


def linear_decay(num_blocks: int, p_last: float = 0.5) -> Tensor:
    """Survival probabilities that fall linearly with depth: p_l = 1 - l/L * (1 - p_L), for l = 1..L.

    Early blocks, whose features every later block uses, are kept more often (Huang et al. 2016, Eq. 4).

    Args:
        num_blocks: L, the number of residual blocks.
        p_last: p_L, the survival probability of the last block.

    Returns:
        ``(L,)`` float32.

    Raises:
        InputError: if there is no block or ``p_last`` is not a probability.
    """
    num_blocks = whole_number("num_blocks", num_blocks, 1, MOST_BLOCKS)
    p_last = check_probability("p_last", p_last)
    depth = torch.arange(1, num_blocks + 1, dtype=torch.float64) / num_blocks
    return (1 - depth * (1 - p_last)).float()


def uniform_survival(num_blocks: int, p: float = 0.5) -> Tensor:
    """The same survival probability for every block.

    Returns:
        ``(L,)`` float32.

    Raises:
        InputError: if there is no block or ``p`` is not a probability.
    """
    num_blocks = whole_number("num_blocks", num_blocks, 1, MOST_BLOCKS)
    return torch.full((num_blocks,), check_probability("p", p))


def sample_gates(p: Tensor | Sequence[float], generator: torch.Generator | None = None) -> Tensor:
    """Draw a student: independent b_l ~ Bernoulli(p_l) (paper, Eq. 3).

    The draw is made on the CPU: a GPU never has to tell the CPU which blocks to run, and the same seed gives the same
    students on every device.

    Args:
        p: ``(L,)`` survival probabilities.
        generator: the caller's own CPU generator; torch's global one if not given.

    Returns:
        ``(L,)`` float32 of 0 and 1.

    Raises:
        InputError: if an entry of ``p`` is not a probability or the generator is not on the CPU.
    """
    if generator is not None and not isinstance(generator, torch.Generator):
        raise InputError(f"generator must be a torch.Generator, not {shown(generator)}.")
    if generator is not None and generator.device.type != "cpu":
        raise InputError(
            f"Gates are drawn on the CPU, but the generator is on {generator.device}: use torch.Generator()."
        )
    p = survival_probabilities(p)
    return (torch.rand(len(p), generator=generator) < p).float()


def expected_depth(p: Tensor | Sequence[float]) -> float:
    """The mean number of blocks that a sampled student runs: the sum of p.

    Raises:
        InputError: if an entry of ``p`` is not a probability.
    """
    return survival_probabilities(p).double().sum().item()


def survival_probabilities(p: Tensor | Sequence[float]) -> Tensor:
    """``p`` as a ``(L,)`` float32 CPU tensor of probabilities, or an `InputError` that says what is wrong with it."""
    try:
        if isinstance(p, Tensor) and p.is_complex():
            raise TypeError("complex numbers")
        values = torch.as_tensor(p, dtype=torch.float32).detach().cpu()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(
            f"Survival probabilities must be a list of numbers or a 1-D tensor, not {shown(p)}."
        ) from error
    if values.ndim != 1 or len(values) == 0:
        raise InputError(
            f"Survival probabilities must be a list or 1-D tensor, one per block, not shape {tuple(values.shape)}."
        )
    for block, value in enumerate(values.tolist(), start=1):
        check_probability(f"the survival probability of block {block}", value)
    return values


def survival_of(p: Tensor | Sequence[float], num_blocks: int) -> list[float]:
    """``p`` as L numbers.

    Raises:
        InputError: if ``p`` is not one probability for each block.
    """
    values = survival_probabilities(p).tolist()
    if len(values) != num_blocks:
        raise InputError(f"p must be {num_blocks} survival probabilities, one per block, not {len(values)}.")
    return values


def gate_list(gates: Gates, num_blocks: int) -> Sequence[float | Tensor]:
    """A gate for each block: numbers, which may skip a block, or 0-dim tensors, which multiply its branch.

    A tensor on a GPU, or one that is being traced, is not read: reading it would make the CPU wait, and a graph of one
    student would be of no use to the next. Nor is one that is to get a gradient.

    Raises:
        InputError: if there is not one finite gate for each block.
    """
    if gates is None:
        return [1.0] * num_blocks
    if isinstance(gates, (list, tuple)) and any(isinstance(gate, Tensor) and gate.requires_grad for gate in gates):
        gates = torch.stack([torch.as_tensor(gate, dtype=torch.float32) for gate in gates])
    if isinstance(gates, Tensor) and gates.shape == (num_blocks,) and _is_unread(gates):
        return gates.unbind()
    try:
        if isinstance(gates, (str, bytes, Mapping)):
            raise TypeError("words, or numbers by name")
        values = [_number(gate) for gate in (gates.tolist() if isinstance(gates, Tensor) else gates)]
    except (TypeError, ValueError, OverflowError) as error:
        given = f"shape {tuple(gates.shape)}" if isinstance(gates, Tensor) else shown(gates)
        raise InputError(f"gates must be {num_blocks} numbers, one per block, not {given}.") from error
    if len(values) != num_blocks:
        raise InputError(f"gates must be {num_blocks} numbers, one per block, not {len(values)}.")
    if not all(abs(value) <= LARGEST for value in values):
        raise InputError(f"gates must be finite numbers of size at most {LARGEST:g}, not {shown(values)}.")
    return values


def _is_unread(gates: Tensor) -> bool:
    return gates.is_cuda or torch.jit.is_tracing() or (gates.requires_grad and torch.is_grad_enabled())


def _number(gate: Any) -> float:
    if isinstance(gate, (str, bytes)):
        raise TypeError("a word")
    return float(gate)


def check_probability(name: str, value: float) -> float:
    """``value``, or an `InputError` unless it is a number in [0, 1]."""
    if not is_number(value) or not 0 <= value <= 1:
        raise InputError(f"{name} must be a number from 0 to 1, not {shown(value)}.")
    return float(value)
