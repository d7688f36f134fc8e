"""Co-training of sub-networks: two students of one batch teach each other, without a full teacher (Touvron et al. 2023).

The nearest living relative of Self-Guidance. The original drops blocks image by image and trains transformers with
binary cross-entropy; here, as in every method of this book, one draw serves a mini-batch and the loss is the softmax's.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from ..gates import check_probability
from ..losses import check_tau, distillation_kl
from ..networks import GatedNetwork, check_gated, fold_gates
from .method import Method, error_rate
from .sampler import GateSampler


class Cosub(Method, name="cosub"):
    """Minimise (1 - lam) * mean CE + lam * tau**2 * mean KL of two students, each a constant for the other.

    Args:
        net: the network to train.
        lam: the share of co-training in the loss; the original uses 0.5.
        tau: the temperature; the original uses 1.
        p_last: p_L, the survival probability of the last block.
        seed: of the students that are drawn.

    Raises:
        InputError: if an option is outside its range.
    """

    def __init__(self, net: GatedNetwork, *, lam: float = 0.5, tau: float = 1.0, p_last: float = 0.5, seed: int = 0):
        super().__init__()
        check_probability("lam", lam)
        check_tau(tau)
        check_gated(net)
        self.net = net
        self.students = GateSampler(net.num_blocks, p_last, seed, students=2)
        self.lam = lam
        self.tau = tau

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        one, two = (self.net(x, gates) for gates in self.students())
        ce = (F.cross_entropy(one, y) + F.cross_entropy(two, y)) / 2
        distill = (distillation_kl(one, two.detach(), self.tau) + distillation_kl(two, one.detach(), self.tau)) / 2
        total = (1 - self.lam) * ce + self.lam * self.tau**2 * distill
        return {"total": total, "ce": ce, "distill": distill, "error": error_rate(one, y)}

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x, self.students.p)

    def deployed_network(self) -> nn.Module:
        return fold_gates(self.net, self.students.p)
