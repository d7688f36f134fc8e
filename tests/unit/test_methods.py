import copy

import pytest
import torch
import torch.nn.functional as F

import sgutils as sg
from sgutils.methods import options


def network(seed=0):
    torch.manual_seed(seed)
    return sg.resnet(20, num_classes=3, in_channels=1, widths=(4, 6, 8)).double().train()


def build(name, **options):
    """Any method around small networks."""
    if name == "distillation":
        options["teacher"] = network(1)
    return sg.build_method(name, network, **options).double()


DRAWING = {"stochastic-depth", "self-guidance", "cosub"}


def batch(n=16):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 1, 8, 8, dtype=torch.float64, generator=generator), torch.arange(n) % 3


def student_of(seed):
    """The first student that a method with this seed draws, by the definition: a uniform number below p_l."""
    p = 1 - torch.arange(1, 10) / 9 * 0.5
    return (torch.rand(9, generator=torch.Generator().manual_seed(seed)) < p).float().tolist()


def statistics(net):
    return {key: value.clone() for key, value in net.state_dict().items() if "running" in key}


def moved(before, net):
    return {key for key, value in statistics(net).items() if not torch.equal(before[key], value)}


def test_baseline_is_cross_entropy_of_the_plain_network():
    net, (x, y) = network(), batch()
    losses = sg.Baseline(copy.deepcopy(net))(x, y)
    torch.testing.assert_close(losses["total"], F.cross_entropy(net(x), y))
    assert losses["error"].item() == (copy.deepcopy(net)(x).argmax(1) != y).float().mean().item()


def test_stochastic_depth_trains_the_student_that_its_seed_draws():
    net, (x, y) = network(), batch()
    losses = sg.StochasticDepth(copy.deepcopy(net), seed=7)(x, y)
    torch.testing.assert_close(losses["total"], F.cross_entropy(net(x, student_of(7)), y))


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("direction", ["teacher||student", "student||teacher"])
def test_self_guidance_is_equation_5_with_its_gradients(detach, direction):
    net, (x, y) = network(), batch()
    method = sg.SelfGuidance(
        copy.deepcopy(net), lam=0.4, tau=2.0, detach_teacher=detach, kl_direction=direction, seed=3
    )
    losses = method(x, y)
    losses["total"].backward()

    student, teacher = net(x, student_of(3)), net(x, (1 - torch.arange(1, 10) / 9 * 0.5).tolist())
    guide = teacher.detach() if detach else teacher
    p_t, p_s = (F.softmax(z / 2.0, -1) for z in (guide, student))
    p, q = (p_t, p_s) if direction == "teacher||student" else (p_s, p_t)
    kl = (p * (p.log() - q.log())).sum(-1).mean()
    total = F.cross_entropy(student, y) + F.cross_entropy(teacher, y) + 0.4 * 2.0**2 * kl
    total.backward()
    torch.testing.assert_close(losses["total"], total)
    for ours, theirs in zip(method.net.parameters(), net.parameters(), strict=True):
        expected = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
        torch.testing.assert_close(ours.grad, expected)


def test_without_backward_full_the_teacher_only_guides():
    net, (x, y) = network(), batch()
    method = sg.SelfGuidance(copy.deepcopy(net), backward_full=False, lam=0.5, seed=3)
    losses = method(x, y)
    losses["total"].backward()
    gates = student_of(3)
    with torch.no_grad():
        teacher = net(x, method.students.p)
    student = net(x, gates)
    total = F.cross_entropy(student, y) + 0.5 * 9 * sg.distillation_kl(student, teacher, 3.0)
    torch.testing.assert_close(losses["total"], total)
    assert "ce_teacher" not in losses and 0.0 in gates
    for gate, block in zip(gates, method.net.blocks, strict=True):
        assert all((p.grad is not None) == (gate == 1) for p in block.branch.parameters())


def test_the_teacher_gives_every_block_a_gradient():
    method, (x, y) = sg.SelfGuidance(network(), seed=3), batch()
    method(x, y)["total"].backward()
    assert 0.0 in student_of(3)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.net.blocks.parameters())


def test_only_the_teachers_pass_moves_the_running_statistics_by_default():
    net, (x, y) = network(), batch()
    method, reference = sg.SelfGuidance(copy.deepcopy(net), seed=3), copy.deepcopy(net)
    method(x, y)
    reference(x, method.students.p)
    for key, value in statistics(reference).items():
        torch.testing.assert_close(statistics(method.net)[key], value)
    assert all(module.track_running_stats for module in method.modules() if isinstance(module, torch.nn.BatchNorm2d))


