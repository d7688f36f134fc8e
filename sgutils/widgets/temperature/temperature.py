"""Softmax at a temperature, and the pull of distillation (chapter Distillation)."""

from ..explorable import Explorable, number, numbers, switch


class Temperature(Explorable, module="temperature"):
    """Drag the logits of a teacher and a student over five classes and see what a temperature makes of them.

    Shown are the probabilities softmax(z / tau), KL(p_T || p_S), and the pull of the distillation loss on the student's
    logits, with its factor tau**2 or without.
    """

    tau = number(0.5, 20)
    teacher = numbers(5, -5, 9)
    student = numbers(5, -5, 9)
    tau_squared = switch()
