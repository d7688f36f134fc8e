"""Offline knowledge distillation: a student learns from a trained network that no longer changes (Hinton et al. 2015)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ..checks import shown
from ..errors import InputError
from ..losses import check_lam, check_tau, cross_entropy, distillation_kl
from ..networks import ResNet
from ..networks.saved import load_network
from .method import Method, check_distinct, error_rate


class Distillation(Method, name="distillation"):
    """Minimise CE + lam * tau**2 * KL from a frozen teacher.

    Args:
        net: the student, which is deployed.
        teacher: a trained network, or the network.pt of a finished run; a network is frozen here, for its owner too.
            `sgutils train` without one first trains a teacher of the same architecture, plainly and by the same recipe.
        lam: the weight of distillation.
        tau: the temperature.

    Raises:
        InputError: if an option is outside its range or the teacher does not fit the student's classes.
    """

    find_unused_parameters = False
    capturable = True

    def __init__(
        self, net: nn.Module, *, teacher: str | Path | nn.Module | None = None, lam: float = 1.0, tau: float = 4.0
    ):
        super().__init__()
        self.net = net
        if teacher is None:
            raise InputError(
                "Distillation needs a teacher: give a trained network, or the network.pt of a finished run."
            )
        if not isinstance(teacher, (str, Path, nn.Module)):
            raise InputError(f"teacher must be a network, or the network.pt of a finished run, not {shown(teacher)}.")
        network = teacher if isinstance(teacher, nn.Module) else load_network(teacher)
        check_distinct([net, network])
        self.teacher = network.eval().requires_grad_(False)
        _check_same_task(net, self.teacher)
        self.lam = check_lam(lam)
        self.tau = check_tau(tau)

    def train(self, mode: bool = True) -> "Distillation":
        """The teacher stays as it will be deployed: in eval mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.net(x)
        with torch.no_grad():
            teacher = self.teacher(x)
        ce = cross_entropy(logits, y)
        distill = distillation_kl(logits, teacher, self.tau)
        total = ce + self.lam * self.tau**2 * distill
        return {"total": total, "ce": ce, "distill": distill, "error": error_rate(logits, y)}

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x)

    def deployed_network(self) -> nn.Module:
        return self.net


def _check_same_task(student: nn.Module, teacher: nn.Module) -> None:
    if not isinstance(student, ResNet) or not isinstance(teacher, ResNet):
        return  # of another network, the first mini-batch tells
    ours, theirs = ((n.architecture["in_channels"], n.architecture["num_classes"]) for n in (student, teacher))
    if ours != theirs:
        raise InputError(
            f"The teacher takes {theirs[0]} channels and knows {theirs[1]} classes, the student {ours[0]} and {ours[1]}: "
            "choose a teacher that was trained on the same data set."
        )
