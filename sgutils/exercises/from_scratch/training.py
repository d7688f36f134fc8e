"""The checks of steps 5 and 6: the objective, with its gradient and what it leaves in batch norm, and the loop."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...gates import linear_decay
from ...losses import distillation_kl
from ...networks import ResNet, keep_running_statistics
from .. import solution
from ..hints import Hint, exercise, expect, near, norms_go_on
from .parts import check_distillation, check_draw
from .reference import (
    CLASSES,
    LR,
    SEED,
    WIDTHS,
    copy_weights,
    gradient,
    images,
    losses_of_sgutils,
    pairs,
    reference_network,
)

# Another value of each argument of step 6's loop, and the usual one.
OTHERS: dict[str, tuple[float, float]] = {"lam": (1.0, 0.25), "tau": (2.0, 3.0), "lr": (0.05, LR)}


@exercise("Step 5", calls={"distillation": check_distillation})
def check_objective(objective: Callable) -> None:
    x, y = images(16), torch.arange(16) % CLASSES
    p, b, lam, tau = linear_decay(3, 0.5), torch.tensor([1.0, 0.0, 1.0]), 0.25, 3.0
    reference = reference_network()
    net = solution.Network(widths=WIDTHS).train()
    copy_weights(reference, net)
    start = copy.deepcopy(net)
    # Nobody's running statistics move here.
    with keep_running_statistics(reference.train()):
        student, teacher, whole = (reference(x, gates) for gates in (b, p, torch.ones(3)))
    tested, tested_teacher = (reference.eval()(x, gates) for gates in (b, p))

    def of(z: Tensor, z_teacher: Tensor, weight: float = lam * tau**2) -> Tensor:
        ce = F.cross_entropy(z, y) + F.cross_entropy(z_teacher, y)
        return ce + weight * distillation_kl(z, z_teacher.detach(), tau)

    ce, kl = [F.cross_entropy(z, y) for z in (student, teacher)], distillation_kl(student, teacher.detach(), tau)
    right, pull = of(student, teacher), lam * tau**2 * kl
    mistakes = {
        "The factor tau squared is missing in front of the divergence.": of(student, teacher, lam),
        "The weight lambda is missing in front of the divergence.": of(student, teacher, tau**2),
        "The teacher has to learn the labels, too: its cross-entropy is missing.": ce[0] + pull,
        "The student has to learn the labels, too: its cross-entropy is missing.": ce[1] + pull,
        "The divergence is missing.": ce[0] + ce[1],
        "The two cross-entropies are added, and yours are averaged.": (ce[0] + ce[1]) / 2 + pull,
        "The teacher runs with gates p, and yours with gates 1.": of(student, whole),
        "Teacher and student are exchanged in the divergence.": ce[0]
        + ce[1]
        + lam * tau**2 * distillation_kl(teacher, student.detach(), tau),
        "The network is in evaluation mode: both passes normalise with the images at hand, as in training.": of(
            tested, tested_teacher
        ),
        "The student runs in evaluation mode: that leaves the running statistics alone, but it normalises with them, too, and "
        "not with its own images.": of(tested, teacher),
        "The teacher runs in evaluation mode: its pass normalises with the images at hand, as in training.": of(
            student, tested_teacher
        ),
    }
    given = objective(net, x, y, p, b, lam, tau)
    expect(given, right, mistakes, "the objective")
    if not given.requires_grad:
        raise Hint("The value is right, but no gradient comes from it: both passes have to remember how to go back.")
    ours = [one for one, _ in pairs(reference, net)]
    value_is_right = {
        "the teacher learns nothing: its pass needs its gradient. It is a constant in the divergence alone.": ce[0]
        + pull,
        "the student learns nothing: its pass needs its gradient.": ce[1],
        "the divergence pulls on the teacher, too: detach its logits there.": ce[0]
        + ce[1]
        + lam * tau**2 * distillation_kl(student, teacher, tau),
        "the divergence does not pull on the student: detach the teacher's logits alone.": ce[0] + ce[1],
    }
    expect(
        gradient(given, [one for _, one in pairs(reference, net)]),
        gradient(right, ours),
        {f"The value is right, but {hint}": gradient(loss, ours) for hint, loss in value_is_right.items()},
        "the gradient on the weights",
    )
    _teacher_alone_moves_statistics(start, net, x, p)
    norms_go_on(net)


def _teacher_alone_moves_statistics(start: nn.Module, net: nn.Module, x: Tensor, p: Tensor) -> None:
    once = copy.deepcopy(start)
    once(x, p)
    moved, wanted, before = (_statistics(one) for one in (net, once, start))
    if near(moved, before):
        raise Hint("No pass moves batch norm's running statistics: the teacher's has to, or evaluation will be wrong.")
    if not near(moved, wanted):
        raise Hint("The student's pass moves batch norm's running statistics, too: they should be the teacher's alone.")


def _statistics(net: nn.Module) -> Tensor:
    return torch.cat([buffer for name, buffer in net.named_buffers() if name.endswith("running_mean")])


@exercise("Step 6", calls={"draw": check_draw, "objective": check_objective})
def check_training(train: Callable) -> None:
    p, batches = linear_decay(3, 0.5), [(images(16, seed), (torch.arange(16) + seed) % CLASSES) for seed in range(6)]
    reference = reference_network()
    of = partial(_losses, reference=reference, batches=batches, p=p)
    mistakes: dict[str, dict[str, Any]] = {
        "The gradients of earlier steps add up: call optimizer.zero_grad() before loss.backward().": {
            "zero_grad": False
        },
        "One student trains all along: draw another one for every mini-batch.": {"one": True},
        "Every block runs in your student: draw one for every mini-batch.": {"draw": lambda p, _: torch.ones_like(p)},
        "The weights never move: loss.backward() and optimizer.step() are needed in each step.": {"step": False},
        "The network is in evaluation mode: call net.train() before the first step.": {"training": False},
    }
    found, right = of(train), losses_of_sgutils(reference, batches)
    expect(found, right, {hint: of(partial(_usual, **wrong)) for hint, wrong in mistakes.items()}, "the list of losses")
    for name, (value, usual) in OTHERS.items():
        change: dict[str, Any] = {name: value}
        found = of(partial(train, **change))
        if near(found, right):
            raise Hint(f"With {name} = {value} the losses are those of {name} = {usual}: use the {name} that is given.")
        expect(
            found,
            losses_of_sgutils(reference, batches, **change),
            {},
            f"the list of losses with {name} = {value}",
        )


def _losses(train: Callable, reference: ResNet, batches: Sequence, p: Tensor) -> Tensor:
    """What this loop returns for a network with the reference's weights."""
    net = solution.Network(widths=WIDTHS)
    copy_weights(reference, net)
    net.eval()  # as a test leaves it
    found = train(net, batches, p, torch.Generator().manual_seed(SEED))
    if isinstance(found, float) or (isinstance(found, Tensor) and found.ndim == 0):
        raise Hint("One loss comes back: collect loss.item() of each step in a list, and return the list.")
    if not found:
        raise Hint("No loss comes back yet: collect loss.item() of each step in a list, and return it.")
    if any(isinstance(loss, Tensor) and loss.requires_grad for loss in found):
        raise Hint("A loss in your list is a tensor that keeps all that it was computed from: collect loss.item().")
    return torch.as_tensor(found, dtype=torch.float64)


def _usual(
    net, batches, p, generator, *, draw=solution.draw, zero_grad=True, step=True, one=False, training=True
) -> list[float]:
    # As in the solution, but for what is changed.
    optimizer = torch.optim.SGD(net.parameters(), LR, momentum=0.9, nesterov=True, weight_decay=1e-4)
    net.train(training)
    losses, b = [], draw(p, generator) if one else None
    for x, y in batches:
        loss = solution.objective(net, x, y, p, draw(p, generator) if b is None else b, 0.25, 3.0)
        if zero_grad:
            optimizer.zero_grad()
        if step:
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return losses
