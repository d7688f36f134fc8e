"""The checks of the chapter *From scratch*: the solution passes, what is missing fails, and a usual mistake gets its own hint."""

import inspect

import pytest
import torch
import torch.nn.functional as F
from support.mutated import mutated
from torch import nn

import sgutils as sg
from sgutils.exercises import solution
from sgutils.exercises.from_scratch import (
    check_block,
    check_distillation,
    check_drawing,
    check_network,
    check_objective,
    check_training,
)
from sgutils.exercises.from_scratch.reference import (
    SEED,
    WIDTHS,
    copy_weights,
    images,
    losses_of_sgutils,
    reference_network,
)

SOLVED = {
    check_block: (solution.run_block,),
    check_network: (solution.Network,),
    check_drawing: (solution.survival, solution.draw),
    check_distillation: (solution.distillation,),
    check_objective: (solution.objective,),
    check_training: (solution.train,),
}


@pytest.fixture
def said(capsys):
    def run(check, *answers):
        check(*answers)
        return capsys.readouterr().out.strip()

    return run


@pytest.mark.parametrize("check", SOLVED, ids=lambda check: check.__name__)
def test_the_solution_is_right(said, check):
    assert said(check, *SOLVED[check]).endswith(": right.")


@pytest.mark.parametrize("check", SOLVED, ids=lambda check: check.__name__)
def test_what_is_not_written_yet_is_said_to_be_missing(said, check):
    words = said(check, *([lambda *_: None] if check is not check_drawing else [lambda *_: None] * 2))
    assert "not yet" in words and ("comes back yet" in words or "stops with" in words) and "\n" not in words


def network(*changes):
    made = mutated(solution.Network, *changes)
    return lambda: made()