def test_both_passes_move_the_running_statistics_if_asked():
    net, (x, y) = network(), batch()
    method, reference = sg.SelfGuidance(copy.deepcopy(net), bn_statistics="both", seed=3), copy.deepcopy(net)
    method(x, y)
    reference(x, student_of(3))
    reference(x, method.students.p)
    for key, value in statistics(reference).items():
        torch.testing.assert_close(statistics(method.net)[key], value)


def test_recalibration_happens_at_the_end_and_only_if_asked():
    x, _ = batch()
    for policy in ("teacher", "both", "recalibrate"):
        method = sg.SelfGuidance(network(), bn_statistics=policy)
        before = statistics(method.net)
        method.on_train_end([x])
        assert bool(moved(before, method.net)) == (policy == "recalibrate")


def test_a_skipped_block_leaves_its_statistics_alone():
    net, (x, y) = network(), batch()
    before, gates = statistics(net), student_of(3)
    method = sg.StochasticDepth(net, seed=3)
    method(x, y)
    for index, gate in enumerate(gates):
        touched = {key for key in moved(before, net) if key.startswith(f"blocks.{index}.branch")}
        assert bool(touched) == (gate == 1)


@pytest.mark.parametrize("name", sg.METHODS)
def test_what_is_deployed_is_one_ordinary_network(name):
    method = build(name).eval()
    x, _ = batch()
    torch.testing.assert_close(method.deployed_network().eval()(x), method.predict(x))


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_the_deployed_teacher_weights_each_block_by_its_survival_probability(name):
    method = sg.build_method(name, network, p_last=0.2).eval()
    x, _ = batch()
    torch.testing.assert_close(method.predict(x), method.net(x, [1 - depth / 9 * 0.8 for depth in range(1, 10)]))


@pytest.mark.parametrize("name", sg.METHODS)
def test_same_seed_same_losses_other_seed_other_students(name):
    x, y = batch()
    first, again, other = (build(name, seed=s)(x, y)["total"].item() for s in (1, 1, 2))
    assert first == again
    assert (first != other) == (name in DRAWING)


def test_the_state_remembers_where_the_student_generator_stands():
    x, y = batch()
    method = sg.StochasticDepth(network(), seed=1)
    method(x, y)
    twin = sg.StochasticDepth(network(), seed=99)
    twin.load_state_dict(method.state_dict())
    assert [method.students().tolist() for _ in range(5)] == [twin.students().tolist() for _ in range(5)]


@pytest.mark.parametrize("name", sg.METHODS)
def test_losses_are_zero_dimensional_and_errors_carry_no_gradient(name):
    x, y = batch()
    losses = build(name)(x, y)
    assert all(value.ndim == 0 for value in losses.values())
    assert losses["total"].requires_grad and not losses["error"].requires_grad


