"""Deep mutual learning: three networks learn from the labels and from one another (DML; Zhang et al. 2018)."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from ..checks import flag
from ..losses import check_tau, cross_entropy, distillation_kl, total
from .method import Method, check_nets, error_rate

PEERS = 3


class MutualLearning(Method, name="mutual-learning"):
    """Minimise for every network CE + tau**2 * KL from each of its peers, who are constants; deploy the first.

    Args:
        nets: the peers, separate networks of one architecture.
        tau: the temperature; the original uses 1, common ports 3.
        averaged: whether the divergences from the peers are averaged, as in the paper's equation for more than two
            networks, or summed, as in its released code.

    Raises:
        InputError: if there are fewer than two networks, or ``tau`` is not a positive number.
    """

    find_unused_parameters = False
    capturable = True

    def __init__(self, nets: Sequence[nn.Module], *, tau: float = 1.0, averaged: bool = True):
        super().__init__()
        self.nets = check_nets(nets)
        self.tau = check_tau(tau)
        self.averaged = flag("averaged", averaged)

    @classmethod
    def build(cls, make_network: Callable[[], nn.Module], **options) -> "MutualLearning":
        return cls([make_network() for _ in range(PEERS)], **options)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = [net(x) for net in self.nets]
        ce = total(cross_entropy(z, y) for z in logits)
        distill = total(
            distillation_kl(student, peer.detach(), self.tau)
            for i, student in enumerate(logits)
            for j, peer in enumerate(logits)
            if i != j
        )
        weight = 1 / (len(logits) - 1) if self.averaged else 1.0
        return {
            "total": ce + weight * self.tau**2 * distill,
            "ce": ce,
            "distill": distill,
            "error": error_rate(logits[0], y),
        }

    def predict(self, x: Tensor) -> Tensor:
        return self.nets[0](x)

    def deployed_network(self) -> nn.Module:
        return self.nets[0]
