"""On-the-fly native ensemble: branches on one trunk learn from their own gated ensemble (ONE; Lan et al. 2018)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..losses import check_tau, cross_entropy, distillation_kl, total
from ..networks import ResNet
from ..networks.resnets import PreciseLinear
from .branches import branch_features, branched, ramp_up, resnets, trunk, trunk_channels
from .method import Method, check_nets, error_rate

BRANCHES = 3


class NativeEnsemble(Method, name="native-ensemble"):
    """Minimise the CE of every branch and of their ensemble, and tau**2 * KL from it to each; deploy one branch.

    The ensemble weighs the logits of the branches by a gate that looks at the output of the trunk. It is a constant in
    the divergence, whose weight ramps up over the first epochs.

    Args:
        nets: the branches, as `branched` makes them.
        tau: the temperature.

    Raises:
        InputError: if there are fewer than two networks, or ``tau`` is not a positive number.
    """

    find_unused_parameters = False

    def __init__(self, nets: Sequence[ResNet], *, tau: float = 3.0):
        super().__init__()
        self.nets = check_nets(nets)
        self.gate = nn.Sequential(
            PreciseLinear(trunk_channels(nets[0]), len(nets)), nn.BatchNorm1d(len(nets)), nn.ReLU()
        )
        self.tau = check_tau(tau)
        self.weight = 0.0

    @classmethod
    def build(cls, make_network: Callable[[], nn.Module], **options) -> "NativeEnsemble":
        return cls(branched(make_network, BRANCHES), **options)

    def on_epoch_start(self, index: int, epochs: int) -> None:
        self.weight = ramp_up(index, epochs)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        nets = resnets(self.nets)
        h = trunk(nets[0], x)
        logits = torch.stack([net.classifier(branch_features(net, h)) for net in nets], dim=1)
        importance = F.softmax(self.gate(h.mean(dim=(2, 3))), dim=1)
        teacher = (importance.unsqueeze(2) * logits).sum(dim=1)
        students = logits.unbind(dim=1)
        ce_students = total(cross_entropy(z, y) for z in students)
        ce_teacher = cross_entropy(teacher, y)
        distill = total(distillation_kl(z, teacher.detach(), self.tau) for z in students)
        return {
            "total": ce_students + ce_teacher + self.weight * self.tau**2 * distill,
            "ce_students": ce_students,
            "ce_teacher": ce_teacher,
            "distill": distill,
            "error": error_rate(students[0], y),
        }

    def predict(self, x: Tensor) -> Tensor:
        return self.nets[0](x)

    def deployed_network(self) -> nn.Module:
        return self.nets[0]
