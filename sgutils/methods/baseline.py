"""Plain training: one network, cross-entropy (He et al. 2016)."""

import torch.nn.functional as F
from torch import Tensor, nn

from .method import Method, error_rate


class Baseline(Method, name="baseline"):
    """Minimise the cross-entropy of the plain network, all gates 1.

    Args:
        net: the network to train, which need have no gates.
    """

    find_unused_parameters = False

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.net(x)
        return {"total": F.cross_entropy(logits, y), "error": error_rate(logits, y)}

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x)

    def deployed_network(self) -> nn.Module:
        return self.net
