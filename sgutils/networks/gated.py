"""Gates for other people's networks: `gated(model)`."""

import copy
import fnmatch
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import shown
from ..errors import InputError
from ..gates import Gates, gate_list, survival_of
from .drop_path import switch_off_drop_path
from .folding import scale_output
from .known_blocks import known_block, known_names
from .protocol import GatedNetwork
from .units import (
    KEPT,
    BranchEnd,
    Gate,
    GateContext,
    GatedUnit,
    LinearInput,
    branch_end_gate,
    gate_block,
    gate_branch_end,
    gate_of,
    release_block,
    release_hooks,
)


def gated(
    model: nn.Module, *, blocks: str | Sequence[str] | None = None, branches: str | Sequence[str] | None = None
) -> "GatedModel":
    """The model as a `GatedNetwork`, with its own weights, names of parameters and modules.

    Without globs, the residual blocks of torchvision (ResNet, ResNeXt, Wide ResNet, ConvNeXt, EfficientNet, MobileNet,
    ViT, Swin) and timm (resnet, resnetv2, convnext, efficientnet, vit and deit, swin) are found by their classes. A
    block that ends in an activation becomes ``relu(g * branch(h) + shortcut(h))``, any other ``h + g * (block(h) - h)``;
    at 0 nothing of its branch is computed. A transformer's block, attention and perceptron, has one gate: as a whole it
    is run, skipped, or weighted as above, which for p between is the mean of running and skipping it. (To gate the two
    apart, name the ends of the branches with ``branches``.)

    The model itself is changed, not copied: it goes on to work as before, without gates, and an optimizer that holds
    its parameters stays valid. Its own stochastic depth (StochasticDepth, DropPath) is switched off, with a warning.

    Args:
        model: any network with residual blocks.
        blocks: globs of whole residual blocks, which add their input themselves and keep its shape, such as
            ``"encoder.layers.*"``; they become ``h + g * (block(h) - h)``, and are not computed at gate 0. (Where the network
            adds ``h + layer(h)``, the layer is a branch: name it with ``branches``.) ``*`` stands for anything between two dots.
        branches: globs of modules that each end a residual branch, such as ``"layer*.*.bn2"``; their output is
            multiplied by the gate. What comes before them is computed at gate 0, too: nobody knows where it begins.

    Raises:
        InputError: if no residual block is found, a glob matches nothing, or the model has gates already.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"gated() takes a torch module, not {type(model).__name__}.")
    if isinstance(model, GatedNetwork) or any(isinstance(module, GatedUnit) for module in model.modules()):
        raise InputError(f"{type(model).__name__} has gates already.")
    named, ends = _find(model, blocks, branches)
    for name in named:  # before anything is changed
        if isinstance(model.get_submodule(name), torch.jit.ScriptModule):
            raise InputError(f"{name} is a compiled module (TorchScript): gate the model before it is compiled.")
    context = GateContext()
    for index, name in enumerate(named):
        module = model.get_submodule(name)
        known = None if blocks or branches else known_block(module)
        gate = Gate(context, index, name, unknown=known is None)
        if name in ends:
            gate_branch_end(module, gate)
        elif known is None or known.branch_end is None:
            gate_block(module, gate, None)
        else:
            gate_block(module, gate, known.shortcut)
            gate_branch_end(known.branch_end(module), gate)
    for linear in _linear_layers(model, named):
        linear.register_forward_hook(LinearInput(context))
    if ends:
        warnings.warn(
            f"Branches named by branches= ({len(ends)}) are only multiplied, and a gate of 0 saves no time: where they "
            "begin is not known. Name whole blocks with blocks= if they add their input themselves.",
            stacklevel=2,
        )
    if rate := switch_off_drop_path(model):
        warnings.warn(
            f"The model's own stochastic depth (rates up to {rate:g}) is switched off: the gates take its place.",
            stacklevel=2,
        )
    return GatedModel(model, named, context)


class GatedModel(nn.Module):
    """Somebody's network with gates; made by `gated`.

    Attributes:
        model: the network itself, whose state dict has the names that it always had.
        block_names: which of its modules have gates, in the order of the gates.
        architecture: what `sgutils.networks.build_network` made it from; None of any other.
    """

    _heard = False  # whether a first pass has shown that every gate is asked for

    def __init__(self, model: nn.Module, block_names: Sequence[str], context: GateContext):
        super().__init__()
        self.model = model
        self.block_names = tuple(block_names)
        self.architecture: dict[str, Any] | None = None
        self._context = context

    @property
    def num_blocks(self) -> int:
        """L, the number of residual blocks and so of gates."""
        return len(self.block_names)

    def forward(self, x: Tensor, gates: Gates = None) -> Tensor:
        """Logits ``(N, K)`` of the network with these gates, see `GatedNetwork`; with none, those of the model to the bit."""
        with self._context.holding(gate_list(gates, self.num_blocks)):
            if self._heard or torch.compiler.is_compiling() or torch.jit.is_tracing():
                return self.model(x)
            with self._context.watching_gates() as asked:
                logits = self.model(x)
            self._check_heard(asked)
            return logits

    def _check_heard(self, asked: list[int]) -> None:
        """After the first pass: a gate that no module asks for would do nothing, and nobody would see it."""
        deaf = [name for index, name in enumerate(self.block_names) if index not in asked]
        if deaf:
            raise InputError(
                f"{', '.join(deaf[:3])} of {type(self.model).__name__} never asked for a gate: such a module is not called by the "
                "network, or past its class (its forward is set by hand, compiled apart, or called as .forward()). Gate the "
                "plain model, or name others."
            )
        if asked != sorted(asked):
            warnings.warn(
                f"The blocks of {type(self.model).__name__} do not run in the order in which it holds them, which is that of the gates: "
                f"{', '.join(self.block_names[index] for index in asked[:4])} run first. Give p in the order of block_names.",
                stacklevel=3,
            )
        self._heard = True

    def features(self, x: Tensor, gates: Gates = None) -> Tensor:
        """Penultimate features, ``(N, D)``: the input of the linear layer that runs last outside of the gated blocks.

        In a network whose classifier is a 1x1 convolution, its input, averaged over the image.

        Raises:
            InputError: if there are not as many gates as blocks, or the model has no linear layer.
        """
        with self._context.watching_linear() as seen:
            self(x, gates)
        if not seen:
            raise InputError(
                f"{type(self.model).__name__} has no features: it has no linear layer, or that runs compiled, where nobody sees "
                "its input."
            )
        return seen[-1]

    def fold(self, p: Sequence[float] | Tensor) -> nn.Module:
        """An ordinary network that computes what this one computes with gates ``p``, for deployment.

        It is of the model's own class. p_l scales the last layer of branch l, so that weights and nothing else differ
        from the plain model. Where no layer can take it (a transformer's block, a branch that ends in something else
        than a norm, a linear layer or a convolution), the block keeps its gate as a buffer, ``kept_gate``.

        Args:
            p: ``(L,)`` survival probabilities.

        Raises:
            InputError: if ``p`` is not one probability for each block.
        """
        survival = survival_of(p, self.num_blocks)
        folded = copy.deepcopy(self.model)
        for name, value in zip(self.block_names, survival, strict=True):
            _fold_unit(folded, folded.get_submodule(name), value)
        for module in folded.modules():
            release_hooks(module, LinearInput)
        if self.architecture is not None:
            vars(folded)["architecture"] = self.architecture
        return folded

    def folded_again(self, state: dict[str, Tensor]) -> nn.Module:
        """What `fold` once gave, from its state dict: this network itself where all gates were folded in.

        Args:
            state: of a network like this one, folded or not.

        Raises:
            RuntimeError: if it is of another network.
        """
        whole = len(state) > 0 and set(state) == set(self.state_dict())
        own = {name.removeprefix("model.") if whole else name: value for name, value in state.items()}
        kept = {name: value.item() for name, value in own.items() if name.endswith("." + KEPT)}
        if not kept:
            self.model.load_state_dict(own)
            return self
        p = [next((g for name, g in kept.items() if name.startswith(block + ".")), 1.0) for block in self.block_names]
        folded = self.fold(p)
        folded.load_state_dict(own)
        return folded

    def extra_repr(self) -> str:
        return f"num_blocks={self.num_blocks}"


def _fold_unit(model: nn.Module, module: nn.Module, value: float) -> None:
    if not isinstance(module, GatedUnit):  # the end of a branch, named by a glob
        _fold_branch_end(model, module, module, value)
        return
    gate = gate_of(module)
    release_block(module)
    known = known_block(module)
    if known is not None and known.branch_end is not None and _is_end(known.branch_end(module)):
        _fold_branch_end(model, known.branch_end(module), known.last_layer(module), value)
        return
    # `block(h) - h` is proportional to its last layer only where nothing comes after the addition.
    last = known.last_layer(module) if known is not None and known.branch_end is None else None
    if value != 1 and not scale_output(model, last, value):
        gate_block(module, gate, None)
        gate.keep(module, value)


def _fold_branch_end(model: nn.Module, end: nn.Module, last: nn.Module | nn.Parameter | None, value: float) -> None:
    if value == 1 or scale_output(model, last, value):
        release_hooks(end, BranchEnd)
    else:
        branch_end_gate(end).keep(end, value)


def _is_end(module: nn.Module) -> bool:
    return any(isinstance(hook, BranchEnd) for hook in module._forward_hooks.values())


def _find(
    model: nn.Module, blocks: str | Sequence[str] | None, branches: str | Sequence[str] | None
) -> tuple[list[str], set[str]]:
    """The names of what is gated, in the model's order, and which of them are ends of branches."""
    if blocks is None and branches is None:
        found = [name for name, module in model.named_modules() if known_block(module) is not None]
        if not found:
            raise InputError(
                f"{type(model).__name__} has no residual block that is known: looked for were those of {known_names()}. "
                "Name yours with blocks= or branches=."
            )
        return found, set()
    ends = _matching(model, "branches", branches)
    found = [name for name, _ in model.named_modules() if name in ends | _matching(model, "blocks", blocks)]
    if not found:
        raise InputError("blocks= and branches= name nothing to gate: leave them out to let known blocks be found.")
    for outer in found:
        if inner := next((name for name in found if name.startswith(outer + ".")), None):
            raise InputError(f"{inner} lies within {outer}: one module cannot have two gates.")
    return found, ends


