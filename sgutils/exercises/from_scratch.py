"""The six checks of the chapter *From scratch*: each looks at one step, whatever the others are like."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..gates import linear_decay
from ..losses import distillation_kl
from ..methods import SelfGuidance
from ..networks import ResNet, keep_running_statistics, resnet
from ..networks.resnets import GatedBlock
from . import solution
from .hints import Hint, drawn, exercise, expect, near

WIDTHS, SIDE, CLASSES = (8, 16, 32), 8, 10
SEED, LR = 3, 0.1


@exercise("Step 1")
def check_block(run_block: Callable) -> None:
    with drawn(0):
        branch, shortcut = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 1)
        h = torch.randn(2, 2, 4, 4).relu()
    f, s = branch(h), shortcut(h)
    mistakes = {
        "The gate weighs the branch alone: the shortcut is added as it is.": F.relu(0.5 * (f + s)),
        "The gate is not used: multiply what the branch gives by it.": F.relu(f + s),
        "The ReLU behind the sum is missing.": 0.5 * f + s,
        "The ReLU comes behind the sum, not on the branch.": F.relu(0.5 * f) + s,
        "The input itself is added where shortcut(h) should be.": F.relu(0.5 * f + h),
        "The shortcut is missing in the sum.": F.relu(0.5 * f),
    }
    expect(run_block(branch, shortcut, h, 0.5), F.relu(0.5 * f + s), mistakes, "the output at gate 0.5")
    calls = []
    branch.register_forward_hook(lambda *_: calls.append(1))
    expect(
        run_block(branch, shortcut, h, 0.0), F.relu(s), {"At gate 0 the ReLU is missing.": s}, "the output at gate 0"
    )
    if calls:
        raise Hint("At gate 0 the branch is computed all the same: return before it, which is where time is saved.")


@exercise("Step 2")
def check_network(network: Callable) -> None:
    net, reference = network().eval(), reference_network().eval()
    copy_weights(reference, net)
    x, gates = images(5), [1.0, 0.0, 0.5]
    pooled = reference.features(x, gates)
    mistakes = {
        "The gates are not used: give each block its own.": reference(x),
        "The gates run from the last block to the first.": reference(x, gates[::-1]),
        "The average over rows and columns is a sum in yours.": reference.classifier(pooled * (SIDE // 4) ** 2),
        "Logits are asked for, and yours went through a softmax.": reference(x, gates).softmax(dim=1),
    }
    expect(net(x, gates), reference(x, gates), mistakes, "the logits")


@exercise("Step 3")
def check_drawing(survival: Callable, draw: Callable) -> None:
    p, l = linear_decay(9, 0.2), torch.arange(9)
    mistakes = {
        "Block 1 should already be below 1: l runs from 1 to L, and yours from 0.": 1 - l / 9 * 0.8,
        "p_L should be reached at l = L: divide l by L, not by L - 1.": 1 - l / 8 * 0.8,
        "The first blocks should survive most: yours runs from the last to the first.": p.flip(0),
        "It has to end at p_L: 1 - p_L is what is lost on the way, not p_L.": 1 - (l + 1) / 9 * 0.2,
        "Each block has a probability of its own; yours are all p_L.": torch.full((9,), 0.2),
    }
    expect(survival(9, 0.2), p, mistakes, "the survival probabilities")
    given = _several(draw, p)
    expect(
        given,
        _several(solution.draw, p),
        {hint: _several(wrong, p) for hint, wrong in WRONG_DRAWS.items()},
        "a student",
    )


@exercise("Step 4")
def check_distillation(distillation: Callable) -> None:
    with drawn(1):
        student, teacher = (
            (2 * torch.randn(4, CLASSES)).requires_grad_(),
            (2 * torch.randn(4, CLASSES)).requires_grad_(),
        )
    tau, right = 3.0, distillation_kl(student, teacher, 3.0)
    soft = [F.softmax(z / tau, dim=1) for z in (student, teacher)]
    mistakes = {
        "Teacher and student are exchanged: the divergence is that of the student from the teacher.": distillation_kl(
            teacher, student, tau
        ),
        "The temperature is missing: both logits are divided by tau.": distillation_kl(student, teacher, 1.0),
        'It is a mean over images and classes: reduction="batchmean" sums over the classes.': right / CLASSES,
        "It is a sum over the images: the mean over the mini-batch is asked for.": 4 * right,
        "tau squared belongs to the objective, in step 5.": tau**2 * right,
        "F.kl_div wants the student's log-probabilities, not its probabilities.": F.kl_div(
            soft[0], soft[1], reduction="batchmean"
        ),
        "It has the wrong sign.": -right,
    }
    given = distillation(student, teacher, tau)
    expect(given, right, mistakes, "the divergence")
    pulls = torch.autograd.grad(given, (student, teacher), allow_unused=True)
    if pulls[1] is not None and pulls[1].any():
        raise Hint("The teacher is pulled as well: detach its logits, so that only the student moves.")
    if pulls[0] is None or not pulls[0].any():
        raise Hint("No gradient reaches the student: detach the teacher's logits alone.")


@exercise("Step 5")
def check_objective(objective: Callable) -> None:
    x, y = images(16), torch.arange(16) % CLASSES
    p, b, lam, tau = linear_decay(3, 0.5), torch.tensor([1.0, 0.0, 1.0]), 0.25, 3.0
    reference = reference_network().train()
    net = solution.Network(widths=WIDTHS).train()
    copy_weights(reference, net)
    start = copy.deepcopy(net)
    ones = torch.ones(3)
    with keep_running_statistics(reference):
        student, teacher, whole = (reference(x, gates) for gates in (b, p, ones))
    ce, pull = [F.cross_entropy(z, y) for z in (student, teacher)], distillation_kl(student, teacher.detach(), tau)
    right = ce[0] + ce[1] + lam * tau**2 * pull
    mistakes = {
        "The factor tau squared is missing in front of the divergence.": ce[0] + ce[1] + lam * pull,
        "The weight lambda is missing in front of the divergence.": ce[0] + ce[1] + tau**2 * pull,
        "The teacher has to learn the labels, too: its cross-entropy is missing.": ce[0] + lam * tau**2 * pull,
        "The student has to learn the labels, too: its cross-entropy is missing.": ce[1] + lam * tau**2 * pull,
        "The divergence is missing.": ce[0] + ce[1],
        "The teacher runs with gates p, and yours with gates 1.": ce[0]
        + F.cross_entropy(whole, y)
        + lam * tau**2 * distillation_kl(student, whole.detach(), tau),
        "Teacher and student are exchanged in the divergence.": ce[0]
        + ce[1]
        + lam * tau**2 * distillation_kl(teacher, student.detach(), tau),
    }
    expect(objective(net, x, y, p, b, lam, tau), right, mistakes, "the objective")
    once = copy.deepcopy(start)
    once(x, p)
    moved, wanted, before = (_statistics(one) for one in (net, once, start))
    if near(moved, before):
        raise Hint("No pass moves batch norm's running statistics: the teacher's has to, or evaluation will be wrong.")
    if not near(moved, wanted):
        raise Hint("The student's pass moves batch norm's running statistics, too: they should be the teacher's alone.")


@exercise("Step 6")
def check_training(train: Callable) -> None:
    p, batches = linear_decay(3, 0.5), [(images(16, seed), (torch.arange(16) + seed) % CLASSES) for seed in range(6)]
    reference = reference_network()

    def of(run: Callable) -> Tensor:
        net = solution.Network(widths=WIDTHS)
        copy_weights(reference, net)
        found = run(net, batches, p, torch.Generator().manual_seed(SEED))
        if not found:
            raise Hint("No loss comes back yet: collect loss.item() of each step in a list, and return it.")
        return torch.as_tensor(found, dtype=torch.float64)

    mistakes = {
        "The gradients of earlier steps add up: call optimizer.zero_grad() before loss.backward().": of(_no_zero_grad),
        "One student trains all along: draw another one for every mini-batch.": of(_one_student),
        "The weights never move: loss.backward() and optimizer.step() are needed in each step.": of(_no_step),
        "The network is in evaluation mode: call net.train() before the first step.": of(_in_eval),
    }
    expect(of(train), losses_of_sgutils(reference, batches), mistakes, "the list of losses")


def losses_of_sgutils(net: ResNet, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """The losses that this package's own `SelfGuidance` has on these mini-batches."""
    method = SelfGuidance(copy.deepcopy(net), lam=0.25, tau=3.0, seed=SEED).train()
    optimizer = torch.optim.SGD(method.parameters(), LR, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses = []
    for x, y in batches:
        loss = method(x, y)["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def images(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def reference_network() -> ResNet:
    """This package's network of the same shape as the reader's, with statistics that are not those of a fresh one."""
    with drawn(0):
        net = resnet(8, num_classes=CLASSES, in_channels=1, widths=WIDTHS).train()
        with torch.no_grad():
            net(torch.randn(32, 1, SIDE, SIDE))
    return net


def copy_weights(reference: ResNet, net: Any) -> None:
    """Weights and statistics into a `Network` of the chapter."""
    parts: list[tuple[Any, Any]] = [(reference.stem, net.stem), (reference.classifier, net.classifier)]
    blocks = cast(list[GatedBlock], list(reference.blocks))
    for block, branch, shortcut in zip(blocks, net.branches, net.shortcuts, strict=True):
        parts += [(block.branch, branch)] + ([] if block.shortcut is None else [(block.shortcut, shortcut)])
    for source, target in parts:
        target.load_state_dict(source.state_dict())


def _several(draw: Callable, p: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    students = [draw(p, generator) for _ in range(5)]
    if not all(isinstance(student, Tensor) for student in students):
        raise Hint("Nothing comes back yet: draw a tensor of one gate for each block, and return it.")
    return torch.stack(students)


WRONG_DRAWS: dict[str, Callable] = {
    "A block runs with probability p; yours is skipped with probability p.": lambda p, generator: (
        torch.rand(len(p), generator=generator) > p
    ).float(),
    "Each block needs a random number of its own; yours all have the same.": lambda p, generator: (
        torch.rand(1, generator=generator) < p
    ).float(),
    "Gates are 0 or 1; yours are the random numbers themselves.": lambda p, generator: torch.rand(
        len(p), generator=generator
    ),
    "Gates are 0 or 1; yours are the probabilities.": lambda p, generator: p,
    "Every student is the same: draw from the generator that is given, and do not seed it again.": lambda p, generator: (
        solution.draw(p, torch.Generator().manual_seed(0))
    ),
}


def _statistics(net: nn.Module) -> Tensor:
    return torch.cat([buffer for name, buffer in net.named_buffers() if name.endswith("running_mean")])


def _usual(net, batches, p, generator, *, zero_grad=True, step=True, one=False, training=True) -> list[float]:
    # As in the solution, but for what is left out.
    optimizer = torch.optim.SGD(net.parameters(), LR, momentum=0.9, nesterov=True, weight_decay=1e-4)
    net.train(training)
    losses, b = [], solution.draw(p, generator) if one else None
    for x, y in batches:
        loss = solution.objective(net, x, y, p, solution.draw(p, generator) if b is None else b, 0.25, 3.0)
        if zero_grad:
            optimizer.zero_grad()
        if step:
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return losses


def _no_zero_grad(*given) -> list[float]:
    return _usual(*given, zero_grad=False)


def _one_student(*given) -> list[float]:
    return _usual(*given, one=True)


def _no_step(*given) -> list[float]:
    return _usual(*given, step=False)


def _in_eval(*given) -> list[float]:
    return _usual(*given, training=False)
