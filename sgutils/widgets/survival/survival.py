"""Survival schedules and the students they draw (chapter Stochastic depth)."""

from ..explorable import Explorable, gate_string, number, one_of, whole_number


class Survival(Explorable, module="survival"):
    """Drag p_L, draw students, and watch their depths pile up against the exact distribution.

    `num_blocks` names the network: 9, 15, 24 or 36 blocks (ResNet-20, -32, -50, -110). `seed` and `draws` fix the
    students drawn; `gates` is the student shown where it was set by hand, such as "110111011", and "" where it was drawn.
    """

    num_blocks = one_of(9, 15, 24, 36)
    p_last = number(0, 1)
    schedule = one_of("linear", "uniform")
    seed = whole_number(0, 2**31 - 1)
    draws = whole_number(0, 1000)
    gates = gate_string(36)
