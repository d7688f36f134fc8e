"""The checks of the chapter *From scratch*: the solution passes, what is missing fails, and a usual mistake gets its own hint."""

import inspect

import pytest
import torch
import torch.nn.functional as F
from support.mutated import mutated
from torch import nn

from sgutils.exercises import from_scratch, solution
from sgutils.exercises.from_scratch import (
    check_block,
    check_distillation,
    check_drawing,
    check_network,
    check_objective,
    check_training,
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
STUDENT = "    with statistics_kept(net):\n        student = net(x, b)"
ZERO = "        optimizer.zero_grad()\n"
STEP = "        loss.backward()\n        optimizer.step()\n"
MISTAKES = [
    (check_block, mutated(BLOCK, ("gate * branch(h) + shortcut(h)", "gate * (branch(h) + shortcut(h))")), "weighs the branch alone"),
    (check_block, mutated(BLOCK, ("gate * branch(h)", "branch(h)")), "gate is not used"),
    (check_block, mutated(BLOCK, ("return F.relu(gate * branch(h) + shortcut(h))", "return gate * branch(h) + shortcut(h)")), "ReLU behind the sum"),
    (check_block, mutated(BLOCK, ("+ shortcut(h))", "+ h)")), "shortcut(h) should be"),
    (check_block, lambda branch, shortcut, h, gate: F.relu(gate * branch(h) + shortcut(h)), "branch is computed all the same"),
    (check_block, lambda branch, shortcut, h, gate: F.relu(0.5 * branch(h)), "shortcut is missing"),
    (check_network, network(("branch, shortcut, h, gate)", "branch, shortcut, h, 1.0)")), "gates are not used"),
    (check_network, network(("self.shortcuts, gates,", "self.shortcuts, list(gates)[::-1],")), "from the last block to the first"),
    (check_network, network(("h.mean(dim=(2, 3))", "h.sum(dim=(2, 3))")), "is a sum"),
    (check_network, network(("return self.classifier(h.mean(dim=(2, 3)))", "return self.classifier(h.mean(dim=(2, 3))).softmax(1)")), "softmax"),
    (check_network, network(("h.mean(dim=(2, 3))", "h")), "stops with RuntimeError"),
    (check_distillation, mutated(DISTILL, ("(student_logits / tau", "(teacher_logits / tau"), ("teacher_logits.detach()", "student_logits.detach()")), "exchanged"),
    (check_distillation, mutated(DISTILL, (" / tau", "")), "temperature is missing"),
    (check_distillation, mutated(DISTILL, ("batchmean", "mean")), "sums over the classes"),
    (check_distillation, mutated(DISTILL, ("batchmean", "sum")), "mean over the mini-batch"),
    (check_distillation, mutated(DISTILL, ("F.log_softmax", "F.softmax")), "log-probabilities"),
    (check_distillation, mutated(DISTILL, ("return F.", "return tau**2 * F.")), "belongs to the objective"),
    (check_distillation, mutated(DISTILL, (".detach()", "")), "teacher is pulled as well"),
    (check_objective, mutated(OBJECTIVE, (" * tau**2", "")), "tau squared is missing"),
    (check_objective, mutated(OBJECTIVE, ("lam * tau", "tau")), "lambda is missing"),
    (check_objective, mutated(OBJECTIVE, (" + F.cross_entropy(teacher, y)", "")), "teacher has to learn"),
    (check_objective, mutated(OBJECTIVE, ("F.cross_entropy(student, y) + ", "")), "student has to learn"),
    (check_objective, mutated(OBJECTIVE, ("net(x, p)", "net(x, torch.ones(3))")), "gates p"),
    (check_objective, mutated(OBJECTIVE, (STUDENT, "    student = net(x, b)")), "student's pass moves"),
    (check_objective, mutated(OBJECTIVE, ("    teacher = net", "        teacher = net")), "No pass moves"),
    (check_training, mutated(solution.train, (ZERO, "")), "add up"),
    (check_training, mutated(solution.train, (STEP, "")), "never move"),
    (check_training, mutated(solution.train, ("    net.train()", "    b = draw(p, generator)\n    net.train()"), ("draw(p, generator), lam", "b, lam")), "One student trains"),
    (check_training, mutated(solution.train, ("net.train()", "net.eval()")), "evaluation mode"),
    (check_training, mutated(solution.train, ("    return losses", "")), "No loss comes back"),
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
    ((solution.survival, lambda p, g: p), "yours are the probabilities"),
]


@pytest.mark.parametrize(("check", "answer", "words"), MISTAKES, ids=[f"{c.__name__}: {w}" for c, _, w in MISTAKES])
def test_a_usual_mistake_gets_a_hint_of_its_own(said, check, answer, words):
    assert "not yet" in (found := said(check, answer)) and words in found


@pytest.mark.parametrize(("answers", "words"), DRAWING, ids=[words for _, words in DRAWING])
def test_a_usual_mistake_in_drawing_gets_a_hint_of_its_own(said, answers, words):
    assert "not yet" in (found := said(check_drawing, *answers)) and words in found


def test_each_check_names_five_mistakes_or_more():
    for check in SOLVED:
        tried = DRAWING if check is check_drawing else [words for known, _, words in MISTAKES if known is check]
        assert len(tried) >= 5


def test_the_solution_has_the_losses_of_the_package_to_the_last_digits():
    batches = [(from_scratch.images(16, seed), torch.arange(16) % 10) for seed in range(5)]
    reference = from_scratch.reference_network()
    net = solution.Network(widths=from_scratch.WIDTHS)
    from_scratch.copy_weights(reference, net)
    p = solution.survival(3, 0.5)
    losses = solution.train(net, batches, p, torch.Generator().manual_seed(from_scratch.SEED))
    expected = from_scratch.losses_of_sgutils(reference, batches)
    torch.testing.assert_close(torch.tensor(losses, dtype=torch.float64), expected, rtol=1e-6, atol=0)


def test_the_solution_is_plain_pytorch():
    source = inspect.getsource(solution)
    imported = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert all("torch" in line or "contextlib" in line for line in imported) and len(source.splitlines()) < 150
    assert isinstance(solution.Network(), nn.Module)
