"""The students that a method draws for each mini-batch, also where a captured GPU step reads them."""

import torch
from torch import Tensor, nn

from ..checks import one_of, whole_number
from ..gates import linear_decay, sample_gates

# Who is scaled by p: the teacher, at test time (Huang et al. 2016), or the student in training, by 1/p (torchvision, timm).
SCALINGS = ("test", "train")


class GateSampler(nn.Module):
    """Draws the gates of the students of a mini-batch, and remembers in `state_dict` where its generator stands.

    ``p`` stays on the CPU wherever the network goes: gates on the CPU are read as numbers, without waiting for a GPU,
    and p never changes, so that in a captured step it is a constant.

    Args:
        num_blocks: L, how many blocks the network has.
        p_last: p_L of the linear schedule.
        seed: of the generator.
        scaling: ``"test"``: students run with gates b, the teacher with gates p. ``"train"``: students with b/p, the
            teacher with 1, so that the network as it stands is what is deployed.
        students: how many a mini-batch has.

    Attributes:
        p: ``(L,)`` survival probabilities.
        captured_gates: None, or a tensor of `shape` on the device that a captured step reads instead of drawing: who
            replays the step first copies the next `draw` into it.

    Raises:
        InputError: if ``p_last`` is not a probability, the scaling unknown or the seed below 0.
    """

    captured_gates: Tensor | None = None

    def __init__(self, num_blocks: int, p_last: float, seed: int, *, scaling: str = "test", students: int = 1):
        super().__init__()
        self.scaling = one_of("scaling", scaling, SCALINGS)
        self.p = linear_decay(num_blocks, p_last)
        self.generator = torch.Generator().manual_seed(whole_number("seed", seed, 0))
        self.students = students

    @property
    def shape(self) -> tuple[int, ...]:
        """``(L,)`` for one student, ``(students, L)`` for several."""
        return (len(self.p),) if self.students == 1 else (self.students, len(self.p))

    def forward(self) -> Tensor:
        """The gates of this mini-batch, of `shape`."""
        return self.draw() if self.captured_gates is None else self.captured_gates

    def draw(self) -> Tensor:
        """The next gates, of `shape`, from the CPU generator and on the CPU."""
        drawn = torch.stack([sample_gates(self.p, self.generator) for _ in range(self.students)]).reshape(self.shape)
        # Where p is 0, so is every b.
        return drawn if self.scaling == "test" else drawn / self.p.where(self.p > 0, 1.0)

    def get_extra_state(self) -> Tensor:
        return self.generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        self.generator.set_state(state.cpu())