def _matching(model: nn.Module, option: str, globs: str | Sequence[str] | None) -> set[str]:
    names = [name for name, _ in model.named_modules() if name]
    matching: set[str] = set()
    asked = [globs] if isinstance(globs, str) else [] if globs is None else globs
    if not isinstance(asked, (list, tuple, set)) or not all(isinstance(glob, str) for glob in asked):
        raise InputError(
            f"{option} must be names of modules, with * between two dots, such as 'layers.*', not {shown(globs)}."
        )
    for glob in asked:
        parts = glob.split(".")
        found = {name for name in names if _matches(name.split("."), parts)}
        if not found:
            raise InputError(f"{option}={glob!r} matches no module of {type(model).__name__}, such as {names[-1]!r}.")
        matching |= found
    return matching


def _matches(name: list[str], glob: list[str]) -> bool:
    return len(name) == len(glob) and all(map(fnmatch.fnmatchcase, name, glob))


def _linear_layers(model: nn.Module, named: Sequence[str]) -> Sequence[nn.Module]:
    """Those of which one may be the last: outside of the gated blocks, if there are such."""
    linear = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    if not linear:
        linear = {name: module for name, module in model.named_modules() if _is_pointwise(module)}
    outside = [module for name, module in linear.items() if not any(name.startswith(block + ".") for block in named)]
    return outside or list(linear.values())


def _is_pointwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
