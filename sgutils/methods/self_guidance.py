"""Self-Guidance: students sampled by stochastic depth learn from the full network (Zheng & Peng 2022, Algorithm 1)."""

from collections.abc import Iterable
from contextlib import nullcontext

import torch
from torch import Tensor

from ..checks import flag, one_of
from ..gates import check_probability
from ..losses import check_kl_direction, check_lam, check_tau, cross_entropy, distillation_kl, self_guidance_loss
from ..networks import GatedNetwork, keep_running_statistics, recalibrate_batch_norm
from .method import error_rate
from .students import StudentsMethod

BN_STATISTICS = ("teacher", "both", "recalibrate")


class SelfGuidance(StudentsMethod, name="self-guidance"):
    """Minimise CE(student) + CE(teacher) + lam * tau**2 * KL (Eq. 5); deploy the teacher.

    Args:
        net: the network to train; teacher and students live in it and share its weights.
        lam: the trade-off lambda.
        tau: the temperature of the distillation term.
        p_last: p_L, the survival probability of the last block.
        detach_teacher: whether the KL leaves the teacher alone.
        kl_direction: ``"teacher||student"`` or ``"student||teacher"``.
        bn_statistics: which passes move the running statistics of batch norm: teacher (the one that is deployed), both,
            or recalibrate (both, and after training once more from teacher passes alone). Statistics kept apart for
            the students would deploy the same network as teacher.
        backward_full: False is the paper's "W/O Backward Full network" (Table 6): the teacher only guides, its pass
            has neither gradient nor cross-entropy.
        scaling: whether p scales the teacher at test time (test, as in the paper) or 1/p the students in training (train,
            as in torchvision and timm), so that the network as it stands is the teacher, and deployed.
        label_smoothing: the share of the target's probability that all classes get, in both cross-entropies.
        seed: of the students that are drawn.

    Raises:
        InputError: if an option is outside its range.
    """

    capturable = True

    def __init__(
        self,
        net: GatedNetwork,
        *,
        lam: float = 0.25,
        tau: float = 3.0,
        p_last: float = 0.5,
        detach_teacher: bool = True,
        kl_direction: str = "teacher||student",
        bn_statistics: str = "teacher",
        backward_full: bool = True,
        scaling: str = "test",
        label_smoothing: float = 0.0,
        seed: int = 0,
    ):
        super().__init__(net, p_last=p_last, scaling=scaling, seed=seed)
        self.lam = check_lam(lam)
        self.tau = check_tau(tau)
        self.detach_teacher = flag("detach_teacher", detach_teacher)
        self.kl_direction = check_kl_direction(kl_direction)
        self.bn_statistics = one_of("bn_statistics", bn_statistics, BN_STATISTICS)
        self.backward_full = flag("backward_full", backward_full)
        self.label_smoothing = check_probability("label_smoothing", label_smoothing)
        # Otherwise the teacher runs every block.
        self.find_unused_parameters = not backward_full or (p_last == 0 and scaling == "test")

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        with keep_running_statistics(self.net) if self.bn_statistics == "teacher" else nullcontext():
            student = self.net(x, self.students())
        with nullcontext() if self.backward_full else torch.no_grad():
            teacher = self.net(x, self.teacher_gates)
        errors = {"error": error_rate(teacher, y), "student_error": error_rate(student, y)}
        if self.backward_full:
            loss = self_guidance_loss(
                student,
                teacher,
                y,
                self.lam,
                self.tau,
                self.detach_teacher,
                self.kl_direction,
                label_smoothing=self.label_smoothing,
            )
            return loss._asdict() | errors
        ce_student = cross_entropy(student, y, self.label_smoothing)
        distill = distillation_kl(student, teacher, self.tau, self.kl_direction)
        total = ce_student + self.lam * self.tau**2 * distill
        return {"total": total, "ce_student": ce_student, "distill": distill} | errors

    def on_train_end(self, batches: Iterable[Tensor]) -> None:
        if self.bn_statistics == "recalibrate":
            recalibrate_batch_norm(self.net, self.teacher_gates, batches)
