"""What is known of the residual blocks of torchvision and timm, without importing either."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from .units import Shortcut


@dataclass(frozen=True)
class KnownBlock:
    """The structure of one class of blocks.

    A block whose shortcut is the identity, with nothing after the addition, needs no more than that: its gate g makes
    ``h + g * (block(h) - h)`` of it, which is ``h + g * branch(h)``.

    Attributes:
        gated: whether a block of this class has a shortcut at all.
        branch_end: the module whose output is the branch's, where something comes after the addition.
        shortcut: what is left of such a block without its branch.
        last_layer: the module or parameter that the branch's output is proportional to, for `fold`; None if there is
            none. Where a block has two branches in a row, scaling both is not the same as gating the block.
    """

    gated: Callable[[Any], bool] = lambda block: True
    branch_end: Callable[[Any], nn.Module] | None = None
    shortcut: Shortcut | None = None
    last_layer: Callable[[Any], nn.Module | nn.Parameter | None] = lambda block: None


def known_block(module: nn.Module) -> KnownBlock | None:
    """What is known of this module's class; None if nothing is, or it is not a residual block."""
    kind: Any = type(module)
    known = _of_class(kind)
    return known if known is not None and known.gated(module) else None


def known_names() -> str:
    """What is looked for, in words."""
    from . import timm, torchvision

    parts = []
    for library, table in (("torchvision", torchvision.BLOCKS), ("timm", timm.BLOCKS)):
        parts.append(f"{library} ({', '.join(sorted({path.rsplit('.', 1)[1] for path in table}))})")
    return " and ".join(parts)


@functools.cache
def _of_class(kind: type) -> KnownBlock | None:
    from . import timm, torchvision

    # The class that has the forward: a subclass that only builds the block differently computes the same.
    owner = next((parent for parent in kind.__mro__ if "forward" in vars(parent)), kind)
    path = f"{owner.__module__}.{owner.__qualname__}"
    return torchvision.BLOCKS.get(path) or timm.BLOCKS.get(path)
