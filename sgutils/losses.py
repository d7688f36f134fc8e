"""Soft targets, the distillation loss at a temperature, and the Self-Guidance objective (paper, Eq. 5)."""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import flag, number, one_of, shown
from .errors import InputError
from .gates import check_probability

# Temperatures beyond them turn every logit into 0 or infinity.
COLDEST, HOTTEST = 1e-6, 1e6
KL_DIRECTIONS = ("teacher||student", "student||teacher")


class SelfGuidanceLoss(NamedTuple):
    """The terms of Eq. 5, each a 0-dim tensor: ``total = ce_student + ce_teacher + lam * tau**2 * distill``."""

    total: Tensor
    ce_student: Tensor
    ce_teacher: Tensor
    distill: Tensor


def soft_targets(logits: Tensor, tau: float) -> Tensor:
    """Class probabilities at a temperature: softmax(z / tau) (Hinton et al. 2015, Eq. 1).

    Args:
        logits: ``(..., K)``.
        tau: the temperature; 1 is the usual softmax, larger is softer.

    Returns:
        ``(..., K)``, summing to 1 over the last dimension.

    Raises:
        InputError: if ``tau`` is not a positive number, or there are no logits to take it of.
    """
    tau = check_tau(tau)
    _check_tensor(logits)
    if logits.ndim == 0 or not logits.dtype.is_floating_point:
        raise InputError(
            f"logits must be floating-point numbers of shape (..., K), not {logits.dtype} of shape {tuple(logits.shape)}."
        )
    return F.softmax(_at_least_float32(logits) / tau, dim=-1).to(logits.dtype)


def distillation_kl(
    student_logits: Tensor, teacher_logits: Tensor, tau: float, kl_direction: str = "teacher||student"
) -> Tensor:
    """Batch mean of the Kullback-Leibler divergence between teacher and student at temperature ``tau``.

    By default KL(p_T || p_S) = sum_k p_T,k (log p_T,k - log p_S,k), the direction that the peers of the paper minimise;
    ``"student||teacher"`` is the one that the paper's KL(p^S, p^T) reads as. There is no factor tau**2 here.

    Args:
        student_logits: ``(N, K)``.
        teacher_logits: ``(N, K)``.
        tau: the temperature of both.
        kl_direction: ``"teacher||student"`` or ``"student||teacher"``.

    Returns:
        A 0-dim tensor, in nats. Gradients reach both arguments; detach the one that is to be a constant.

    Raises:
        InputError: on ``tau <= 0``, an unknown direction or logits of different shapes.
    """
    tau = check_tau(tau)
    check_kl_direction(kl_direction)
    _check_logits(student_logits, teacher_logits)
    log_student = F.log_softmax(_at_least_float32(student_logits) / tau, dim=-1)
    log_teacher = F.log_softmax(_at_least_float32(teacher_logits) / tau, dim=-1)
    # F.kl_div(log q, log p) is KL(p || q): its first argument is the approximation.
    q, p = (log_student, log_teacher) if kl_direction == "teacher||student" else (log_teacher, log_student)
    return F.kl_div(q, p, log_target=True, reduction="batchmean")


