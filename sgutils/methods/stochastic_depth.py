"""Stochastic depth: train a different sub-network on every mini-batch (Huang et al. 2016; paper, Eq. 3-4)."""

from torch import Tensor

from ..gates import check_probability
from ..losses import cross_entropy
from ..networks import GatedNetwork
from .method import error_rate
from .students import StudentsMethod


class StochasticDepth(StudentsMethod, name="stochastic-depth"):
    """Minimise the cross-entropy of one sampled student per mini-batch; deploy the full network with gates p.

    Surviving branches are not rescaled in training; p_l multiplies them at test time, as in the original, unless
    ``scaling`` says otherwise.

    Args:
        net: the network to train.
        p_last: p_L, the survival probability of the last block.
        scaling: whether p scales the deployed network at test time (test, as in the original) or 1/p the students in
            training (train, as in torchvision and timm), so that the network as it stands is deployed.
        label_smoothing: the share of the target's probability that all classes get.
        seed: of the students that are drawn.

    Raises:
        InputError: if an option is outside its range.
    """

    capturable = True

    def __init__(
        self,
        net: GatedNetwork,
        *,
        p_last: float = 0.5,
        scaling: str = "test",
        label_smoothing: float = 0.0,
        seed: int = 0,
    ):
        super().__init__(net, p_last=p_last, scaling=scaling, seed=seed)
        self.label_smoothing = check_probability("label_smoothing", label_smoothing)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.net(x, self.students())
        return {
            "total": cross_entropy(logits, y, self.label_smoothing),
            "error": error_rate(logits, y),
        }
