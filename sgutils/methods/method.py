"""The protocol that every training method keeps."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..gates import linear_decay, sample_gates
from ..resnets import ResNet

METHODS: dict[str, type["Method"]] = {}


class Method(nn.Module, ABC):
    """A way of training: it owns its network (or networks) and knows its loss; the trainer knows neither.

    A subclass is known by the ``name`` that its class statement gives: ``class Baseline(Method, name="baseline")``. It
    takes its networks first, then its options as keyword-only arguments with defaults: the command line and the ledger
    read them from that signature, and their help from the Args of its docstring. One that draws at random takes
    ``seed`` too.
    """

    # Whether a step may leave a parameter without gradient, as that of a skipped block. Several processes have to look for
    # such parameters in every step; without any that is time lost.
    leaves_out_parameters = True
    # How many students are drawn in one step, by a method that draws any.
    students_per_step = 1

    def __init_subclass__(cls, name: str | None = None, **more):
        super().__init_subclass__(**more)
        if name is not None:
            METHODS[name] = cls

    @classmethod
    def build(cls, make_network: Callable[[], ResNet], **options) -> "Method":
        """The method around one new network; methods that own several redefine this."""
        return cls(make_network(), **options)

    def begin_epoch(self, index: int, epochs: int) -> None:
        """Called before each epoch, ``index`` from 0; for losses whose weights change as training goes on."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The losses of one mini-batch, all from one call.

        Args:
            x: ``(N, C, H, W)`` images.
            y: ``(N,)`` class indices.

        Returns:
            0-dim tensors: ``total``, which is minimised, ``error``, the share of wrong predictions in the batch, and
            the method's own terms.
        """

    @abstractmethod
    def predict(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of what is deployed."""

    @abstractmethod
    def deployed_network(self) -> ResNet:
        """The one ordinary network that is left when training is over: its plain forward is `predict`."""

    def finish(self, batches) -> None:
        """Called once after the last step with an iterable of ``(N, C, H, W)`` training images; most need nothing."""


class StudentSampler(nn.Module):
    """Draws one student a mini-batch, and remembers in `state_dict` where its generator stands.

    Args:
        num_blocks: L.
        p_last: p_L of the linear schedule.
        seed: of the generator.
    """

    def __init__(self, num_blocks: int, p_last: float, seed: int):
        super().__init__()
        self.p = linear_decay(num_blocks, p_last)
        self.generator = torch.Generator().manual_seed(seed)
        # While a CUDA graph is captured: the buffers of gates, on the GPU, that the step's students take one by one.
        self.captured_gates: list[Tensor] | None = None

    def forward(self) -> Tensor:
        """``(L,)`` gates of 0 and 1."""
        return self.draw() if self.captured_gates is None else self.captured_gates.pop(0)

    def draw(self) -> Tensor:
        """The same, always from the generator and on the CPU."""
        return sample_gates(self.p, self.generator)

    def get_extra_state(self) -> Tensor:
        return self.generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        self.generator.set_state(state.cpu())


def error_rate(logits: Tensor, y: Tensor) -> Tensor:
    """Share of wrong predictions, a 0-dim tensor."""
    return (logits.detach().argmax(dim=1) != y).float().mean()
