"""How a module of somebody else's network comes to listen to a gate, without a change of its name or its parameters.

A block changes its class to one that has the gate in its `forward` and is otherwise the same; a module that ends a
branch gets a forward hook. Both survive `copy.deepcopy` and pickling, and `release` takes them away again.
"""

import copyreg
import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .modes import evaluating

# The buffer of a module whose gate no layer could take when the network was folded.
KEPT = "kept_gate"

Shortcut = Callable[[Any, Tensor], Tensor]


class GateContext(threading.local):
    """The way of the gates from a gated network's forward to its blocks; every thread has its own."""

    gates: Sequence[float | Tensor] | None = None
    seen_by_linear: list[Tensor] | None = None
    asked: list[int] | None = None

    @contextmanager
    def holding(self, gates: Sequence[float | Tensor]) -> Iterator[None]:
        before, self.gates = self.gates, gates
        try:
            yield
        finally:
            self.gates = before

    @contextmanager
    def watching_gates(self) -> Iterator[list[int]]:
        """Collects which gates are asked for within it, in the order of the first time."""
        self.asked = []
        try:
            yield self.asked
        finally:
            self.asked = None

    @contextmanager
    def watching_linear(self) -> Iterator[list[Tensor]]:
        """Collects what the linear layers see within it."""
        self.seen_by_linear = []
        try:
            yield self.seen_by_linear
        finally:
            self.seen_by_linear = None

    def __reduce__(self):
        return GateContext, ()  # what is under way in a thread is not part of a copy


@dataclass
class Gate:
    """Which gate of a context a module listens to; in a folded network, a constant of its own.

    ``unknown`` is the module where nobody knows what its network does with what it gives, such as writing into it;
    ``tried`` it is when a pass has shown that it gives what it takes, so that it can be skipped.
    """

    context: GateContext
    index: int
    name: str
    kept: bool = False
    unknown: bool = False
    tried: bool = False

    def value(self, module: nn.Module) -> float | Tensor:
        if self.kept:
            return module.get_buffer(KEPT)
        if self.context.gates is not None:
            if self.context.asked is not None and self.index not in self.context.asked:
                self.context.asked.append(self.index)
            return self.context.gates[self.index]
        if torch._C._current_graph_task_id() != -1:  # within a backward pass, where the gates are gone
            raise InputError(
                "Activation checkpointing computes blocks again without their gates: switch it off in a gated network."
            )
        return 1.0  # the plain network was called, not the gated one

    def is_untried(self) -> bool:
        return self.unknown and not self.tried and self.context.gates is not None

    def keep(self, module: nn.Module, value: float) -> None:
        """Make the gate a constant of the module, a buffer that goes into its state dict."""
        like = next(module.parameters(), torch.zeros(()))
        module.register_buffer(KEPT, torch.tensor(value, dtype=like.dtype, device=like.device))
        self.kept = True


class GatedUnit(nn.Module):
    """What a gated block's class has before its own: the gate, and what is left of the block at gate 0.

    Without annotations of attributes, which `torch.jit.trace` would try to understand.
    """

    def forward(self, *args, **kwargs):
        gate = gate_of(self).value(self)
        if gate_of(self).is_untried() and not _is_recorded():
            _try(self, super().forward, args, kwargs)
        if isinstance(gate, float) and gate == 1.0:
            return super().forward(*args, **kwargs)
        h = _input_of(self, args, kwargs)
        shortcut = vars(self)["sg_shortcut"]
        if isinstance(gate, float) and gate == 0.0:
            if shortcut is None:  # a copy, where the network may write into what a block gives
                return h.clone() if gate_of(self).unknown else h
            return shortcut(self, h)
        if shortcut is not None:  # the end of its branch is multiplied there
            return super().forward(*args, **kwargs)
        name = gate_of(self).name
        # Tensors of inference mode do not count what is written into them.
        kept = h.clone() if isinstance(h, Tensor) and h.is_inference() else h
        with _unchanged(h, name):
            out = super().forward(*args, **kwargs)
        return _between(kept, out, gate, name)

    def __reduce_ex__(self, protocol):
        reduced: Any = super().__reduce_ex__(protocol)
        make, args, *rest = reduced
        if make is copyreg.__newobj__:  # type: ignore[attr-defined]
            return _new_unit, (plain_class(self), *args[1:]), *rest
        return (make, args, *rest)


@dataclass
class BranchEnd:
    """The forward hook that multiplies what ends a branch."""

    gate: Gate

    def __call__(self, module: nn.Module, args: tuple, output: Tensor) -> Tensor:
        gate = self.gate.value(module)
        if isinstance(gate, float) and gate == 1.0:
            return output
        if not isinstance(output, Tensor):
            raise InputError(f"{self.gate.name} must give a tensor to be gated, not {type(output).__name__}.")
        return output * gate


