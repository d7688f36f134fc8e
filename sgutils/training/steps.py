"""The steps of one epoch: one after another from Python, or as replays of one CUDA graph.

On a GPU a step of a small network is some hundred kernels of a few microseconds, and telling the GPU of each takes longer
than running it. A CUDA graph is told once and replayed. What is random in a step lies in buffers that are filled before
the epoch begins; the students' gates multiply their branches, because a graph cannot leave out what it contains.
"""

import math
import threading
from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

from ..data.loader import Draws, ImageLoader
from ..methods.sampler import GateSampler
from . import distributed
from .batches import check_losses, pairs_of

# One capture at a time: what is captured must not meet another thread's first calls of cuDNN.
_CAPTURING = threading.Lock()
WARM_UP = 3


class Tally:
    """Sums over the steps of an epoch. They stay on the device: reading one would make a GPU wait for the CPU."""

    def __init__(self, device: torch.device):
        self.sums: dict[str, Tensor] = {}
        self.images = 0
        self.steps = 0
        self.first_bad = torch.tensor(math.inf, device=device)

    def add(self, losses: dict[str, Tensor], count: int) -> None:
        """Add one step of ``count`` images."""
        self.images += count
        self.steps += 1
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0) + value.detach() * count
        bad = torch.where(losses["total"].detach().isfinite(), math.inf, float(self.steps))
        self.first_bad = torch.minimum(self.first_bad, bad)


