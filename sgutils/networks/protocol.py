"""What methods, trainer, features, export and widgets see of a network, and nothing else (`GatedNetwork`)."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from ..errors import InputError
from ..gates import Gates


@runtime_checkable
class GatedNetwork(Protocol):
    """A network as a function of an input and a gate vector (paper, Eq. 2-4); also an `nn.Module`.

    With gates None it is the plain network, with the survival probabilities p the teacher, with zeros and ones a
    student. Our ResNets are such networks, and `sgutils.gated` makes one of somebody else's.
    """

    @property
    def num_blocks(self) -> int:
        """L, the number of residual blocks and so of gates."""
        ...

    def __call__(self, x: Tensor, gates: Gates = None) -> Tensor:
        """``(N, K)`` logits of the network with these gates: L numbers, one per block; None is all 1."""
        ...

    def features(self, x: Tensor, gates: Gates = None) -> Tensor:
        """``(N, D)`` penultimate features: what the last linear layer sees."""
        ...

    def fold(self, p: Sequence[float] | Tensor) -> nn.Module:
        """An ordinary network with gates p built in: ``fold(p)(x) == self(x, gates=p)`` in eval mode."""
        ...


def check_gated(net: object) -> None:
    """Raise an `InputError` unless ``net`` is a module with gates.

    `features` and `fold` are asked for only where they are used: a loop of one's own may need neither.
    """
    if not isinstance(net, nn.Module):
        raise InputError(f"A network must be a torch module with gates, not {type(net).__name__}.")
    if not hasattr(net, "num_blocks"):
        raise InputError(
            f"{type(net).__name__} has no gates: give a gated network, such as sgutils.gated(model) makes of it."
        )


def fold_gates(net: GatedNetwork, p: Sequence[float] | Tensor) -> nn.Module:
    """The same as ``net.fold(p)``: an ordinary network that computes what ``net`` computes with gates ``p``.

    Raises:
        InputError: if ``net`` has no gates or no way to fold them, or ``p`` is not one probability for each block.
    """
    check_gated(net)
    if not hasattr(net, "fold"):
        raise InputError(
            f"{type(net).__name__} cannot be deployed, for it has no fold(p): see sgutils.GatedNetwork, or wrap the "
            "network with sgutils.gated(model)."
        )
    return net.fold(p)