BLOCK, DISTILL, OBJECTIVE = solution.run_block, solution.distillation, solution.objective
# The teacher first; then batch norm stops remembering, for good.
LEFT_OFF = "    teacher = net(x, p)\n    for module in net.modules():\n        module.track_running_stats = False\n    student = net(x, b)"
STUDENT = "    with statistics_kept(net):\n        student = net(x, b)"
INLINE = 'F.kl_div(F.log_softmax(student / tau, dim=1), F.softmax(teacher / tau, dim=1), reduction="batchmean")'
ZERO = "        optimizer.zero_grad()\n"
STEP = "        loss.backward()\n        optimizer.step()\n"
MISTAKES = [
    (check_block, mutated(BLOCK, ("gate * branch(h) + shortcut(h)", "gate * (branch(h) + shortcut(h))")), "weighs the branch alone"),
    (check_block, mutated(BLOCK, ("gate * branch(h)", "branch(h)")), "gate is not used"),
    (check_block, mutated(BLOCK, ("return F.relu(gate * branch(h) + shortcut(h))", "return gate * branch(h) + shortcut(h)")), "ReLU behind the sum"),
    (check_block, mutated(BLOCK, ("+ shortcut(h))", "+ h)")), "shortcut(h) should be"),
    (check_block, lambda branch, shortcut, h, gate: F.relu(gate * branch(h) + shortcut(h)), "branch is computed all the same"),
    (check_block, lambda branch, shortcut, h, gate: F.relu(0.5 * branch(h)), "shortcut is missing"),
    (check_block, lambda branch, shortcut, h, gate: BLOCK(branch, shortcut, h, gate) if gate else h, "and not H"),
    (check_block, lambda branch, shortcut, h, gate: BLOCK(branch, shortcut, h, gate) if gate else shortcut(h), "At gate 0 the ReLU"),
    (check_block, mutated(BLOCK, ("gate * branch(h)", "branch(h) / gate")), "the gate multiplies"),
    (check_block, mutated(BLOCK, ("gate == 0", "gate < 0.6")), "for a gate of 0 alone"),
    (check_network, network(("branch, shortcut, h, gate)", "branch, shortcut, h, 1.0)")), "gates are not used"),
    (check_network, network(("self.shortcuts, gates,", "self.shortcuts, list(gates)[::-1],")), "from the last block to the first"),
    (check_network, network(("h.mean(dim=(2, 3))", "h.sum(dim=(2, 3))")), "is a sum"),
    (check_network, network(("return self.classifier(h.mean(dim=(2, 3)))", "return self.classifier(h.mean(dim=(2, 3))).softmax(1)")), "softmax"),
    (check_network, network(("h.mean(dim=(2, 3))", "h.amax(dim=(2, 3))")), "is a maximum"),
    (check_network, network(("run_block(branch, shortcut, h, gate)", "F.relu(gate * branch(h) + shortcut(h))")), "computed all the same"),
    (check_network, network(("h.mean(dim=(2, 3))", "h")), "stops with RuntimeError"),
    (check_distillation, mutated(DISTILL, ("(student_logits / tau", "(teacher_logits / tau"), ("teacher_logits.detach()", "student_logits.detach()")), "exchanged"),
    (check_distillation, mutated(DISTILL, (" / tau", "")), "temperature is missing"),
    (check_distillation, mutated(DISTILL, ("batchmean", "mean")), "sums over the classes"),
    (check_distillation, mutated(DISTILL, ("batchmean", "sum")), "mean over the mini-batch"),
    (check_distillation, mutated(DISTILL, ("F.log_softmax", "F.softmax")), "log-probabilities"),
    (check_distillation, mutated(DISTILL, ("return F.", "return tau**2 * F.")), "belongs to the objective"),
    (check_distillation, mutated(DISTILL, (".detach()", "")), "teacher is pulled as well"),
    (check_distillation, lambda s, t, tau: DISTILL(s.detach(), t, tau), "No gradient reaches the student"),
    (check_distillation, lambda s, t, tau: F.cross_entropy(s / tau, F.softmax(t.detach() / tau, dim=1)), "less by their entropy"),
    (check_distillation, mutated(DISTILL, ("student_logits / tau", "student_logits")), "Only the teacher's logits"),
    (check_distillation, mutated(DISTILL, ("teacher_logits.detach() / tau", "teacher_logits.detach()")), "Only the student's logits"),
    (check_distillation, mutated(DISTILL, ("dim=1", "dim=0")), "over the images"),
    (check_distillation, mutated(DISTILL, ("F.log_softmax(student_logits / tau, dim=1)", "F.softmax(student_logits / tau, dim=1).log()")), "very sure"),
    (check_objective, mutated(OBJECTIVE, (" * tau**2", "")), "tau squared is missing"),
    (check_objective, mutated(OBJECTIVE, ("lam * tau", "tau")), "lambda is missing"),
    (check_objective, mutated(OBJECTIVE, (" + F.cross_entropy(teacher, y)", "")), "teacher has to learn"),
    (check_objective, mutated(OBJECTIVE, ("F.cross_entropy(student, y) + ", "")), "student has to learn"),
    (check_objective, mutated(OBJECTIVE, ("net(x, p)", "net(x, torch.ones(3))")), "gates p"),
    (check_objective, mutated(OBJECTIVE, ("    teacher = net(x, p)", "    with torch.no_grad():\n        teacher = net(x, p)")), "teacher learns nothing"),
    (check_objective, mutated(OBJECTIVE, ("distillation(student, teacher, tau)", INLINE)), "pulls on the teacher"),
    (check_objective, mutated(OBJECTIVE, ("student = net(x, b)", "student = net(x, b).detach()")), "student learns nothing"),
    (check_objective, mutated(OBJECTIVE, ("distillation(student,", "distillation(student.detach(),")), "does not pull on the student"),
    (check_objective, torch.no_grad()(OBJECTIVE), "no gradient comes from it"),
    (check_objective, mutated(OBJECTIVE, ("    ce = F.cross_entropy(student, y) + F.cross_entropy(teacher, y)", "    ce = (F.cross_entropy(student, y) + F.cross_entropy(teacher, y)) / 2")), "yours are averaged"),
    (check_objective, mutated(OBJECTIVE, (STUDENT, "    net.eval()\n    student = net(x, b)")), "network is in evaluation mode"),
    (check_objective, mutated(OBJECTIVE, (STUDENT, "    net.eval()\n    student = net(x, b)\n    net.train()")), "student runs in evaluation mode"),
    (check_objective, mutated(OBJECTIVE, ("    teacher = net", "    net.eval()\n    teacher = net")), "teacher runs in evaluation mode"),
    (check_objective, mutated(OBJECTIVE, (STUDENT, "    student = net(x, b)")), "student's pass moves"),
    (check_objective, mutated(OBJECTIVE, ("    teacher = net", "        teacher = net")), "No pass moves"),
    (check_objective, mutated(OBJECTIVE, (STUDENT, LEFT_OFF), ("    teacher = net(x, p)\n    ce", "    ce")), "batch norm is left switched off"),
    (check_training, mutated(solution.train, (ZERO, "")), "add up"),
    (check_training, mutated(solution.train, (STEP, "")), "never move"),
    (check_training, mutated(solution.train, ("    net.train()", "    b = draw(p, generator)\n    net.train()"), ("draw(p, generator), lam", "b, lam")), "One student trains"),
    (check_training, mutated(solution.train, ("net.train()", "net.eval()")), "evaluation mode"),
    (check_training, mutated(solution.train, ("draw(p, generator), lam", "torch.ones_like(p), lam")), "Every block runs"),
    (check_training, mutated(solution.train, ("generator), lam, tau)", "generator), 0.25, tau)")), "use the lam that is given"),
    (check_training, mutated(solution.train, ("generator), lam, tau)", "generator), lam, 3.0)")), "use the tau that is given"),
    (check_training, mutated(solution.train, ("parameters(), lr,", "parameters(), 0.1,")), "use the lr that is given"),
    (check_training, mutated(solution.train, ("loss.item()", "loss")), "collect loss.item()"),
    (check_training, mutated(solution.train, ("    return losses", "")), "No loss comes back"),
    (check_training, mutated(solution.train, ("    return losses", "    return loss")), "One loss comes back"),
]  # fmt: skip

