"""A gated residual network that trains in the page (front page, and chapter Self-Guidance)."""

from ..explorable import Explorable, gate_string, number, one_of, switch, whole_number
from ..methods import METHODS


class Playground(Explorable, module="playground"):
    """Trains on `data` with `method` and its settings; with `compare`, a second network trains beside it.

    The second one's settings are those that begin with `b_`. `steps` is how far the networks are trained, and `gates`
    a student chosen by hand; where it is empty, it is the one that was drawn last.
    """

    data = one_of("spirals", "rings", "digits")
    method = one_of(*METHODS)
    lam = number(0, 3)
    tau = number(1, 10)
    p_last = number(0, 1)
    depth = whole_number(1, 12)
    lr = number(0.001, 0.3)
    seed = whole_number(0, 99)
    compare = switch()
    b_method = one_of(*METHODS)
    b_lam = number(0, 3)
    b_tau = number(1, 10)
    b_p_last = number(0, 1)
    b_depth = whole_number(1, 12)
    b_lr = number(0.001, 0.3)
    b_seed = whole_number(0, 99)
    edit = one_of("A", "B")
    steps = whole_number(0, 20000)
    gates = gate_string(12)
