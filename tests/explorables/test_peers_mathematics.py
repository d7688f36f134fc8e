"""The lessons that the peers give one another in JavaScript are those of the training methods, gradients too."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.stage import Mathematics

import sgutils as sg

SEEDS = range(8)
EXACT = {"rtol": 1e-8, "atol": 1e-10}


@pytest.fixture(scope="module")
def peers(browser):
    page = browser.new_page()
    yield Mathematics(page, "peers/methods.js")
    page.close()


def networks(seed):
    """A maker of networks in double precision, whose classifiers are loud enough to disagree."""
    draw = torch.Generator().manual_seed(seed)

    def make():
        net = sg.resnet(8, num_classes=4, in_channels=1, widths=(4, 6, 8)).double()
        for parameter in net.parameters():
            parameter.data.add_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64) * 0.15)
        return net

    return make


def measured(method, classifiers, seed):
    """Losses of a method on one image; the logits that the classifiers gave, and the gradient of the sum on each."""
    outputs = []
    for classifier in classifiers:
        classifier.register_forward_hook(
            lambda module, given, output: (output.requires_grad_().retain_grad(), outputs.append(output))[1]
        )
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    label = seed % 4
    losses = method.double().eval()(x, torch.tensor([label]))
    losses["total"].backward()
    gradients = [torch.zeros(4) if z.grad is None else z.grad[0] for z in outputs]
    return [z[0].tolist() for z in outputs], label, losses, gradients


def assert_same_lesson(found, losses, gradients):
    np.testing.assert_allclose(found["total"], losses["total"].item(), **EXACT)
    np.testing.assert_allclose(found["distill"], losses["distill"].item(), **EXACT)
    for learner, gradient in zip(found["learners"], gradients, strict=True):
        np.testing.assert_allclose(np.add(learner["onCe"], learner["onDistill"]), gradient.numpy(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("tau", "averaged"), [(1.0, True), (1.0, False), (3.0, True)])
def test_mutual_learning(peers, seed, tau, averaged):
    method = sg.build_method("mutual-learning", networks(seed), tau=tau, averaged=averaged)
    logits, label, losses, gradients = measured(method, [net.classifier for net in method.nets], seed)
    options = {"tau": tau, "weight": 0.5 if averaged else 1}
    assert_same_lesson(peers("mutualLearning", [(logits, label, options)])[0], losses, gradients)


@pytest.mark.parametrize("seed", SEEDS)
def test_native_ensemble(peers, seed):
    method = sg.build_method("native-ensemble", networks(seed))
    method.on_epoch_start(2, 10)
    gate = []
    method.gate.register_forward_hook(lambda module, given, output: gate.append(F.softmax(output, dim=1)[0].tolist()))
    logits, label, losses, gradients = measured(method, [net.classifier for net in method.nets], seed)
    options = {"tau": 3, "weight": method.weight, "gate": gate[0]}
    found = peers("nativeEnsemble", [(logits, label, options)])[0]
    assert_same_lesson(found, losses, gradients)
    np.testing.assert_allclose(found["ce"], (losses["ce_students"] + losses["ce_teacher"]).item(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_diverse_peers(peers, seed):
    method = sg.build_method("diverse-peers", networks(seed))
    method.on_epoch_start(2, 10)
    sides = {}
    for name in ("query", "key"):
        getattr(method, name).register_forward_hook(
            lambda module, given, output, name=name: sides.__setitem__(name, output[0].detach())
        )
    logits, label, losses, gradients = measured(method, [net.classifier for net in method.nets], seed)
    options = {
        "tau": 3,
        "weight": method.weight,
        "attention": F.softmax(sides["query"] @ sides["key"].T, dim=1).tolist(),
    }
    assert_same_lesson(peers("diversePeers", [(logits, label, options)])[0], losses, gradients)


@pytest.mark.parametrize("seed", SEEDS)
def test_offline_distillation(peers, seed):
    make = networks(seed)
    method = sg.Distillation(make(), teacher=make(), lam=0.7, tau=4.0)
    logits, label, losses, gradients = measured(method, [method.net.classifier], seed)
    with torch.no_grad():
        teacher = method.teacher(
            torch.randn(1, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        )
    found = peers("offlineDistillation", [([teacher[0].tolist(), *logits], label, {"tau": 4, "weight": 0.7})])[0]
    assert found["learners"][0]["onCe"] == found["learners"][0]["onDistill"] == [0, 0, 0, 0]
    assert_same_lesson(found, losses, [torch.zeros(4), *gradients])


@pytest.mark.parametrize("seed", SEEDS)
def test_full_network_guides(peers, seed):
    method = sg.SelfGuidance(networks(seed)(), lam=0.25, tau=3.0, seed=seed)
    (sub, full), label, losses, gradients = measured(method, [method.net.classifier], seed)
    found = peers("fullNetworkGuides", [([full, sub], label, {"tau": 3, "weight": 0.25})])[0]
    assert_same_lesson(found, losses, gradients[::-1])


def test_attention_is_the_softmax_of_unscaled_products(peers):
    draw = np.random.default_rng(0)
    for sharpness in (0.0, 0.3, 2.0):
        z = torch.tensor(draw.normal(0, 2, (3, 5)))
        centred = z - z.mean(dim=1, keepdim=True)
        expected = F.softmax(sharpness * centred @ centred.T, dim=1)
        np.testing.assert_allclose(peers("attentionOf", [(z.tolist(), sharpness)])[0], expected.numpy(), **EXACT)


def test_agreement_is_one_for_equal_predictions_and_falls_as_they_part(peers):
    same, near, far = [[2.0, 0.0, 1.0]] * 3, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[40.0, 0.0, 0.0], [0.0, 40.0, 0.0]]
    values = peers("agreement", [(same,), (near,), (far,)])
    assert values[0] == pytest.approx(1) and 1 > values[1] > values[2] >= 0
    assert values[1] == pytest.approx(
        1 - 0.5 * (F.softmax(torch.tensor(near), 1).diff(dim=0)).abs().sum().item(), abs=1e-6
    )
