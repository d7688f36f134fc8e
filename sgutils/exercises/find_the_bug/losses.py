"""The checks of the four bugs in the divergence: its temperature, its direction, its gradient and its mean."""

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ...losses import distillation_kl, soft_targets
from ..hints import Hint, drawn, exercise, expect, near
from .passes import LAM, TAU, Pulls, gradients, of_labels, pulls_of


@exercise("Bug 1")
def check_temperature(objective: Callable) -> None:
    """The divergence pulls on the student's logits as lam tau (p_S - p_T), whatever tau is."""
    found = {tau: _weight(pulls_of(objective, tau), tau) for tau in (3.0, 5.0)}
    hints = {
        "The pull is right at tau = 3 alone: the factor has to follow the temperature.": lambda tau: 9 / tau**2,
        "One factor tau is not enough: dividing the logits by tau costs one, and another is lost because soft predictions "
        "lie closer together.": lambda tau: 1 / tau,
        "Yours divides by tau squared: the divergence is too small already, and has to be multiplied.": lambda tau: (
            tau**-4
        ),
        "The factor tau squared stands twice.": lambda tau: tau**2,
        "No divergence pulls on the student any more.": lambda tau: 0.0,
    }
    if all(_same(value, 1.0) for value in found.values()):
        return
    for hint, factor in hints.items():
        if all(_same(value, factor(tau)) for tau, value in found.items()):
            raise Hint(hint)
    raise Hint(
        "The divergence should pull on the student's logits with lam * tau * (p_S - p_T). "
        f"At tau = 3 your pull is {found[3.0]:.3f} times that, and at tau = 5 it is {found[5.0]:.3f} times that."
    )


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 0.01 * abs(other) + 1e-4


def _weight(pulls: Pulls, tau: float) -> float:
    """By which factor the pull on the student is longer than lam tau (p_S - p_T)."""
    labels = of_labels(pulls.teacher, pulls.y)
    if near(pulls.on_teacher, tau**2 * labels):
        raise Hint("The cross-entropies are multiplied by tau squared as well: it belongs to the divergence alone.")
    _teacher_learns_labels_alone(pulls, tau)
    pull = pulls.on_student - of_labels(pulls.student, pulls.y)
    wanted = LAM * tau * (soft_targets(pulls.student, tau) - soft_targets(pulls.teacher, tau))
    factor = ((pull * wanted).sum() / (wanted * wanted).sum()).item()
    if (pull - factor * wanted).norm() > 0.02 * pull.norm() + 1e-5:
        raise Hint(
            "The pull on the student no longer points from p_S to p_T: both need the temperature, and this order."
        )
    return factor


@exercise("Bug 2")
def check_direction(distillation: Callable) -> None:
    """KL(p_T || p_S): the teacher weighs the classes, and the student alone is pulled."""
    student = torch.tensor([[4.0, 0.0, -4.0], [0.0, 3.0, 1.0]], requires_grad=True)
    teacher = torch.tensor([[3.0, -6.0, 3.0], [2.0, 0.0, 0.0]], requires_grad=True)
    tau = 2.0
    right, turned = distillation_kl(student, teacher, tau), distillation_kl(teacher, student, tau)
    log_student, log_teacher = (F.log_softmax(z / tau, dim=1) for z in (student, teacher))
    words = "F.kl_div takes the log-probabilities of the student first, then the probabilities of the teacher"
    mistakes = {
        "The teacher gives the third class a half, and the student next to nothing. A student that overlooks what its teacher "
        f"says should pay dearly, {right:.2f} here; with yours it pays {turned:.2f}. Which of the two weighs the classes?": turned,
        f"{words}; yours gets probabilities first.": F.kl_div(
            log_student.exp(), log_teacher.exp(), reduction="batchmean"
        ),
        "It has the wrong sign now: the divergence is never negative.": -turned,
        "That is the mean of both directions: only the one that the teacher weighs is asked for.": (right + turned) / 2,
    }
    given = distillation(student, teacher, tau)
    if isinstance(given, Tensor) and given.isnan().any():
        raise Hint(f"{words}; yours gets log-probabilities of the teacher, of which it takes the logarithm again.")
    expect(given, right, mistakes, "the divergence")
    _student_alone(given, student, teacher)


