"""The checks of the losses that chapters end with: a teacher's, many peers', and one teacher's of several students."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...losses import distillation_kl, self_guidance_loss
from ..hints import Hint, compare, drawn, exercise, near, stays_finite


@exercise("Distillation loss")
def check_distillation_loss(loss: Callable) -> None:
    def of(
        z: Tensor, teacher: Tensor, y: Tensor, lam: float, tau: float, *, ce=None, weight=None, factor=None, kl=None
    ):
        ce = F.cross_entropy(z, y) if ce is None else ce
        kl = distillation_kl(z, teacher, tau) if kl is None else kl
        return ce + (lam if weight is None else weight) * (tau**2 if factor is None else factor) * kl

    def soft(z, tau):
        return F.softmax(z / tau, dim=1)

    inputs: list[tuple] = [
        (*_logits(seed, 2), lam, tau) for seed, (lam, tau) in enumerate([(0.5, 3.0), (2.0, 1.5), (1.0, 5.0)])
    ]
    sure = (400 * inputs[0][0], *inputs[0][1:])
    mistakes = {
        "The factor tau squared is missing in front of the divergence.": lambda *one: of(*one, factor=1.0),
        "One factor tau is not enough: the divergence shrinks with tau squared.": lambda *one: of(*one, factor=one[-1]),
        "The weight lambda is missing in front of the divergence.": lambda *one: of(*one, weight=1.0),
        "The student has to learn the label, too: the cross-entropy is missing.": lambda *one: of(*one, ce=0.0),
        "In this objective the label keeps its full weight: yours takes lambda away from it.": lambda *one: of(
            *one, ce=(1 - one[3]) * F.cross_entropy(one[0], one[2])
        ),
        "The label is learned at temperature 1: only the divergence divides the logits by tau.": lambda *one: of(
            *one, ce=F.cross_entropy(one[0] / one[4], one[2])
        ),
        "The divergence is taken at temperature 1: divide both logits by tau before the softmax.": lambda *one: of(
            *one, kl=distillation_kl(one[0], one[1], 1.0)
        ),
        "Teacher and student are exchanged in the divergence: the teacher's probabilities weigh the classes.": (
            lambda *one: of(*one, kl=distillation_kl(one[1], one[0], one[4]))
        ),
        'The divergence is a mean over images and classes: reduction="batchmean" sums over the classes.': lambda *one: (
            of(*one, kl=distillation_kl(one[0], one[1], one[4]) / one[0].shape[1])
        ),
        "The divergence is a sum over the images, and the mean over the mini-batch is asked for.": lambda *one: of(
            *one, kl=distillation_kl(one[0], one[1], one[4]) * len(one[0])
        ),
        "F.kl_div wants the student's log-probabilities, not its probabilities.": lambda *one: of(
            *one, kl=F.kl_div(soft(one[0], one[4]), soft(one[1], one[4]), reduction="batchmean")
        ),
    }
    compare(loss, of, mistakes, inputs, "the loss")
    stays_finite(loss(*sure))
    _teacher_is_constant(loss, inputs[0], lambda teacher, y: torch.zeros_like(teacher))


@exercise("Many peers")
def check_peers_loss(loss: Callable) -> None:
    def of(z: Tensor, y: Tensor, tau: float, *, teach: Callable | None = None, factor: float | None = None) -> Tensor:
        total = torch.zeros(())
        for i in range(len(z)):
            others = torch.cat([z[:i], z[i + 1 :]])
            teacher = (teach or _mean_of_the_others)(z, others, tau)
            kl = _divergence(teacher, z[i], tau)
            total = total + F.cross_entropy(z[i], y) + (tau**2 if factor is None else factor) * kl
        return total

    def pairs(z, y, tau, *, average):
        ce = sum(F.cross_entropy(one, y) for one in z)
        kl = sum(distillation_kl(z[i], z[j].detach(), tau) for i in range(len(z)) for j in range(len(z)) if i != j)
        return ce + tau**2 * kl / (len(z) - 1 if average else 1)

    def right(z, y, tau):
        # By another way: the mean divergence to single peers is that to their mean, plus how far they are from it.
        apart = torch.zeros(())
        for i in range(len(z)):
            others = torch.cat([z[:i], z[i + 1 :]])
            mean = F.softmax(others / tau, dim=2).mean(dim=0)
            apart = apart + torch.stack([distillation_kl(mean.log() * tau, other, tau) for other in others]).mean()
        return pairs(z, y, tau, average=True) - tau**2 * apart

    inputs = [(*_peers(peers, seed), tau) for seed, (peers, tau) in enumerate([(3, 3.0), (4, 2.0), (3, 1.5)])]
    mistakes = {
        "That is the mean of the divergences to single peers, (4.1): here a peer has one teacher, the mean of the other "
        "predictions.": lambda *one: pairs(*one, average=True),
        "That is the sum of the divergences to single peers: here a peer has one teacher, the mean of the other "
        "predictions.": lambda *one: pairs(*one, average=False),
        "A peer listens to itself, too: its own prediction does not belong to the mean.": lambda *one: of(
            *one, teach=lambda z, others, tau: F.softmax(z / tau, dim=2).mean(dim=0)
        ),
        "The mean is that of the logits in yours: take the softmax first, then the mean of the probabilities.": (
            lambda *one: of(*one, teach=lambda z, others, tau: F.softmax(others.mean(dim=0) / tau, dim=1))
        ),
        "The teacher is a sum of predictions, which is no distribution: divide by the number of the others.": (
            lambda *one: of(*one, teach=lambda z, others, tau: F.softmax(others / tau, dim=2).sum(dim=0))
        ),
        "The sum is divided by the number of all peers: the others are one fewer.": lambda *one: of(
            *one, teach=lambda z, others, tau: F.softmax(others / tau, dim=2).sum(dim=0) / len(z)
        ),
        "The factor tau squared is missing in front of the divergences.": lambda *one: of(*one, factor=1.0),
        "The loss is a sum over the peers, and yours is their mean.": lambda z, y, tau: of(z, y, tau) / len(z),
        "The label is missing: each peer has a cross-entropy of its own.": lambda z, y, tau: (
            of(z, y, tau) - sum(F.cross_entropy(one, y) for one in z)
        ),
        "A peer's prediction stands first in your divergences: the teacher's probabilities should weigh the classes.": (
            lambda z, y, tau: _turned(z, y, tau)
        ),
    }
    compare(loss, right, mistakes, inputs, "the loss")
    z, y, tau = inputs[0]
    z = z.clone().requires_grad_()
    (found,) = _gradients(loss(z, y, tau), z)
    (wanted,) = torch.autograd.grad(pairs(z, y, tau, average=True), z)  # by (4.2) the same
    if not near(found, wanted):
        raise Hint("The value is right, but the teachers are pulled as well: detach the mean of the others.")


@exercise("Several students")
def check_students_loss(loss: Callable) -> None:
    def right(z, teacher, y, lam, tau):
        return torch.stack([self_guidance_loss(one, teacher, y, lam, tau).total for one in z]).mean()

    def of(z, teacher, y, lam, tau, *, students=1.0, factor=None, teacher_ce=1.0, **changes):
        parts = {
            "ce": torch.stack([F.cross_entropy(one, y) for one in z]).mean(),
            "kl": torch.stack([distillation_kl(one, teacher, tau) for one in z]).mean(),
        } | changes
        pull = lam * (tau**2 if factor is None else factor) * parts["kl"]
        return teacher_ce * F.cross_entropy(teacher, y) + students * (parts["ce"] + pull)

    def mean_prediction(z, tau):
        return F.softmax(z / tau, dim=2).mean(dim=0).log() * tau

    inputs = []
    for seed, (students, lam, tau) in enumerate([(3, 0.25, 3.0), (4, 1.0, 2.0), (2, 0.5, 4.0)]):
        z, y = _peers(students + 1, seed)
        inputs.append((z[1:], z[0], y, lam, tau))
    mistakes = {
        "The students' terms are added up: take their mean, so that more students do not drown the teacher's label.": (
            lambda *one: of(*one, students=len(one[0]))
        ),
        "The teacher's cross-entropy is counted once for each student, and all is added up: take the mean.": lambda *one: (
            of(*one, students=len(one[0]), teacher_ce=len(one[0]))
        ),
        "Only the first student learns in yours: every student has both terms.": lambda *one: right(
            one[0][:1], *one[1:]
        ),
        "The students' logits are averaged before the losses: each student has losses of its own.": lambda *one: right(
            one[0].mean(dim=0, keepdim=True), *one[1:]
        ),
        "The divergence of the mean prediction of all students is not the mean of their divergences: each student is "
        "pulled by itself.": lambda *one: of(*one, kl=distillation_kl(mean_prediction(one[0], one[4]), one[1], one[4])),
        "The factor tau squared is missing in front of the divergence.": lambda *one: of(*one, factor=1.0),
        "The weight lambda is missing in front of the divergence.": lambda z, teacher, y, lam, tau: of(
            z, teacher, y, 1.0, tau
        ),
        "The teacher has to learn the label, too: its cross-entropy is missing.": lambda *one: of(*one, teacher_ce=0.0),
        "The students have to learn the label, too: their cross-entropies are missing.": lambda *one: of(*one, ce=0.0),
        "Teacher and student are exchanged in the divergence: the teacher's probabilities weigh the classes.": (
            lambda *one: of(*one, kl=torch.stack([distillation_kl(one[1], z, one[4]) for z in one[0]]).mean())
        ),
    }
    compare(loss, right, mistakes, inputs, "the loss")
    _teacher_is_constant(loss, inputs[0], _of_labels)


def _teacher_is_constant(loss: Callable, one: Sequence, wanted: Callable) -> None:
    """The gradient on the teacher's logits, the second argument, is what it should be, and the student's is not 0."""
    student, teacher = (z.clone().requires_grad_() for z in one[:2])
    on_student, on_teacher = _gradients(loss(student, teacher, *one[2:]), student, teacher)
    if not near(on_teacher, wanted(teacher.detach(), one[2])):
        if not on_teacher.any():
            raise Hint(
                "The value is right, but no gradient reaches the teacher: detach its logits in the divergence alone."
            )
        raise Hint("The value is right, but the divergence pulls on the teacher, too: detach its logits there.")
    (right,) = torch.autograd.grad(_student_part(student, teacher.detach(), *one[2:]), student)
    if not near(on_student, right):
        raise Hint("The value is right, but the divergence does not pull on the student: detach the teacher alone.")


def _gradients(loss, *logits: Tensor) -> list[Tensor]:
    """The gradient of a reader's loss on each of these logits; zeros where it does not reach them."""
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        raise Hint(
            "The value is right, but no gradient comes from it: only the teacher is a constant, and the loss a tensor."
        )
    found = torch.autograd.grad(loss, logits, allow_unused=True)
    return [torch.zeros_like(z) if one is None else one for z, one in zip(logits, found, strict=True)]


