"""The checks of the four bugs around the passes: statistics, gates of several processes, survival at training, the mode."""

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...gates import linear_decay
from ...losses import distillation_kl
from .. import solution
from ..hints import Hint, exercise, expect, near, norms_go_on
from . import trainers
from .passes import LAM, TAU, B, P, batch, network, pulls_of, sgd, watched


@exercise("Bug 5")
def check_statistics(objective: Callable) -> None:
    """After a mini-batch the running statistics are those that the teacher's pass alone leaves."""
    start = network()
    net = copy.deepcopy(start)
    pulls = pulls_of(objective, net=net)
    x, _ = batch()
    after = {}
    for name, passes in {"teacher": (P,), "student": (B,), "both": (B, P), "turned": (P, B)}.items():
        other = copy.deepcopy(start)
        for gates in passes:
            other(x, gates)
        after[name] = _statistics(other)
    moved = _statistics(net)
    with solution.statistics_kept(start):
        student = start(x, B)
    if not near(pulls.student, student):
        raise Hint(
            "The student's pass no longer normalises with its own images: evaluation mode is not meant, only that batch norm "
            "remembers nothing of it."
        )
    if not net.training:
        raise Hint("The network is left in evaluation mode: the next mini-batch would not train it as it should.")
    if near(moved, _statistics(start)):
        raise Hint("No pass moves the running statistics any more, so a test would use those of a fresh network.")
    if near(moved, after["student"]):
        raise Hint("Now the student's pass alone moves the running statistics, but it is the teacher that is tested.")
    if near(moved, after["both"]) or near(moved, after["turned"]):
        raise Hint(
            "The running statistics should end where the teacher's pass alone would leave them. One mini-batch moved them "
            f"{_count(net) - _count(start)} times."
        )
    if not near(moved, after["teacher"]):
        raise Hint("The running statistics do not end where the teacher's pass alone would leave them.")
    if not pulls.on_student.any():
        raise Hint("The statistics are right, but the student learns nothing: its pass needs its gradient.")
    norms_go_on(net)
    expect(pulls.loss, _objective(net, B, P), {}, "the objective")


def _count(net: nn.Module) -> int:
    return next(int(buffer) for name, buffer in net.named_buffers() if name.endswith("num_batches_tracked"))


def _statistics(net: nn.Module) -> Tensor:
    return torch.cat([buffer for name, buffer in net.named_buffers() if "running" in name])


@exercise("Bug 6")
def check_gates(train_in_processes: Callable) -> None:
    """One student for a mini-batch, in whatever processes it is computed, and another for the next one."""
    p, steps, processes = linear_decay(9, 0.5), 6, 2
    batches = [batch(8, seed) for seed in range(steps)]
    net = network(per_stage=3)
    mended = copy.deepcopy(net)
    with watched(net) as seen:
        train_in_processes(net, sgd(net), batches, p, 0, LAM, TAU)
    students = [one.gates for one in seen if not near(one.gates, p)]
    if len(students) != steps * processes:
        raise Hint(
            f"{steps} mini-batches in {processes} shares need {steps * processes} students' passes; yours are {len(students)}."
        )
    shares = torch.stack(students).view(steps, processes, -1)
    if not ((shares == 0) | (shares == 1)).all() or shares.all():
        raise Hint("These students are not drawn: a gate is 1 with probability p, and else 0.")
    others = (shares != shares[:, :1]).flatten(1).any(dim=1).sum().item()
    generator = torch.Generator().manual_seed(0)
    if near(shares.flatten(0, 1), torch.stack([solution.draw(p, generator) for _ in students])):
        raise Hint(
            "All processes take their turn at one generator here, and the second draws another student than the first. Each "
            "process has a generator of its own: what must be alike is where they start."
        )
    if others:
        raise Hint(
            f"In {others} of {steps} mini-batches the processes computed different students, so what is averaged is not the "
            "gradient of any student."
        )
    if near(shares, shares[:1].expand_as(shares)):
        raise Hint(
            "The same student trains in every mini-batch: make the generators once, and draw from them each time."
        )
    again = network(per_stage=3)
    with watched(again) as seen:
        train_in_processes(again, sgd(again), batches, p, 1, LAM, TAU)
    if near(torch.stack([one.gates for one in seen if not near(one.gates, p)]).view_as(shares), shares):
        raise Hint("The processes agree, but on the same students for every seed: start the generators from the seed.")
    trainers.train_in_processes(mended, sgd(mended), batches, p, 0, LAM, TAU)
    expect(_weights(net), _weights(mended), {}, "the trained weights")


