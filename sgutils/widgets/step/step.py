"""One step of Self-Guidance, forward and backward (chapter Self-Guidance)."""

from ..explorable import Explorable, gate_string, whole_number


class Step(Explorable, module="step"):
    """Go through a step of the method (paper, Algorithm 1): draw a student, two passes, three terms, and their gradients.

    `stage` is how much of the step is shown, from 1 (the student is drawn) to 5 (the gradients); `gates` says which of the six
    blocks the student runs, such as "110110".
    """

    stage = whole_number(1, 5)
    gates = gate_string(6)
