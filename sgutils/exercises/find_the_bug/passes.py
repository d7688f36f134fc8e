"""What an objective does on a small network: which passes it makes, and how it pulls on their logits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...gates import linear_decay
from .. import solution
from ..from_scratch.reference import CLASSES, images
from ..hints import Hint, drawn

LAM, TAU = 0.25, 3.0
P = linear_decay(3, 0.5)
B = torch.tensor([1.0, 0.0, 1.0])


@dataclass(frozen=True)
class Pass:
    """One forward pass: its gates, its images, its logits, and whether the network was in training mode."""

    gates: Tensor
    images: Tensor
    logits: Tensor
    training: bool


@contextmanager
def watched(net: nn.Module) -> Iterator[list[Pass]]:
    """The passes that a network makes meanwhile."""
    seen: list[Pass] = []

    def note(module: nn.Module, given: tuple, logits: Tensor) -> None:
        seen.append(Pass(torch.as_tensor(given[1], dtype=torch.float32), given[0], logits, module.training))

    handle = net.register_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def network(per_stage: int = 1) -> solution.Network:
    """A network whose running statistics are not those of a fresh one, and whose predictions are not all alike."""
    with drawn(2):
        net = solution.Network(widths=(4, 8, 8), per_stage=per_stage).train()
        with torch.no_grad():
            net.classifier.weight.mul_(4)
            net(3 * images(32, seed=7), [1.0] * len(net.branches))
    return net


def batch(count: int = 16, seed: int = 0) -> tuple[Tensor, Tensor]:
    return images(count, seed), (torch.arange(count) + seed) % CLASSES


def sgd(net: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(net.parameters(), lr, momentum=0.9, nesterov=True, weight_decay=1e-4)


@dataclass(frozen=True)
class Pulls:
    """What an objective is, and the gradients on logits, per image.

    Attributes:
        loss: the objective.
        student: the student's logits.
        teacher: the teacher's logits.
        y: the labels.
        on_student: the gradient on the student's logits, of shape ``(N, K)``.
        on_teacher: the same for the teacher's.
    """

    loss: Tensor
    student: Tensor
    teacher: Tensor
    y: Tensor
    on_student: Tensor
    on_teacher: Tensor


def pulls_of(objective: Callable, tau: float = TAU, net: nn.Module | None = None, count: int = 16) -> Pulls:
    """One call of an objective, as a test sees it.

    Raises:
        Hint: if nothing comes back, or there are not two passes of which one has the gates p.
    """
    x, y = batch(count)
    net = (network() if net is None else net).train()
    with watched(net) as seen:
        loss = objective(net, x, y, P, B, LAM, tau)
    if not isinstance(loss, Tensor):
        raise Hint("Nothing comes back: return the objective, a tensor.")
    teachers = [one for one in seen if torch.equal(one.gates, P)]
    students = [one for one in seen if not torch.equal(one.gates, P)]
    if len(teachers) != 1 or len(students) != 1:
        raise Hint(
            "Two passes are expected, the student's with gates b and the teacher's with gates p; "
            f"yours are {len(seen)}, of which {len(teachers)} with gates p."
        )
    student, teacher = students[0].logits, teachers[0].logits
    return Pulls(loss, student.detach(), teacher.detach(), y, *(count * g for g in gradients(loss, student, teacher)))


def gradients(loss: Tensor, *logits: Tensor) -> list[Tensor]:
    """The gradients of a loss on logits, and zeros where it does not reach."""
    reached = [z for z in logits if z.requires_grad]
    if not (reached and loss.requires_grad):
        return [torch.zeros_like(z) for z in logits]
    found = iter(torch.autograd.grad(loss, reached, allow_unused=True, retain_graph=True))
    given = [next(found) if z.requires_grad else None for z in logits]
    return [torch.zeros_like(z) if g is None else g for z, g in zip(logits, given, strict=True)]


def of_labels(logits: Tensor, y: Tensor) -> Tensor:
    """The gradient of the cross-entropy on the logits, per image."""
    return logits.softmax(dim=1) - F.one_hot(y, logits.shape[1]).float()
