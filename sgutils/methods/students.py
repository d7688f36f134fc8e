"""What the methods that train sampled students have in common: who is drawn, and the teacher, who is deployed."""

import torch
from torch import Tensor, nn

from ..gates import Gates
from ..networks import GatedNetwork, check_gated, fold_gates
from .method import Method
from .sampler import GateSampler


class StudentsMethod(Method):
    """A method that trains students in one network, and deploys the teacher that contains them.

    Args:
        net: the network to train.
        p_last: p_L, the survival probability of the last block.
        scaling: see `GateSampler`.
        seed: of the students that are drawn.
        students: how many a mini-batch has.

    Raises:
        InputError: if the network has no gates, or an option is outside its range.
    """

    def __init__(self, net: GatedNetwork, *, p_last: float, scaling: str, seed: int, students: int = 1):
        super().__init__()
        check_gated(net)
        self.net = net
        self.students = GateSampler(net.num_blocks, p_last, seed, scaling=scaling, students=students)
        self.scaling = scaling

    @property
    def teacher_gates(self) -> Gates:
        """p, or None, which is all 1, where the students are scaled instead."""
        return self.students.p if self.scaling == "test" else None

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x, self.teacher_gates)

    def deployed_network(self) -> nn.Module:
        gates = self.teacher_gates
        return fold_gates(self.net, torch.ones(self.net.num_blocks) if gates is None else gates)
