import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

import sgutils as sg

taus = st.floats(0.3, 30)
lams = st.floats(0, 5)
seeds = st.integers(0, 2**31)


def draw(seed, n=5, k=7):
    rng = np.random.default_rng(seed)
    student, teacher = (torch.tensor(rng.normal(scale=3, size=(n, k)), requires_grad=True) for _ in range(2))
    return student, teacher, torch.tensor(rng.integers(0, k, n))


@given(seed=seeds, tau=taus)
def test_soft_targets_are_scipys_softmax(seed, tau):
    z = draw(seed)[0].detach()
    np.testing.assert_allclose(sg.soft_targets(z, tau), softmax(z.numpy() / tau, axis=-1), rtol=1e-10)


@given(seed=seeds, tau=taus)
def test_kl_is_scipys_relative_entropy_in_both_directions(seed, tau):
    student, teacher, _ = (t.detach() for t in draw(seed))
    p_s, p_t = (softmax(z.numpy() / tau, axis=-1) for z in (student, teacher))
    for direction, p, q in (("teacher||student", p_t, p_s), ("student||teacher", p_s, p_t)):
        expected = rel_entr(p, q).sum(axis=-1).mean()
        assert sg.distillation_kl(student, teacher, tau, direction).item() == pytest.approx(
            expected, rel=1e-9, abs=1e-12
        )


def test_the_default_direction_is_teacher_to_student():
    student, teacher, _ = (t.detach() for t in draw(0))
    both = [sg.distillation_kl(student, teacher, 2.0, d).item() for d in ("teacher||student", "student||teacher")]
    assert sg.distillation_kl(student, teacher, 2.0).item() == both[0] != pytest.approx(both[1])


def test_equal_logits_have_no_divergence_and_a_constant_shift_does_not_matter():
    z = draw(1)[0].detach()
    assert sg.distillation_kl(z, z + 4.0, 3.0).item() == pytest.approx(0, abs=1e-12)


@given(seed=seeds, tau=taus)
def test_gradient_of_the_distillation_term_is_tau_times_the_gap(seed, tau):
    """d/dz_S of tau^2 KL(p_T || p_S) is tau (p_S - p_T), here a batch mean."""
    student, teacher, _ = draw(seed)
    (tau**2 * sg.distillation_kl(student, teacher.detach(), tau)).backward()
    gap = softmax(student.detach().numpy() / tau, -1) - softmax(teacher.detach().numpy() / tau, -1)
    np.testing.assert_allclose(student.grad, tau * gap / len(student), rtol=1e-8, atol=1e-12)


@given(seed=seeds, tau=taus, lam=lams)
def test_the_objective_and_its_gradients_are_their_closed_form(seed, tau, lam):
    student, teacher, target = draw(seed)
    n, k = student.shape
    loss = sg.self_guidance_loss(student, teacher, target, lam=lam, tau=tau)
    s, t = (z.detach().numpy() for z in (student, teacher))
    rows, y = np.arange(n), target.numpy()
    ce_s, ce_t = (-log_softmax(z, -1)[rows, y].mean() for z in (s, t))
    kl = rel_entr(softmax(t / tau, -1), softmax(s / tau, -1)).sum(-1).mean()
    for value, expected in zip(loss, (ce_s + ce_t + lam * tau**2 * kl, ce_s, ce_t, kl), strict=True):
        assert value.ndim == 0 and value.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    loss.total.backward()
    onehot = np.eye(k)[y]
    pull = lam * tau * (softmax(s / tau, -1) - softmax(t / tau, -1))
    np.testing.assert_allclose(student.grad, (softmax(s, -1) - onehot + pull) / n, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(teacher.grad, (softmax(t, -1) - onehot) / n, rtol=1e-8, atol=1e-12)


def test_an_attached_teacher_gets_the_gradient_of_the_kl_too():
    student, teacher, target = draw(3)
    sg.self_guidance_loss(student, teacher, target, lam=0.7, tau=2.0, detach_teacher=False).total.backward()
    attached = teacher.grad.clone()
    # dKL(p||q)/dz_T = p (log p - log q - KL) / tau, row by row
    s, t = (z.detach().numpy() / 2.0 for z in (student, teacher))
    p, difference = softmax(t, -1), log_softmax(t, -1) - log_softmax(s, -1)
    kl = (p * difference).sum(-1, keepdims=True)
    of_kl = 0.7 * 2.0 * p * (difference - kl) / len(s)
    of_ce = (softmax(teacher.detach().numpy(), -1) - np.eye(7)[target]) / len(s)
    np.testing.assert_allclose(attached, of_ce + of_kl, rtol=1e-8, atol=1e-12)


def test_total_is_the_sum_of_the_terms_as_printed_in_the_paper():
    student, teacher, target = draw(4)
    loss = sg.self_guidance_loss(student, teacher, target)
    expected = loss.ce_student + loss.ce_teacher + 0.25 * 3.0**2 * loss.distill
    torch.testing.assert_close(loss.total, expected)


@pytest.mark.parametrize("direction", ["teacher||student", "student||teacher"])
def test_gradcheck_of_both_directions(direction):
    student, teacher, _ = draw(5)
    assert torch.autograd.gradcheck(lambda s, t: sg.distillation_kl(s, t, 3.0, direction), (student, teacher))


def test_half_precision_logits_are_compared_in_single_precision():
    student, teacher, _ = (t.detach() for t in draw(6))
    half = sg.distillation_kl(student.bfloat16(), teacher.bfloat16(), 3.0)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, sg.distillation_kl(student.bfloat16().float(), teacher.bfloat16().float(), 3.0))


def test_extreme_logits_stay_finite():
    student, teacher = torch.tensor([[300.0, -300.0]]), torch.tensor([[-300.0, 300.0]])
    loss = sg.self_guidance_loss(student, teacher, torch.tensor([0]), tau=0.5)
    assert all(math.isfinite(term.item()) for term in loss)


Z, Y = torch.zeros(2, 3), torch.zeros(2, dtype=torch.long)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sg.soft_targets(Z, 0), "tau.*above 0.*0"),
        (lambda: sg.distillation_kl(Z, Z, -1.0), "tau.*-1.0"),
        (lambda: sg.distillation_kl(Z, Z, float("nan")), "tau.*nan"),
        (lambda: sg.distillation_kl(Z, Z, float("inf")), "tau.*inf"),
        (lambda: sg.distillation_kl(Z, Z, "3"), "tau.*'3'"),
        (lambda: sg.distillation_kl(Z, Z[:, :2], 1.0), r"\(2, 3\).*\(2, 2\)"),
        (lambda: sg.distillation_kl(Z, Z, 1.0, "both"), "kl_direction.*both"),
        (lambda: sg.self_guidance_loss(Z, Z, Y, lam=-0.1), "lam.*-0.1"),
        (lambda: sg.self_guidance_loss(Z, Z, Y[:1]), "one class index"),
        (lambda: sg.self_guidance_loss(Z.numpy(), Z.numpy(), Y), "torch tensors|floating-point numbers of shape"),
        (lambda: sg.distillation_kl(Z, Z.tolist(), 1.0), "must be torch tensors, not"),
        (lambda: sg.soft_targets([1.0, 2.0], 1), "must be torch tensors, not"),
        (lambda: sg.self_guidance_loss(Z, Z, Y, label_smoothing=5), "label_smoothing.*5"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