def test_options_come_from_the_signature():
    assert {key: p.default for key, p in options("self-guidance").items()} == {
        "lam": 0.25,
        "tau": 3.0,
        "p_last": 0.5,
        "detach_teacher": True,
        "kl_direction": "teacher||student",
        "bn_statistics": "teacher",
        "backward_full": True,
        "scaling": "test",
        "label_smoothing": 0.0,
    }


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sg.build_method("nope", network), "Unknown method 'nope'.*self-guidance"),
        (lambda: sg.build_method("baseline", network, lam=1.0), "no option 'lam'"),
        (lambda: sg.SelfGuidance(network(), tau=0), "tau"),
        (lambda: sg.SelfGuidance(network(), lam=-1), "lam"),
        (lambda: sg.SelfGuidance(network(), p_last=1.01), "p_last.*1.01"),
        (lambda: sg.SelfGuidance(network(), kl_direction="up"), "kl_direction.*up"),
        (lambda: sg.SelfGuidance(network(), bn_statistics="none"), "bn_statistics.*none"),
        (lambda: sg.StochasticDepth(network(), p_last=-0.5), "p_last.*-0.5"),
        (lambda: sg.StochasticDepth(network(), scaling="both"), "scaling must be one of test, train, not 'both'"),
        (lambda: sg.Baseline(network(), label_smoothing=1.5), "label_smoothing.*1.5"),
        (lambda: sg.SelfGuidance(network(), label_smoothing=-1), "label_smoothing.*-1"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def inverted(seed):
    """The first student of a seed with its surviving branches divided by p_l."""
    return [b / (1 - depth / 9 * 0.5) for depth, b in enumerate(student_of(seed), start=1)]


def test_scaled_in_training_the_student_has_b_over_p_and_the_teacher_1():
    net, (x, y) = network(), batch()
    method = sg.SelfGuidance(copy.deepcopy(net), scaling="train", lam=0.4, tau=2.0, seed=3)
    losses = method(x, y)
    student, teacher = net(x, inverted(3)), net(x)
    kl = sg.distillation_kl(student, teacher.detach(), 2.0)
    torch.testing.assert_close(losses["total"], F.cross_entropy(student, y) + F.cross_entropy(teacher, y) + 1.6 * kl)
    assert max(inverted(3)) > 1


def test_scaled_in_training_stochastic_depth_is_the_inverted_one():
    net, (x, y) = network(), batch()
    losses = sg.StochasticDepth(copy.deepcopy(net), scaling="train", seed=7)(x, y)
    torch.testing.assert_close(losses["total"], F.cross_entropy(net(x, inverted(7)), y))


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_scaled_in_training_the_network_as_it_stands_is_deployed(name):
    method, (x, y) = build(name, scaling="train"), batch()
    method(x, y)
    method.eval()
    assert torch.equal(method.predict(x), method.net(x))
    assert torch.equal(method.deployed_network()(x), method.net(x))


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_a_block_that_never_survives_is_no_division_by_zero(name):
    method, (x, y) = build(name, scaling="train", p_last=0.0), batch()
    assert method(x, y)["total"].isfinite() and method.students.draw().isfinite().all()


@pytest.mark.parametrize("scaling", ["test", "train"])
@pytest.mark.parametrize("p_last", [0.0, 0.5])
def test_unused_parameters_are_looked_for_where_a_step_may_leave_some(scaling, p_last):
    method, (x, y) = sg.SelfGuidance(network(), scaling=scaling, p_last=p_last, seed=3), batch()
    method(x, y)["total"].backward()
    unused = any(parameter.grad is None for parameter in method.parameters())
    assert method.find_unused_parameters == unused


@pytest.mark.parametrize("name", ["baseline", "stochastic-depth", "self-guidance"])
def test_label_smoothing_is_the_cross_entropy_against_a_target_that_shares(name):
    (x, y), smooth = batch(), 0.3
    target = F.one_hot(y, 3) * (1 - smooth) + smooth / 3

    def cross_entropy(logits):
        return -(target * F.log_softmax(logits, 1)).sum(1).mean()

    method = build(name, label_smoothing=smooth, **({} if name == "baseline" else {"seed": 3}))
    net = copy.deepcopy(method.net)
    losses = method(x, y)
    if name == "self-guidance":
        torch.testing.assert_close(losses["ce_student"], cross_entropy(net(x, student_of(3))))
        torch.testing.assert_close(losses["ce_teacher"], cross_entropy(net(x, method.students.p)))
    else:
        torch.testing.assert_close(
            losses["total"], cross_entropy(net(x, None if name == "baseline" else student_of(3)))
        )


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_a_captured_step_reads_its_gates_and_draws_none(name):
    method, (x, y) = build(name, seed=5), batch()
    twin = copy.deepcopy(method)
    state = method.students.get_extra_state()
    method.students.captured_gates = torch.ones(method.students.shape)
    method.students.captured_gates.copy_(twin.students.draw())
    twin.students.set_extra_state(state)
    losses, drawn = method(x, y), twin(x, y)
    assert torch.equal(losses["total"], drawn["total"])
    assert torch.equal(method.students.get_extra_state(), state), "it drew"
    assert not torch.equal(twin.students.get_extra_state(), state)
    assert "captured_gates" not in "".join(method.state_dict())


@pytest.mark.parametrize("method", [sg.SelfGuidance, sg.StochasticDepth, sg.Cosub])
def test_a_network_without_gates_is_refused_in_a_sentence_that_says_what_to_do(method):
    with pytest.raises(
        sg.InputError, match=r"Linear has no gates: give a gated network, such as sgutils.gated\(model\)"
    ):
        method(torch.nn.Linear(2, 3))


def test_plain_training_takes_any_network():
    x, y = torch.randn(5, 2), torch.arange(5) % 3
    method = sg.Baseline(torch.nn.Linear(2, 3))
    torch.testing.assert_close(method(x, y)["total"], F.cross_entropy(method.net(x), y))
    assert method.deployed_network() is method.net


def test_a_readers_method_with_the_old_names_of_the_hooks_still_works():
    with pytest.warns(FutureWarning, match="Mine.begin_epoch is now on_epoch_start"):

        class Mine(sg.Baseline):
            def begin_epoch(self, index, epochs):
                self.seen = index, epochs

    mine = Mine(network())
    mine.on_epoch_start(3, 7)
    assert mine.seen == (3, 7)
    with pytest.warns(FutureWarning, match="StudentSampler is now GateSampler"):
        assert sg.methods.StudentSampler is sg.GateSampler
