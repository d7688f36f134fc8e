"""The objective as a tug of war on two predictions (chapter Self-Guidance)."""

from ..explorable import Explorable, number, numbers, one_of, switch, whole_number


class Objective(Explorable, module="objective"):
    """Eq. 5 over three classes: what each of its terms pulls the student and the teacher towards.

    `student` and `teacher` are three logits each; `label` is the index of the true class. The other settings are those
    of `sgutils.self_guidance_loss`.
    """

    lam = number(0, 3)
    tau = number(1, 10)
    label = whole_number(0, 2)
    student = numbers(3, -8, 8)
    teacher = numbers(3, -8, 8)
    detach_teacher = switch()
    kl_direction = one_of("teacher||student", "student||teacher")