def _student_part(z: Tensor, teacher: Tensor, y: Tensor, lam: float, tau: float) -> Tensor:
    students = z if z.ndim == 3 else z[None]
    losses = [F.cross_entropy(one, y) + lam * tau**2 * distillation_kl(one, teacher, tau) for one in students]
    return torch.stack(losses).mean()


def _of_labels(teacher: Tensor, y: Tensor) -> Tensor:
    """The gradient of the cross-entropy on the logits: (p - onehot(y)) / N."""
    return (F.softmax(teacher, dim=1) - F.one_hot(y, teacher.shape[1])) / len(y)


def _mean_of_the_others(z: Tensor, others: Tensor, tau: float) -> Tensor:
    return F.softmax(others / tau, dim=2).mean(dim=0)


def _divergence(teacher: Tensor, z: Tensor, tau: float) -> Tensor:
    return F.kl_div(F.log_softmax(z / tau, dim=1), teacher.detach(), reduction="batchmean")


def _turned(z: Tensor, y: Tensor, tau: float) -> Tensor:
    total = torch.zeros(())
    for i in range(len(z)):
        mean = _mean_of_the_others(z, torch.cat([z[:i], z[i + 1 :]]), tau)
        turned = F.kl_div(mean.log(), F.softmax(z[i] / tau, dim=1), reduction="batchmean")
        total = total + F.cross_entropy(z[i], y) + tau**2 * turned
    return total


def _logits(seed: int, networks: int) -> tuple[Tensor, ...]:
    """Logits ``(N, K)`` of so many networks, and labels ``(N,)``."""
    z, y = _peers(networks, seed)
    return (*z, y)


def _peers(networks: int, seed: int) -> tuple[Tensor, Tensor]:
    with drawn(seed):
        return 2 * torch.randn(networks, 5 + seed, 7), torch.randint(7, (5 + seed,))
