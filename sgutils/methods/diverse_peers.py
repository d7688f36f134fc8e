"""Online distillation with diverse peers: each learns from its own mixture of all (OKDDip; Chen et al. 2020)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..losses import check_tau, cross_entropy, distillation_kl, total
from ..networks import ResNet
from ..networks.resnets import PreciseLinear
from .branches import branch_features, branched, ramp_up, resnets, trunk
from .method import Method, check_nets, error_rate

PEERS = 3
REDUCTION = 8


class DiversePeers(Method, name="diverse-peers"):
    """Minimise every branch's CE, tau**2 * KL to each peer from its mixture and to the leader from the mean; the leader is deployed.

    A peer's mixture weighs the logits of all peers, itself included, by attention between two projections of their
    features. As in the released code the mixtures carry gradient, and the scores are not scaled.

    Args:
        nets: the peers and, last, the leader, as `branched` makes them.
        tau: the temperature.

    Raises:
        InputError: if there are fewer than two networks, or ``tau`` is not a positive number.
    """

    find_unused_parameters = False

    def __init__(self, nets: Sequence[ResNet], *, tau: float = 3.0):
        super().__init__()
        self.nets = check_nets(nets)
        features = nets[0].classifier.in_features
        self.query = PreciseLinear(features, features // REDUCTION, bias=False)
        self.key = PreciseLinear(features, features // REDUCTION, bias=False)
        self.tau = check_tau(tau)
        self.weight = 0.0

    @classmethod
    def build(cls, make_network: Callable[[], nn.Module], **options) -> "DiversePeers":
        return cls(branched(make_network, PEERS + 1), **options)

    def on_epoch_start(self, index: int, epochs: int) -> None:
        self.weight = ramp_up(index, epochs)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        *peers, leader = resnets(self.nets)
        h = trunk(leader, x)
        features = torch.stack([branch_features(net, h) for net in peers], dim=1)  # (N, peers, D)
        logits = torch.stack([net.classifier(f) for net, f in zip(peers, features.unbind(dim=1), strict=True)], dim=1)
        mixtures = (self._attention(features).unsqueeze(3) * logits.unsqueeze(1)).sum(dim=2)
        led = leader.classifier(branch_features(leader, h))
        ce_peers = total(cross_entropy(z, y) for z in logits.unbind(dim=1))
        ce_leader = cross_entropy(led, y)
        among_peers = total(
            distillation_kl(z, m, self.tau) for z, m in zip(logits.unbind(dim=1), mixtures.unbind(dim=1), strict=True)
        )
        to_leader = distillation_kl(led, logits.mean(dim=1), self.tau)
        return {
            "total": ce_peers + ce_leader + self.weight * self.tau**2 * (among_peers + to_leader),
            "ce_peers": ce_peers,
            "ce_leader": ce_leader,
            "distill": among_peers + to_leader,
            "error": error_rate(led, y),
        }

    def attention(self, x: Tensor) -> Tensor:
        """How much each peer listens to each: ``(N, peers, peers)``, row i the weights of the logits in peer i's mixture."""
        *peers, leader = resnets(self.nets)
        h = trunk(leader, x)
        return self._attention(torch.stack([branch_features(net, h) for net in peers], dim=1))

    def _attention(self, features: Tensor) -> Tensor:
        # Written as sums, which autocast leaves in float32, unlike products of matrices.
        scores = (self.query(features).unsqueeze(2) * self.key(features).unsqueeze(1)).sum(dim=3)
        return F.softmax(scores, dim=2)

    def predict(self, x: Tensor) -> Tensor:
        return self.nets[-1](x)

    def deployed_network(self) -> nn.Module:
        return self.nets[-1]
