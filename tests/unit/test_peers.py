"""The methods that the paper compares with, each against its loss written out here from the equations of its source."""

import copy
import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

import sgutils as sg
from sgutils.methods.branches import ramp_up
from sgutils.training.record import load_run


def network(seed=0):
    torch.manual_seed(seed)
    return sg.resnet(20, num_classes=3, in_channels=1, widths=(4, 6, 8)).double().train()


def networks():
    """A maker of networks that all differ."""
    seeds = iter(range(100))
    return lambda: network(next(seeds))


def batch(n=12):
    return torch.randn(n, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1)), torch.arange(n) % 3


def kl(p_logits, q_logits, tau):
    p, q = F.softmax(p_logits / tau, -1), F.softmax(q_logits / tau, -1)
    return (p * (p / q).log()).sum(-1).mean()


def twin(method):
    """The same weights once more, to compute by hand without moving the method's statistics twice."""
    return copy.deepcopy(method)


def assert_same(total, method, expected, reference):
    """Equal value, and equal gradient on every parameter."""
    torch.testing.assert_close(total, expected)
    total.backward()
    expected.backward()
    for (name, ours), theirs in zip(method.named_parameters(), reference.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None), name
        if ours.grad is not None:
            torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize(
    ("method", "count"), [("mutual-learning", 1_400_718), ("native-ensemble", 1_175_639), ("diverse-peers", 1_530_872)]
)
def test_parameter_counts_of_tables_2_and_4(method, count):
    built = sg.build_method(method, lambda: sg.resnet32(num_classes=10))
    assert sum(p.numel() for p in built.parameters()) == count
    assert sum(p.numel() for p in built.deployed_network().parameters()) == 466_906


@pytest.mark.parametrize(("tau", "averaged"), [(1.0, True), (1.0, False), (3.0, True)])
def test_mutual_learning(tau, averaged):
    method, (x, y) = sg.build_method("mutual-learning", networks(), tau=tau, averaged=averaged), batch()
    reference = twin(method)
    z = [net(x) for net in reference.nets]
    expected = 0
    for k in range(3):
        peers = sum(kl(z[other].detach(), z[k], tau) for other in range(3) if other != k)
        expected = expected + F.cross_entropy(z[k], y) + tau**2 * (peers / 2 if averaged else peers)
    assert_same(method(x, y)["total"], method, expected, reference)


def test_the_branches_of_one_trunk_are_whole_networks_that_share_stem_and_two_stages():
    one, two, three = sg.build_method("native-ensemble", networks()).nets
    assert one.stem is two.stem is three.stem
    assert [a is b for a, b in zip(one.blocks, two.blocks, strict=True)] == [True] * 6 + [False] * 3
    assert one.classifier is not two.classifier
    assert not torch.equal(one.blocks[8].branch[0].weight, three.blocks[8].branch[0].weight)


def stage_two(net, x):
    h = net.stem(x)
    for block in net.blocks[:6]:
        h = block(h, 1.0)
    return h


def head(net, h):
    for block in net.blocks[6:]:
        h = block(h, 1.0)
    return h.mean((2, 3))


def test_native_ensemble():
    method, (x, y) = sg.build_method("native-ensemble", networks(), tau=3.0).double(), batch()
    method.on_epoch_start(40, 300)
    reference = twin(method)
    h = stage_two(reference.nets[0], x)
    z = [net.classifier(head(net, h)) for net in reference.nets]
    linear, norm, _ = reference.gate
    scores = linear(h.mean((2, 3)))
    scores = (scores - scores.mean(0)) / (scores.var(0, unbiased=False) + norm.eps).sqrt() * norm.weight + norm.bias
    g = F.softmax(scores.clamp(min=0), 1)
    teacher = sum(g[:, k : k + 1] * z[k] for k in range(3))
    weight = math.exp(-5 * (1 - 40 / 80) ** 2)
    expected = F.cross_entropy(teacher, y) + sum(F.cross_entropy(s, y) for s in z)
    expected = expected + weight * 9 * sum(kl(teacher.detach(), s, 3.0) for s in z)
    assert_same(method(x, y)["total"], method, expected, reference)


