"""A residual network and the paths through it (chapter Residual networks that can skip)."""

from ..explorable import Explorable, gate_string, one_of, whole_number


class Paths(Explorable, module="paths"):
    """Close blocks of a residual network, and see which of its 2**L paths from the image to the prediction are left.

    `gates` says which blocks are open, such as "1011", and "" that all are; `kind` is "residual" or "chain", which has one path.
    """

    num_blocks = whole_number(2, 5)
    kind = one_of("residual", "chain")
    gates = gate_string(5)