class Steps:
    """Training steps of a method with an optimizer.

    Args:
        method: called with ``(x, y)``, it returns the losses.
        optimizer: of its parameters, which have gradients already: they are set to zero, never to None.
        precision: of the convolutions, ``"float32"`` or ``"bfloat16"``.
        device: of the method.
    """

    def __init__(self, method: nn.Module, optimizer: torch.optim.Optimizer, precision: str, device: torch.device):
        self.method, self.optimizer = method, optimizer
        self.device = device
        self.precision = precision

    def epoch(self, loader: Iterable[tuple[Tensor, Tensor]], on_step: Callable[[], object]) -> Tally:
        """One step for each mini-batch."""
        tally = Tally(self.device)
        for x, y in pairs_of(loader, "training"):
            self.one(x, y, tally, whole_batches=isinstance(loader, ImageLoader))
            on_step()
        return tally

    def forget(self) -> None:
        """Called when the optimizer's state was replaced: what was recorded of it is not true any more."""

    def one(self, x: Tensor, y: Tensor, tally: Tally, *, whole_batches: bool) -> None:
        """One step; of a mini-batch that every process sees whole, this process takes its share."""
        x, y = x.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)
        weight = 1.0
        if whole_batches and distributed.world_size() > 1:
            count = len(y)
            x, y = distributed.shard(x), distributed.shard(y)
            # The shares are not always equal; the mean over processes is to be the mean over images.
            weight = len(y) * distributed.world_size() / count
        losses = self.losses(x, y)
        check_losses(losses)
        self.optimizer.zero_grad(set_to_none=False)
        (losses["total"] * weight).backward()
        self.optimizer.step()
        tally.add(losses, len(y))

    def losses(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """What the method returns, its convolutions in the precision of this training."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self.method(x, y)


class CapturedSteps(Steps):
    """The same mathematics, but for one thing: a skipped block's running statistics move with those of the others.

    A last mini-batch of fewer images is an ordinary step.
    """

    def __init__(self, method, optimizer, precision, device, loader: ImageLoader):
        super().__init__(method, optimizer, precision, device)
        self.loader = loader
        self.samplers = [module for module in method.modules() if isinstance(module, GateSampler)]
        self.full = len(loader.y) // loader.batch_size
        self.graph: torch.cuda.CUDAGraph | None = None

    def epoch(self, loader, on_step):
        draws, gates = [], []
        for draw in self.loader.draws():  # in the order in which an ordinary step would draw
            draws.append(draw)
            if len(draws) <= self.full:
                gates.append([sampler.draw() for sampler in self.samplers])
        full, rest = draws[: self.full], draws[self.full :]
        tally = Tally(self.device)
        if full:
            self._fill(full, gates)
            if self.graph is None:
                with _CAPTURING:
                    self.graph = self._capture()
            for total in self.totals.values():
                total.zero_()
            self.at.zero_()
            self.first_bad.fill_(math.inf)
            for _ in full:
                self.graph.replay()
                on_step()
            tally.images, tally.steps = len(full) * self.loader.batch_size, len(full)
            tally.sums = {name: total * self.loader.batch_size for name, total in self.totals.items()}
            tally.first_bad = self.first_bad.clone()
        for draw in rest:
            self.one(*self.loader.batch(draw), tally, whole_batches=True)
            on_step()
        return tally

    def forget(self):
        self.graph = None

    def _fill(self, draws: list[Draws], gates: list) -> None:
        """Put what is random in this epoch where the graph looks for it."""
        columns = [None if part[0] is None else torch.stack(part) for part in zip(*draws, strict=True)]
        columns += [torch.stack(drawn) for drawn in zip(*gates, strict=True)]
        if self.graph is None:
            self.buffers = [None if column is None else column.to(self.device) for column in columns]
        else:
            for buffer, column in zip(self.buffers, columns, strict=True):
                if buffer is not None and column is not None:
                    buffer.copy_(column, non_blocking=True)

    def _capture(self) -> torch.cuda.CUDAGraph:
        aside = torch.cuda.Stream(self.device)
        aside.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(aside):
            self._warm_up()
            aside.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
                self._counted_step()
        torch.cuda.current_stream(self.device).wait_stream(aside)
        return graph

    def _warm_up(self) -> None:
        """A few steps that leave no trace: lazy initialisation and cuDNN's choices must not become part of the graph."""
        self.at = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.first_bad = torch.tensor(math.inf, device=self.device)
        for group in self.optimizer.param_groups:  # on the device, so that a schedule can change it under the graph
            group["lr"] = torch.tensor(float(group["lr"]), device=self.device)
        held = [t for t in self.method.state_dict(keep_vars=True).values() if isinstance(t, Tensor)]
        momenta = [value for state in self.optimizer.state.values() for value in state.values() if value is not None]
        before = [(tensor, tensor.detach().clone()) for tensor in (*held, *momenta) if isinstance(tensor, Tensor)]
        for _ in range(WARM_UP):
            self.at.zero_()
            losses = self._step()
        self.totals = {name: torch.zeros_like(value, dtype=torch.float32) for name, value in losses.items()}
        self._put_back(before)

    def _counted_step(self) -> None:
        for name, value in self._step().items():
            self.totals[name] += value.detach()

    def _step(self) -> dict[str, Tensor]:
        index, shift, flip, *gates = (
            None if buffer is None else buffer.index_select(0, self.at)[0] for buffer in self.buffers
        )
        x, y = self.loader.batch(Draws(cast(Tensor, index), shift, flip))  # an index is always drawn
        for sampler, drawn in zip(self.samplers, gates, strict=True):
            sampler.captured_gates = drawn
        losses = self.losses(x, y)
        for sampler in self.samplers:
            sampler.captured_gates = None
        # Every block is computed on a GPU, and nearly every gradient is new: none is set to zero first, and added to.
        self.optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:  # weight decay acts on what a step leaves out, too
                    parameter.grad = torch.zeros_like(parameter)
        self.optimizer.step()
        self.at += 1
        bad = torch.where(losses["total"].detach().isfinite(), math.inf, self.at[0].float())
        self.first_bad.copy_(torch.minimum(self.first_bad, bad))
        return losses

    @torch.no_grad()
    def _put_back(self, before: list[tuple[Tensor, Tensor]]) -> None:
        """What the warm-up changed; in place, because the graph knows the addresses."""
        known = {id(tensor) for tensor, _ in before}
        for tensor, value in before:
            tensor.copy_(value)
        for state in self.optimizer.state.values():
            for value in state.values():
                if isinstance(value, Tensor) and id(value) not in known:
                    value.zero_()  # momentum that the warm-up began
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        self.at.zero_()
        self.first_bad.fill_(math.inf)