def test_diverse_peers():
    method, (x, y) = sg.build_method("diverse-peers", networks()).double(), batch()
    method.on_epoch_start(100, 300)
    reference = twin(method)
    h = stage_two(reference.nets[0], x)
    f = [head(net, h) for net in reference.nets]
    z = [net.classifier(features) for net, features in zip(reference.nets, f, strict=True)]
    q, k = ([layer(features) for features in f[:3]] for layer in (reference.query, reference.key))
    expected = sum(F.cross_entropy(logits, y) for logits in z)
    for i in range(3):
        scores = torch.stack([(q[i] * k[j]).sum(1) for j in range(3)], 1)
        weights = F.softmax(scores, 1)
        mixture = sum(weights[:, j : j + 1] * z[j] for j in range(3))
        expected = expected + 9 * kl(mixture, z[i], 3.0)
    expected = expected + 9 * kl((z[0] + z[1] + z[2]) / 3, z[3], 3.0)
    assert_same(method(x, y)["total"], method, expected, reference)


def test_the_leader_is_deployed():
    method, (x, _) = sg.build_method("diverse-peers", networks()).double().eval(), batch()
    torch.testing.assert_close(method.predict(x), method.nets[3](x))


def test_cosub():
    method, (x, y) = sg.Cosub(network(), lam=0.3, tau=2.0, seed=4), batch()
    reference, generator = twin(method.net), torch.Generator().manual_seed(4)
    p = 1 - torch.arange(1, 10) / 9 * 0.5
    b1, b2 = ((torch.rand(9, generator=generator) < p).float().tolist() for _ in range(2))
    assert b1 != b2
    one, two = reference(x, b1), reference(x, b2)
    expected = 0.7 * (F.cross_entropy(one, y) + F.cross_entropy(two, y)) / 2
    expected = expected + 0.3 * 4 * (kl(two.detach(), one, 2.0) + kl(one.detach(), two, 2.0)) / 2
    assert_same(method(x, y)["total"], method.net, expected, reference)


def test_distillation():
    teacher, (x, y) = network(9), batch()
    teacher(x)
    method = sg.Distillation(network(), teacher=copy.deepcopy(teacher), lam=0.6, tau=4.0).train()
    before = copy.deepcopy(method.teacher.state_dict())
    reference = twin(method.net)
    z = reference(x)
    expected = F.cross_entropy(z, y) + 0.6 * 16 * kl(teacher.eval()(x).detach(), z, 4.0)
    assert_same(method(x, y)["total"], method.net, expected, reference)
    assert all(torch.equal(before[key], value) for key, value in method.teacher.state_dict().items())
    assert not any(p.requires_grad for p in method.teacher.parameters())


def test_a_teacher_comes_from_the_file_of_a_finished_run(tmp_path):
    teacher, (x, _) = network(9).eval(), batch()
    sg.save_network(tmp_path / "network.pt", teacher)
    method = sg.build_method("distillation", network, teacher=str(tmp_path / "network.pt"))
    torch.testing.assert_close(method.teacher.double()(x), teacher(x))


def test_without_a_teacher_one_is_trained_first_plainly_and_by_the_same_recipe(tmp_path):
    small = {"train_examples": 96, "test_examples": 20, "batch_size": 32, "epochs": 2, "lr": 0.05, "seed": 3}
    config = sg.Config(dataset="digits", model="resnet20", method="distillation", **small)
    sg.train(config, tmp_path / "run", quiet=True)
    plain = dataclasses.replace(config, method="baseline", options={})
    expected = sg.train(plain, tmp_path / "plain", quiet=True)
    teacher = sg.load_network(tmp_path / "run" / "teacher" / "network.pt").state_dict()
    for key, value in sg.load_network(tmp_path / "plain" / "network.pt").state_dict().items():
        assert torch.equal(value, teacher[key])
    recorded = load_run(tmp_path / "run" / "teacher" / "result.json")
    assert recorded.config == plain.as_dict() and recorded.curves == expected.curves
    used = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["trainer"]["method"]
    assert all(torch.equal(used[f"teacher.{key}"], value) for key, value in teacher.items())


