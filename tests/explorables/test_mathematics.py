"""The mathematics in JavaScript is that of sgutils, and of independent references, on random inputs."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Categorical, kl_divergence

import sgutils as sg
from sgutils.losses import KL_DIRECTIONS

EXACT = {"rtol": 1e-9, "atol": 1e-9}
FLOAT32 = {"rtol": 2e-5, "atol": 2e-5}  # what sgutils computes in single precision
NETWORKS = {"ResNet-20": sg.resnet20, "ResNet-32": sg.resnet32, "ResNet-50": sg.resnet50, "ResNet-110": sg.resnet110}


def close(actual, expected, tolerance=EXACT):
    expected = expected.detach().numpy() if isinstance(expected, torch.Tensor) else expected
    np.testing.assert_allclose(actual, expected, **tolerance)


@pytest.fixture(scope="module")
def cases():
    """(student, teacher, tau, label) with 2 to 10 classes, from even to extreme."""
    random = np.random.default_rng(0)
    made = []
    for _i in range(60):
        classes = random.integers(2, 11)
        scale = random.choice([0.1, 2.0, 12.0])
        student, teacher = random.normal(0, scale, (2, classes))
        made.append(
            (student.tolist(), teacher.tolist(), float(np.exp(random.uniform(-1, 3))), int(random.integers(classes)))
        )
    return made


def tensors(*vectors):
    return [torch.tensor(vector, dtype=torch.float64, requires_grad=True) for vector in vectors]


def reference_kl(student, teacher, tau, direction):
    p_student, p_teacher = Categorical(logits=student / tau), Categorical(logits=teacher / tau)
    return (
        kl_divergence(p_teacher, p_student) if direction == "teacher||student" else kl_divergence(p_student, p_teacher)
    )


def test_softmax_at_a_temperature(mathematics, cases):
    for (z, _, tau, _), p in zip(cases, mathematics("softmax", [(z, tau) for z, _, tau, _ in cases]), strict=True):
        close(p, sg.soft_targets(torch.tensor(z, dtype=torch.float64), tau))
        assert math.isclose(sum(p), 1, rel_tol=1e-12)


def test_cross_entropy_and_its_gradient(mathematics, cases):
    values = mathematics("crossEntropy", [(z, label) for z, _, _, label in cases])
    gradients = mathematics("crossEntropyGradient", [(z, label) for z, _, _, label in cases])
    for (z, _, _, label), value, gradient in zip(cases, values, gradients, strict=True):
        (logits,) = tensors(z)
        expected = F.cross_entropy(logits[None], torch.tensor([label]))
        expected.backward()
        close(value, expected.item())
        close(gradient, logits.grad)


@pytest.mark.parametrize("direction", KL_DIRECTIONS)
def test_kl_and_its_gradients(mathematics, cases, direction):
    arguments = [(student, teacher, tau, direction) for student, teacher, tau, _ in cases]
    values, gradients = (mathematics(name, arguments) for name in ("distillationKl", "distillationGradients"))
    for (student, teacher, tau, _), value, gradient in zip(arguments, values, gradients, strict=True):
        s, t = tensors(student, teacher)
        expected = reference_kl(s, t, tau, direction)
        expected.backward()
        close(value, expected.item())
        close(gradient["student"], s.grad)
        close(gradient["teacher"], t.grad)
        close(value, sg.distillation_kl(s.detach()[None], t.detach()[None], tau, direction).item(), FLOAT32)


def test_kl_is_teacher_to_student_unless_told_otherwise(mathematics, cases):
    values = mathematics("distillationKl", [(student, teacher, tau) for student, teacher, tau, _ in cases])
    for (student, teacher, tau, _), value in zip(cases, values, strict=True):
        close(value, reference_kl(*tensors(student, teacher), tau, "teacher||student").item())


@pytest.mark.parametrize("direction", KL_DIRECTIONS)
@pytest.mark.parametrize("detached", [True, False])
def test_objective_and_the_gradients_of_its_sum(mathematics, cases, direction, detached):
    lams = np.random.default_rng(1).uniform(0, 3, len(cases)).tolist()
    options = [
        {"lam": lam, "tau": c[2], "detachTeacher": detached, "direction": direction}
        for lam, c in zip(lams, cases, strict=True)
    ]
    found = mathematics(
        "selfGuidance", [(s, t, label, option) for (s, t, _, label), option in zip(cases, options, strict=True)]
    )
    for (student, teacher, tau, label), lam, terms in zip(cases, lams, found, strict=True):
        s, t = tensors(student, teacher)
        loss = sg.self_guidance_loss(s[None], t[None], torch.tensor([label]), lam, tau, detached, direction)
        for name, theirs in (
            ("ceStudent", loss.ce_student),
            ("ceTeacher", loss.ce_teacher),
            ("distill", loss.distill),
            ("total", loss.total),
        ):
            close(terms[name], theirs.item(), {"rtol": 1e-4, "atol": 1e-4 * (1 + lam * tau**2)})
        target, guide = torch.tensor([label]), t.detach() if detached else t
        total = F.cross_entropy(s[None], target) + F.cross_entropy(t[None], target)
        total = total + lam * tau**2 * reference_kl(s, guide, tau, direction)
        total.backward()
        close(terms["total"], total.item())
        for side, grad in (("onStudent", s.grad), ("onTeacher", t.grad)):
            close(np.add(terms[side]["ce"], terms[side]["distill"]), grad, {"rtol": 1e-8, "atol": 1e-8})


def test_survival_schedules_and_expected_depth(mathematics):
    arguments = [(blocks, p / 10) for blocks in (1, 9, 15, 24, 36) for p in range(11)]
    for function, theirs in (("linearDecay", sg.linear_decay), ("uniformSurvival", sg.uniform_survival)):
        schedules = mathematics(function, arguments)
        depths = mathematics("expectedDepth", [(p,) for p in schedules])
        for (blocks, last), p, depth in zip(arguments, schedules, depths, strict=True):
            close(p, theirs(blocks, last), {"rtol": 0, "atol": 1e-7})  # float32
            close(depth, sg.expected_depth(theirs(blocks, last)), {"rtol": 1e-6, "atol": 1e-6})


def test_depth_distribution_is_the_convolution_of_its_blocks(mathematics):
    random = np.random.default_rng(2)
    schedules = [random.uniform(0, 1, size).tolist() for size in (1, 2, 9, 15, 24, 36)] + [[0.0, 1.0, 0.5]]
    for p, mass in zip(schedules, mathematics("poissonBinomial", [(p,) for p in schedules]), strict=True):
        expected = np.ones(1)
        for survive in p:
            expected = np.convolve(expected, [1 - survive, survive])
        close(mass, expected)
        close(np.dot(mass, np.arange(len(mass))), sum(p))


def test_depth_distribution_counts_students(mathematics):
    p = [0.9, 0.3, 0.55, 0.8]
    brute = np.zeros(5)
    for number in range(16):
        gates = [number >> l & 1 for l in range(4)]
        brute[sum(gates)] += math.prod(q if gate else 1 - q for q, gate in zip(p, gates, strict=True))
    close(mathematics("poissonBinomial", [(p,)])[0], brute)


def test_random_numbers_are_even_and_repeat(mathematics):
    draw = "(seed) => { const next = M.randomNumbers(seed); return Array.from({ length: 20000 }, next); }"
    first, again, other = (np.array(mathematics.evaluate(draw, seed)) for seed in (3, 3, 4))
    assert (first == again).all() and (first != other).any()
    assert first.min() >= 0 and first.max() < 1
    assert np.abs(np.histogram(first, bins=10, range=(0, 1))[0] / 2000 - 1).max() < 0.1


def test_gates_are_drawn_with_their_probabilities(mathematics):
    p = [0, 0.25, 0.9, 1]
    draw = (
        "(p) => { const next = M.randomNumbers(0); return Array.from({ length: 4000 }, () => M.sampleGates(p, next)); }"
    )
    close(np.mean(mathematics.evaluate(draw, p), axis=0), p, {"rtol": 0, "atol": 0.03})


@pytest.fixture(scope="module")
def costs(mathematics):
    return mathematics.evaluate(
        "() => Object.fromEntries(Object.entries(M.NETWORKS).map(([name, network]) => [name, M.multiplyAdds(network)]))"
    )


def counted(net, gates):
    """Multiply-adds of the convolutions and the linear layer that a forward pass really runs."""
    total = 0

    def count(module, _, output):
        nonlocal total
        if isinstance(module, torch.nn.Linear):
            total += module.in_features * module.out_features
        else:
            total += output.shape[2] * output.shape[3] * module.weight.numel()

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, 32, 32), gates)
    for hook in hooks:
        hook.remove()
    return total


@pytest.mark.parametrize("name", NETWORKS)
def test_multiply_adds_are_those_of_the_network(costs, name):
    net = NETWORKS[name]()
    cost = costs[name]
    assert len(cost["branches"]) == net.num_blocks
    nothing = [0.0] * net.num_blocks
    assert cost["always"] == counted(net, nothing)
    assert cost["always"] + sum(cost["branches"]) == counted(net, None)
    for block, branch in enumerate(cost["branches"]):
        alone = [float(l == block) for l in range(net.num_blocks)]
        assert branch == counted(net, alone) - cost["always"]


def test_a_student_costs_three_quarters_of_its_network(mathematics, costs):
    expected = {"ResNet-32": 0.737, "ResNet-50": 0.741, "ResNet-110": 0.751}
    arguments = [(costs[name], sg.linear_decay(NETWORKS[name]().num_blocks).tolist()) for name in expected]
    for share, known in zip(mathematics("costShare", arguments), expected.values(), strict=True):
        assert round(share, 3) == known