@dataclass
class LinearInput:
    """The forward hook that remembers what the last linear layer sees."""

    context: GateContext

    def __call__(self, module: nn.Module, args: tuple, output: Tensor) -> None:
        if self.context.seen_by_linear is not None and args:
            x = args[0]
            self.context.seen_by_linear[:] = [x.mean(dim=(2, 3)) if isinstance(module, nn.Conv2d) else x]


def gate_block(block: nn.Module, gate: Gate, shortcut: Shortcut | None) -> None:
    """Give a block a gate: at 0 only ``shortcut(block, h)`` runs, or nothing where it is None."""
    plain: Any = type(block)
    block.__class__ = _unit_class(plain)
    vars(block).update(sg_gate=gate, sg_shortcut=shortcut)


def release_block(block: nn.Module) -> None:
    """Make a gated block the plain one that it was."""
    block.__class__ = plain_class(block)
    del vars(block)["sg_gate"], vars(block)["sg_shortcut"]


def plain_class(unit: nn.Module) -> Any:
    """The class that a gated block had."""
    return vars(type(unit))["plain"]


def gate_of(block: nn.Module) -> Gate:
    return vars(block)["sg_gate"]


def gate_branch_end(end: nn.Module, gate: Gate) -> None:
    """Multiply the module's output by its gate."""
    end.register_forward_hook(BranchEnd(gate))


def branch_end_gate(end: nn.Module) -> Gate:
    return next(hook.gate for hook in end._forward_hooks.values() if isinstance(hook, BranchEnd))


def release_hooks(module: nn.Module, kind: type) -> None:
    """Take away the module's hooks of that kind."""
    for key in [key for key, hook in module._forward_hooks.items() if isinstance(hook, kind)]:
        del module._forward_hooks[key]


def activated(activation: nn.Module, h: Tensor) -> Tensor:
    """The activation of what others still need, so never in place."""
    if isinstance(activation, nn.ReLU):
        return torch.relu(h)
    return activation(h.clone() if getattr(activation, "inplace", False) else h)


@contextmanager
def _unchanged(h: Any, name: str) -> Iterator[None]:
    """Refuses a block that writes into its input: what came in is needed once more, for ``h + gate * (out - h)``."""
    counted = isinstance(h, Tensor) and not h.is_inference() and not torch.compiler.is_compiling()
    before = h._version if counted else 0
    yield
    if counted and h._version != before:
        raise InputError(
            f"{name} changes its input in place (h += ..., or an activation with inplace=True), and so cannot be gated: write "
            "h = h + ..., or name what ends its branch with branches=."
        )


def _is_recorded() -> bool:
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def _input_of(block: nn.Module, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What goes past a block that is skipped: the first argument of its forward, by whatever way it came."""
    if args:
        return args[0]
    name = _first_argument(plain_class(block))
    if name not in kwargs:
        raise InputError(
            f"{gate_of(block).name} is called with {', '.join(kwargs) or 'nothing'}, which does not say what goes past it when it "
            "is skipped: pass that as its first argument."
        )
    return kwargs[name]


@functools.cache
def _first_argument(plain: Any) -> str:
    _, name, *_ = [*inspect.signature(plain.forward).parameters, ""]
    return name


@torch.no_grad()
def _try(block: nn.Module, forward: Callable, args: tuple, kwargs: dict[str, Any]) -> None:
    """Before a block is skipped for the first time: does it give what it takes? One pass on a copy, which moves nothing."""
    h = _input_of(block, args, kwargs)
    copied = h.clone() if isinstance(h, Tensor) else h
    with evaluating(block):
        out = (
            forward(copied, *args[1:], **kwargs)
            if args
            else forward(**{**kwargs, _first_argument(plain_class(block)): copied})
        )
    _check_keeps(h, out, gate_of(block).name)
    gate_of(block).tried = True


def _check_keeps(h: Any, out: Any, name: str) -> None:
    if not isinstance(out, Tensor) or not isinstance(h, Tensor):
        raise InputError(f"{name} must take a tensor and give one to be gated, not {type(out).__name__}.")
    if not torch.jit.is_tracing() and out.shape != h.shape:
        raise InputError(
            f"{name} changes the shape from {tuple(h.shape)} to {tuple(out.shape)}: blocks= gates blocks that keep it; "
            "name what ends its branch with branches=."
        )


def _between(h: Tensor, out: Tensor, gate: float | Tensor, name: str) -> Tensor:
    """``h + gate * (out - h)``."""
    _check_keeps(h, out, name)
    weight = gate.to(out.dtype) if isinstance(gate, Tensor) else gate
    return torch.lerp(h.to(out.dtype), out, weight)


@functools.cache
def _unit_class(plain: type) -> Any:
    names = {
        "plain": plain,
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
    }
    return type(plain.__name__, (GatedUnit, plain), names)


def _new_unit(plain: Any, *args: Any) -> nn.Module:
    kind = _unit_class(plain)
    return kind.__new__(kind, *args)
