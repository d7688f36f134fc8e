"""Stochastic depth: train a different sub-network on every mini-batch (Huang et al. 2016; paper, Eq. 3-4)."""

import torch.nn.functional as F
from torch import Tensor, nn

from ..networks import GatedNetwork, check_gated, fold_gates
from .method import Method, error_rate
from .sampler import GateSampler


class StochasticDepth(Method, name="stochastic-depth"):
    """Minimise the cross-entropy of one sampled student a mini-batch; deploy the full network with gates p.

    Surviving branches are not rescaled in training; p_l multiplies them at test time, as in the original.

    Args:
        net: the network to train.
        p_last: p_L, the survival probability of the last block.
        seed: of the students that are drawn.
    """

    def __init__(self, net: GatedNetwork, *, p_last: float = 0.5, seed: int = 0):
        super().__init__()
        check_gated(net)
        self.net = net
        self.students = GateSampler(net.num_blocks, p_last, seed)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.net(x, self.students())
        return {"total": F.cross_entropy(logits, y), "error": error_rate(logits, y)}

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x, self.students.p)

    def deployed_network(self) -> nn.Module:
        return fold_gates(self.net, self.students.p)
