"""The checks of steps 1 to 4: a block, a network, students, and what they learn from the teacher."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...gates import linear_decay
from ...losses import distillation_kl
from .. import solution
from ..hints import Hint, drawn, exercise, expect, near, stays_finite
from .reference import CLASSES, copy_weights, gated_blocks, images, reference_network


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
        "It is divided by the gate: the gate multiplies.": F.relu(f / 0.5 + s),
        "At gate 0.5 the branch is left out: that is for a gate of 0 alone.": F.relu(s),
    }
    expect(run_block(branch, shortcut, h, 0.5), F.relu(0.5 * f + s), mistakes, "the output at gate 0.5")
    left_out = {"At a small gate the branch is left out: that is for a gate of 0 alone.": F.relu(s)}
    expect(run_block(branch, shortcut, h, 0.001), F.relu(0.001 * f + s), left_out, "the output at gate 0.001")
    at_zero = {
        "At gate 0 the ReLU is missing.": s,
        "At gate 0 the shortcut is missing: what is left of the formula is ReLU(s(H)), and not H.": h,
    }
    calls = []
    branch.register_forward_hook(lambda *_: calls.append(1))
    expect(run_block(branch, shortcut, h, 0.0), F.relu(s), at_zero, "the output at gate 0")
    if calls:
        raise Hint("At gate 0 the branch is computed all the same: return before it, which is where time is saved.")


@exercise("Step 2", calls={"run_block": check_block})
def check_network(network: Callable) -> None:
    net, reference = network().eval(), reference_network().eval()
    copy_weights(reference, net)
    x, gates = images(5), [1.0, 0.0, 0.5]
    h = reference.stem(x)
    for block, gate in zip(gated_blocks(reference), gates, strict=True):
        h = block(h, gate)
    mistakes = {
        "The gates are not used: give each block its own.": reference(x),
        "The gates run from the last block to the first.": reference(x, gates[::-1]),
        "The average over rows and columns is a sum in yours.": reference.classifier(h.sum(dim=(2, 3))),
        "The average over rows and columns is a maximum in yours.": reference.classifier(h.amax(dim=(2, 3))),
        "Logits are asked for, and yours went through a softmax.": reference(x, gates).softmax(dim=1),
    }
    computed = []
    net.branches[1].register_forward_hook(lambda *_: computed.append(1))
    expect(net(x, gates), reference(x, gates), mistakes, "the logits")
    if computed:
        raise Hint("The logits are right, but the branch whose gate is 0 is computed all the same: run_block skips it.")


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
    _right_draw(draw)


@exercise("Step 3")
def check_draw(draw: Callable) -> None:
    """The half of step 3 that step 6 calls."""
    _right_draw(draw)


def _right_draw(draw: Callable) -> None:
    p = linear_decay(9, 0.2)
    given = _several(draw, p)
    if given.shape == (5, 9) and not near(given, _several(draw, p)):
        raise Hint("Another student comes from the same state of the generator: draw from the one that is given.")
    wrong = {hint: _several(wrong, p) for hint, wrong in WRONG_DRAWS.items()}
    expect(given, _several(solution.draw, p), wrong, "a student")


@exercise("Step 4")
def check_distillation(distillation: Callable) -> None:
    with drawn(1):
        student, teacher = (
            (2 * torch.randn(4, CLASSES)).requires_grad_(),
            (2 * torch.randn(4, CLASSES)).requires_grad_(),
        )
    tau, right = 3.0, distillation_kl(student, teacher, 3.0)
    soft = [F.softmax(z / tau, dim=1) for z in (student, teacher)]
    over_images = [F.log_softmax(z / tau, dim=0) for z in (student, teacher)]
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
        "That is a cross-entropy with the teacher's probabilities: the divergence is less by their entropy. Take F.kl_div.": (
            F.cross_entropy(student / tau, soft[1])
        ),
        "Only the teacher's logits are divided by tau: the student's are, too.": distillation_kl(
            tau * student, teacher, tau
        ),
        "Only the student's logits are divided by tau: the teacher's are, too.": distillation_kl(
            student, tau * teacher, tau
        ),
        "The softmax runs over the images: take it over the classes, dim=1.": F.kl_div(
            over_images[0], over_images[1].exp(), reduction="batchmean"
        ),
    }
    given = distillation(student, teacher, tau)
    expect(given, right, mistakes, "the divergence")
    if not given.requires_grad:
        raise Hint("No gradient reaches the student: detach the teacher's logits alone.")
    pulls = torch.autograd.grad(given, (student, teacher), allow_unused=True)
    if pulls[1] is not None and pulls[1].any():
        raise Hint("The teacher is pulled as well: detach its logits, so that only the student moves.")
    if pulls[0] is None or not pulls[0].any():
        raise Hint("No gradient reaches the student: detach the teacher's logits alone.")
    stays_finite(distillation(400 * student, teacher, tau))


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
    "A block that runs has gate 1; yours is divided by p, which is another convention.": lambda p, generator: (
        solution.draw(p, generator) / p
    ),
}