DRAWING = [
    ((lambda n, q: 1 - torch.arange(n) / n * (1 - q), solution.draw), "l runs from 1"),
    ((lambda n, q: torch.linspace(1, q, n), solution.draw), "not by L - 1"),
    ((lambda n, q: solution.survival(n, q).flip(0), solution.draw), "survive most"),
    ((lambda n, q: 1 - torch.arange(1, n + 1) / n * q, solution.draw), "what is lost on the way"),
    ((lambda n, q: torch.full((n,), q), solution.draw), "all p_L"),
    ((solution.survival, lambda p, g: (torch.rand(len(p), generator=g) > p).float()), "skipped with probability p"),
    ((solution.survival, lambda p, g: (torch.rand(1, generator=g) < p).float()), "random number of its own"),
    ((solution.survival, lambda p, g: torch.rand(len(p), generator=g)), "random numbers themselves"),
    ((solution.survival, lambda p, g: solution.draw(p, torch.Generator().manual_seed(0))), "Every student is the same"),
    ((solution.survival, lambda p, g: (torch.rand(len(p)) < p).float()), "draw from the one that is given"),
    ((solution.survival, lambda p, g: solution.draw(p, g) / p), "divided by p"),
    ((solution.survival, lambda p, g: p), "yours are the probabilities"),
]


@pytest.mark.parametrize(("check", "answer", "words"), MISTAKES, ids=[f"{c.__name__}: {w}" for c, _, w in MISTAKES])
def test_a_usual_mistake_gets_a_hint_of_its_own(said, check, answer, words):
    assert "not yet" in (found := said(check, answer)) and words in found