@pytest.mark.parametrize("tests_before", [1, 4])  # the teacher is tested after each epoch and once on what it learnt
def test_a_run_that_is_stopped_while_its_teacher_or_its_student_trains_goes_on_there(
    tests_before, tmp_path, monkeypatch
):
    small = {"train_examples": 96, "test_examples": 51, "batch_size": 32, "epochs": 2}
    config = sg.Config(dataset="digits", model="resnet20", method="distillation", **small)
    whole = sg.train(config, quiet=True)
    out = tmp_path / "run"
    tests, error = iter(range(5)), sg.Trainer.error

    def interrupt(self, loader):
        if next(tests) == tests_before:
            raise KeyboardInterrupt
        return error(self, loader)

    monkeypatch.setattr(sg.Trainer, "error", interrupt)
    stopped = sg.train(config, out, quiet=True)
    monkeypatch.undo()
    assert stopped.status == "interrupted" and "Stopped after 1 of 2 epochs." in stopped.message
    resumed = sg.resume(out, quiet=True)
    assert resumed.status == "finished" and resumed.curves == whole.curves and len(resumed.curves["test_error"]) == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: sg.Distillation(network(), teacher="nowhere/network.pt"),
            "nowhere/network.pt is missing.*finished run",
        ),
        (
            lambda: sg.Distillation(network(), teacher=sg.resnet20(7)),
            "3 channels and knows 7 classes, the student 1 and 3",
        ),
        (lambda: sg.Cosub(network(), lam=1.5), "lam.*1.5"),
        (lambda: sg.build_method("mutual-learning", network, tau=0), "tau"),
        (lambda: sg.build_method("native-ensemble", network, tau=-1.0), "tau"),
        (lambda: sg.build_method("diverse-peers", network, tau="3"), "tau"),
        (lambda: sg.MutualLearning([network()]), "nets must be two networks or more, not 1"),
        (lambda: sg.DiversePeers([network()]), "nets must be two networks or more, not 1"),
        (lambda: sg.NativeEnsemble([]), "nets must be two networks or more, not 0"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


class Wrapped(torch.nn.Module):
    """A gated network that is none of ours."""

    def __init__(self, net):
        super().__init__()
        self.net, self.num_blocks = net, net.num_blocks
        self.features, self.fold = net.features, net.fold

    def forward(self, x, gates=None):
        return self.net(x, gates)


@pytest.mark.parametrize("method", ["mutual-learning", "native-ensemble", "diverse-peers"])
@pytest.mark.parametrize("again", [lambda net: net, Wrapped])
def test_one_network_is_not_two_peers(method, again):
    net = network()
    with pytest.raises(sg.InputError, match="networks are one and the same|not of Wrapped"):
        sg.build_method(method, lambda: again(net))
    with pytest.raises(sg.InputError, match="networks are one and the same"):
        sg.Distillation(net, teacher=again(net))
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_the_ramp_is_the_published_one_and_scales_with_the_run():
    assert ramp_up(0, 300) == pytest.approx(math.exp(-5)) and ramp_up(80, 300) == ramp_up(299, 300) == 1.0
    assert ramp_up(20, 300) == pytest.approx(math.exp(-5 * 0.75**2)) == pytest.approx(ramp_up(2, 30))


@pytest.mark.parametrize("method", ["native-ensemble", "diverse-peers"])
def test_branches_are_made_of_our_resnets_alone(method):
    with pytest.raises(sg.InputError, match=r"this package's ResNets \(sgutils.resnet\), not of Wrapped"):
        sg.build_method(method, lambda: Wrapped(network()))


def test_any_network_learns_from_any_teacher():
    method = sg.Distillation(Wrapped(network()), teacher=Wrapped(network(1)))
    x, y = batch()
    method(x, y)["total"].backward()
    assert all(p.grad is None for p in method.teacher.parameters())
    with pytest.raises(sg.InputError, match="Distillation needs a teacher"):
        sg.Distillation(Wrapped(network()))
