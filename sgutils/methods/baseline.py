"""Plain training: one network, cross-entropy (He et al. 2016)."""

from torch import Tensor, nn

from ..gates import check_probability
from ..losses import cross_entropy
from .method import Method, error_rate


class Baseline(Method, name="baseline"):
    """Minimise the cross-entropy of the plain network, all gates 1.

    Args:
        net: the network to train, which need have no gates.
        label_smoothing: the share of the target's probability that all classes get (Szegedy et al. 2016).

    Raises:
        InputError: if the share is not a probability.
    """

    find_unused_parameters = False
    capturable = True

    def __init__(self, net: nn.Module, *, label_smoothing: float = 0.0):
        super().__init__()
        self.net = net
        self.label_smoothing = check_probability("label_smoothing", label_smoothing)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.net(x)
        return {
            "total": cross_entropy(logits, y, self.label_smoothing),
            "error": error_rate(logits, y),
        }

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x)

    def deployed_network(self) -> nn.Module:
        return self.net
