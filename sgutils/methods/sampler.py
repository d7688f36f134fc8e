"""The students that a method draws, one per mini-batch, and what they may share with a captured GPU step."""

import torch
from torch import Tensor, nn

from ..gates import linear_decay, sample_gates


class GateSampler(nn.Module):
    """Draws the gates of the students of a mini-batch, and remembers in `state_dict` where its generator stands.

    ``p`` stays on the CPU wherever the network goes: gates on the CPU are read as numbers, without waiting for a GPU,
    and p never changes, so that in a captured step it is a constant.

    Args:
        num_blocks: L.
        p_last: p_L of the linear schedule.
        seed: of the generator.
        students: how many a mini-batch has.

    Attributes:
        p: ``(L,)`` survival probabilities.
        captured_gates: None, or a tensor of `shape` on the device that a captured step reads instead of drawing: who
            replays the step first copies the next `draw` into it.
    """

    captured_gates: Tensor | None = None

    def __init__(self, num_blocks: int, p_last: float, seed: int, *, students: int = 1):
        super().__init__()
        self.p = linear_decay(num_blocks, p_last)
        self.generator = torch.Generator().manual_seed(seed)
        self.students = students

    @property
    def shape(self) -> tuple[int, ...]:
        """``(L,)`` for one student, ``(students, L)`` for several."""
        return (len(self.p),) if self.students == 1 else (self.students, len(self.p))

    def forward(self) -> Tensor:
        """The gates of this mini-batch, of `shape`."""
        return self.draw() if self.captured_gates is None else self.captured_gates

    def draw(self) -> Tensor:
        """The next gates, 0 or 1, of `shape`, from the CPU generator and on the CPU."""
        drawn = [sample_gates(self.p, self.generator) for _ in range(self.students)]
        return torch.stack(drawn).reshape(self.shape)

    def get_extra_state(self) -> Tensor:
        return self.generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        self.generator.set_state(state.cpu())