def _student_alone(given: Tensor, student: Tensor, teacher: Tensor) -> None:
    on_student, on_teacher = gradients(given, student, teacher)
    if not on_student.any():
        raise Hint("The value is right, but no gradient reaches the student: detach belongs to the teacher's logits.")
    if on_teacher.any():
        raise Hint("The value is right, but the teacher is pulled now: its logits have to stay detached.")


@exercise("Bug 3")
def check_gradient(objective: Callable) -> None:
    """The teacher's logits get the gradient of its cross-entropy, and nothing else."""
    pulls = pulls_of(objective)
    soft = [soft_targets(z, TAU) for z in (pulls.student, pulls.teacher)]
    labels, pull = of_labels(pulls.student, pulls.y), LAM * TAU * (soft[0] - soft[1])
    if near(pulls.on_student, pull):
        raise Hint("The student no longer learns the labels: its cross-entropy needs its logits with their gradient.")
    if near(pulls.on_student, labels):
        raise Hint("The divergence no longer pulls on the student: it is the teacher that is a constant in it.")
    _teacher_learns_labels_alone(pulls, TAU)
    if not near(pulls.on_student, labels + pull):
        raise Hint("The pull on the student changed: it should stay lam * tau * (p_S - p_T).")
    ce = sum(F.cross_entropy(z, pulls.y) for z in (pulls.student, pulls.teacher))
    right = ce + LAM * TAU**2 * distillation_kl(pulls.student, pulls.teacher, TAU)
    expect(pulls.loss, right, {}, "the objective")


def _teacher_learns_labels_alone(pulls: Pulls, tau: float) -> None:
    labels = of_labels(pulls.teacher, pulls.y)
    if not pulls.on_teacher.any():
        raise Hint("The teacher learns nothing at all now: its cross-entropy needs its logits with their gradient.")
    rest = pulls.on_teacher - labels
    if rest.norm() > 1e-3 * labels.norm():
        student = (pulls.on_student - of_labels(pulls.student, pulls.y)).norm()
        raise Hint(
            "The gradient on the teacher's logits should be that of its cross-entropy, p_T - onehot(y). Something else pulls "
            f"on them, {rest.norm() / student.clamp_min(1e-9):.1f} times as hard as the divergence pulls on the student's."
        )


@exercise("Bug 4")
def check_reduction(distillation: Callable) -> None:
    """A mean over images of a sum over classes, whatever the numbers of both."""
    shares = {shape: _share(distillation, *shape) for shape in ((4, 10), (8, 10), (4, 100))}
    if not all(_same(share, 1.0) for share in shares.values()):
        few, many_images, many_classes = shares.values()
        if _same(few, 4) and _same(many_images, 8):
            raise Hint("It is a sum over the images now: twice as many images would pull twice as hard.")
        if _same(few, 1) and _same(many_images, 1):
            raise Hint(f"It is right for 10 classes alone: with 100 it is {many_classes:.2f} of the divergence.")
        if _same(few, 10) and _same(many_classes, 100):
            raise Hint("It is multiplied by the number of classes once too often.")
        raise Hint(
            "The mean over the images of KL(p_T || p_S) is expected. "
            f"With 10 classes yours is {few:.3f} of that, and with 100 classes {many_classes:.3f}."
        )


def _share(distillation: Callable, images: int, classes: int) -> float:
    with drawn(images * classes):
        student, teacher = ((2 * torch.randn(images, classes)).requires_grad_() for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, which tells what is to be found
        given = distillation(student, teacher, TAU)
    right = distillation_kl(student, teacher, TAU)
    if isinstance(given, Tensor) and given.shape == (images, classes):
        raise Hint(
            "A number for each image and class comes back: sum over the classes, and take the mean over the images."
        )
    if isinstance(given, Tensor) and given.shape == (images,):
        raise Hint("A number for each image comes back: the mean over the images is missing.")
    if not isinstance(given, Tensor) or given.shape != ():
        expect(given, right, {}, "the divergence")
    _student_alone(given, student, teacher)
    return (given / right).item()