def cross_entropy(logits: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy with labels of which a share of the probability goes to all classes alike (Szegedy et al. 2016).

    Args:
        logits: ``(N, K)``.
        target: ``(N,)`` class indices.
        label_smoothing: that share.

    Returns:
        A 0-dim tensor, the mean over the batch.

    Raises:
        InputError: if the share is not a probability, or the target is not one class index for each row of logits.
    """
    label_smoothing = check_probability("label_smoothing", label_smoothing)
    _check_target(logits, target)
    return F.cross_entropy(_at_least_float32(logits), target, label_smoothing=label_smoothing)


def self_guidance_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    target: Tensor,
    lam: float = 0.25,
    tau: float = 3.0,
    detach_teacher: bool = True,
    kl_direction: str = "teacher||student",
    *,
    label_smoothing: float = 0.0,
) -> SelfGuidanceLoss:
    """The objective of Self-Guidance: CE(student) + CE(teacher) + lam * tau**2 * KL (paper, Eq. 5).

    Args:
        student_logits: ``(N, K)``, from gates b.
        teacher_logits: ``(N, K)``, from gates p.
        target: ``(N,)`` class indices.
        lam: the trade-off lambda; the paper uses 0.25.
        tau: the temperature of the distillation term; the cross-entropies use 1.
        detach_teacher: whether the KL leaves the teacher alone and only pulls the student.
        kl_direction: see `distillation_kl`.
        label_smoothing: of both cross-entropies: the share of the target's probability that all classes get.

    Raises:
        InputError: on ``tau <= 0``, ``lam < 0``, an unknown direction, a ``label_smoothing`` outside 0 to 1, or shapes that do
            not fit.
    """
    lam, tau = check_lam(lam), check_tau(tau)
    _check_logits(student_logits, teacher_logits)
    _check_target(student_logits, target)
    guide = teacher_logits.detach() if flag("detach_teacher", detach_teacher) else teacher_logits
    distill = distillation_kl(student_logits, guide, tau, kl_direction)
    ce_student = cross_entropy(student_logits, target, label_smoothing)
    ce_teacher = cross_entropy(teacher_logits, target, label_smoothing)
    return SelfGuidanceLoss(ce_student + ce_teacher + lam * tau**2 * distill, ce_student, ce_teacher, distill)


def total(terms: Iterable[Tensor]) -> Tensor:
    """The sum of losses, of which there is at least one."""
    return reduce(torch.add, terms)


def check_tau(tau: float) -> float:
    """``tau``, or an `InputError` unless it is a positive number from `COLDEST` to `HOTTEST`."""
    value = number("tau (the temperature)", tau, above=0, most=HOTTEST)
    if value < COLDEST:
        raise InputError(f"tau (the temperature) must be at least {COLDEST:g}, not {shown(tau)}.")
    return value


def check_lam(lam: float) -> float:
    """``lam``, or an `InputError` unless it is a number of at least 0."""
    return number("lam (lambda, the weight of distillation)", lam)


def check_kl_direction(kl_direction: str) -> str:
    """``kl_direction``, or an `InputError` unless it is one of `KL_DIRECTIONS`."""
    return one_of("kl_direction", kl_direction, KL_DIRECTIONS)


def _at_least_float32(logits: Tensor) -> Tensor:
    """Small differences of log-probabilities drown in half precision."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _check_target(logits: Tensor, target: Tensor) -> None:
    if not isinstance(logits, Tensor) or logits.ndim != 2 or not logits.is_floating_point():
        given = f"{logits.dtype} of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else shown(type(logits))
        raise InputError(f"logits must be floating-point numbers of shape (N, K), not {given}.")
    rows, classes = logits.shape
    if not isinstance(target, Tensor):
        raise InputError(f"target must be a tensor of class indices, not {shown(target)}.")
    if target.shape != (rows,) or target.dtype != torch.int64:
        raise InputError(
            f"target must hold one class index (int64) for each of the {rows} rows of logits, "
            f"not {target.dtype} of shape {tuple(target.shape)}."
        )
    # A GPU would have to wait for the answer, and a graph has no place for the question.
    looked_at = target.device.type == "cpu" and not torch.compiler.is_compiling() and not torch.jit.is_tracing()
    if looked_at and rows and not 0 <= int(target.min()) <= int(target.max()) < classes:
        raise InputError(
            f"target must hold class indices from 0 to {classes - 1}, one of the {classes} columns of logits, but its smallest is "
            f"{int(target.min())} and its largest {int(target.max())}."
        )


def _check_tensor(*values: object) -> None:
    for value in values:
        if not isinstance(value, Tensor):
            raise InputError(f"logits and labels must be torch tensors, not {shown(value)}.")


def _check_logits(student_logits: Tensor, teacher_logits: Tensor) -> None:
    _check_tensor(student_logits, teacher_logits)
    if student_logits.shape != teacher_logits.shape or student_logits.ndim != 2 or 0 in student_logits.shape:
        raise InputError(
            f"student and teacher logits must both have shape (N, K), not {tuple(student_logits.shape)} "
            f"and {tuple(teacher_logits.shape)}."
        )
    for logits in (student_logits, teacher_logits):
        if not logits.dtype.is_floating_point:
            raise InputError(f"logits must be floating-point numbers, not {logits.dtype}.")
