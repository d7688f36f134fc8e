"""Co-training of sub-networks: two students of one batch teach each other, without a full teacher (Touvron et al. 2023).

The nearest living relative of Self-Guidance. The original drops blocks image by image and trains transformers with
binary cross-entropy; here, as in every method of this book, one draw serves a mini-batch and the loss is the softmax's.
"""

from torch import Tensor

from ..gates import check_probability
from ..losses import check_tau, cross_entropy, distillation_kl
from ..networks import GatedNetwork
from .method import error_rate
from .students import StudentsMethod


class Cosub(StudentsMethod, name="cosub"):
    """Minimise (1 - lam) * mean CE + lam * tau**2 * mean KL of two students, each a constant for the other.

    Args:
        net: the network to train.
        lam: the share of co-training in the loss; the original uses 0.5.
        tau: the temperature; the original uses 1.
        p_last: p_L, the survival probability of the last block.
        scaling: whether p scales the deployed network at test time (test) or 1/p the students in training (train, as in
            the original), so that the network as it stands is deployed.
        seed: of the students that are drawn.

    Raises:
        InputError: if an option is outside its range.
    """

    capturable = True

    def __init__(
        self,
        net: GatedNetwork,
        *,
        lam: float = 0.5,
        tau: float = 1.0,
        p_last: float = 0.5,
        scaling: str = "test",
        seed: int = 0,
    ):
        super().__init__(net, p_last=p_last, scaling=scaling, seed=seed, students=2)
        self.lam = check_probability("lam", lam)
        self.tau = check_tau(tau)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        one, two = (self.net(x, gates) for gates in self.students())
        ce = (cross_entropy(one, y) + cross_entropy(two, y)) / 2
        distill = (distillation_kl(one, two.detach(), self.tau) + distillation_kl(two, one.detach(), self.tau)) / 2
        total = (1 - self.lam) * ce + self.lam * self.tau**2 * distill
        return {"total": total, "ce": ce, "distill": distill, "error": error_rate(one, y)}