def _weights(net: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


@exercise("Bug 7")
def check_survival(objective: Callable) -> None:
    """A block that runs in a student runs with its full weight; the teacher's are weighed by p."""
    net, ones = network().train(), torch.ones(3)
    x, y = batch()
    mistakes = {
        "That is the other convention, b / p in training and gates 1 at test time, and sound in itself; but the teacher of this "
        "chapter runs with gates p, and a student with b.": (B / P, ones),
        "b / p goes with a teacher whose gates are 1. Here the teacher's gates are p already, so that the student's are b.": (
            B / P,
            P,
        ),
        "The student's gates are p now: it is the teacher, and nobody is left to learn from it.": (P, P),
        "The student's gates are 1 now: it has to skip the blocks that were not drawn.": (ones, P),
        "The student is right, but the teacher's gates are 1 now: p has to weigh its blocks.": (B, ones),
        "The student is right, but the teacher skips blocks now: its gates are p.": (B, P * B),
    }
    given = objective(net, x, y, P, B, LAM, TAU)
    if isinstance(given, Tensor) and near(given, _objective(net, P * B, P)):
        every = objective(net, x, y, P, ones, LAM, TAU)
        raise Hint(
            "A student that drew every block should be the network with gates 1, and the objective then "
            f"{_objective(net, ones, P):.2f}. Yours is {every:.2f}, as if that student were its teacher."
        )
    values = {hint: _objective(net, *gates) for hint, gates in mistakes.items()}
    expect(given, _objective(net, B, P), values, "the objective")


def _objective(net: nn.Module, student_gates: Tensor, teacher_gates: Tensor) -> Tensor:
    y = batch()[1]
    with solution.statistics_kept(net):
        student, teacher = (net(batch()[0], gates) for gates in (student_gates, teacher_gates))
    ce = F.cross_entropy(student, y) + F.cross_entropy(teacher, y)
    return ce + LAM * TAU**2 * distillation_kl(student, teacher.detach(), TAU)


@exercise("Bug 8")
def check_mode(train_and_test: Callable) -> None:
    """Every mini-batch is seen in training mode, and the test images in evaluation mode."""
    p, epochs = P, [[batch(8, seed), batch(8, seed + 1)] for seed in range(3)]
    test = batch(12, 20)
    net = network()
    mended = copy.deepcopy(net)
    with watched(net) as seen:
        errors = train_and_test(net, sgd(net), epochs, test, p, torch.Generator().manual_seed(0), LAM, TAU)
    tests = [one for one in seen if len(one.images) == len(test[0])]
    steps = [one for one in seen if len(one.images) != len(test[0])]
    if len(steps) != 12 or len(tests) != 3 or len(errors) != 3:
        raise Hint(
            "Three epochs of two mini-batches are twelve passes, and three tests; "
            f"yours are {len(steps)} passes, {len(tests)} tests and {len(errors)} errors."
        )
    if any(one.training for one in tests):
        raise Hint(
            "Now the test is not one any more: in training mode the test images are normalised with their own statistics, and "
            "move the running ones."
        )
    if not any(one.training for one in steps):
        raise Hint("Now no epoch trains as it should: the network is in evaluation mode from the start.")
    if late := sum(not one.training for one in steps):
        raise Hint(
            "Batch norm should normalise each mini-batch with its own statistics, as in training; in "
            f"{late} of {len(steps)} passes it took the running statistics."
        )
    right = trainers.train_and_test(mended, sgd(mended), epochs, test, p, torch.Generator().manual_seed(0), LAM, TAU)
    expect(torch.tensor(errors), torch.tensor(right), {}, "the errors")