@pytest.mark.parametrize(("answers", "words"), DRAWING, ids=[words for _, words in DRAWING])
def test_a_usual_mistake_in_drawing_gets_a_hint_of_its_own(said, answers, words):
    assert "not yet" in (found := said(check_drawing, *answers)) and words in found


def beside(function, **earlier):
    """The solution of a step as it stands in a reader's notebook, with this code for earlier steps."""
    return mutated(function, scope=earlier)


NONE = lambda *_: None
STUMBLING = [
    (check_network, (beside(solution.Network, run_block=NONE),), "calls run_block, and step 1 is not right"),
    (check_objective, (beside(OBJECTIVE, distillation=NONE),), "calls distillation, and step 4 is not right"),
    (check_objective, (beside(OBJECTIVE, distillation=mutated(DISTILL, (".detach()", ""))),), "step 4 is not right"),
    (check_training, (beside(solution.train, objective=NONE),), "calls objective, and step 5 is not right"),
    (check_training, (beside(solution.train, draw=NONE),), "calls draw, and step 3 is not right"),
]


@pytest.mark.parametrize(("check", "answers", "words"), STUMBLING, ids=[words for *_, words in STUMBLING])
def test_a_right_step_that_stumbles_over_an_earlier_one_says_over_which(said, check, answers, words):
    assert words in (found := said(check, *answers)) and "from sgutils.exercises.solution import" in found


def test_a_mistake_of_ones_own_is_named_where_the_earlier_steps_are_right_or_not_called(said):
    assert "tau squared is missing" in said(check_objective, mutated(OBJECTIVE, (" * tau**2", "")))
    alone = mutated(
        OBJECTIVE,
        ("lam * tau**2 * distillation(student, teacher, tau)", f"lam * {INLINE}"),
        scope={"distillation": NONE},
    )
    assert "tau squared is missing" in said(check_objective, alone)


def test_each_check_names_five_mistakes_or_more():
    for check in SOLVED:
        tried = DRAWING if check is check_drawing else [words for known, _, words in MISTAKES if known is check]
        assert len(tried) >= 5


def test_the_solution_has_the_losses_of_the_package_to_the_last_digits():
    batches = [(images(16, seed), torch.arange(16) % 10) for seed in range(5)]
    reference = reference_network()
    net = solution.Network(widths=WIDTHS)
    copy_weights(reference, net)
    p = solution.survival(3, 0.5)
    losses = solution.train(net, batches, p, torch.Generator().manual_seed(SEED))
    expected = losses_of_sgutils(reference, batches)
    torch.testing.assert_close(torch.tensor(losses, dtype=torch.float64), expected, rtol=1e-6, atol=0)


def test_right_solutions_that_round_differently_stay_together_in_the_chapters_run():
    digits = sg.load_dataset("digits", train_examples=1000)
    x, y = digits.normalizer()(digits.train_x).double(), digits.train_y
    batches = list(zip(x.split(50), y.split(50), strict=True))

    def losses(train):
        torch.manual_seed(0)
        net, generator = solution.Network(per_stage=3).double(), torch.Generator().manual_seed(0)
        return torch.tensor(train(net, batches, solution.survival(9, 0.5), generator, lr=0.02))

    def by_hand(student, teacher, tau):
        log_s, log_t = (F.log_softmax(z / tau, dim=1) for z in (student, teacher.detach()))
        return (log_t.exp() * (log_t - log_s)).sum(dim=1).mean()

    other = beside(solution.train, objective=beside(OBJECTIVE, distillation=by_hand))
    torch.testing.assert_close(losses(other), losses(solution.train), rtol=1e-6, atol=0)


def test_the_solution_is_plain_pytorch():
    source = inspect.getsource(solution)
    imported = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert all("torch" in line or "contextlib" in line for line in imported) and len(source.splitlines()) < 150
    assert isinstance(solution.Network(), nn.Module)
