"""The variants of the Self-Guidance step that `benchmarks.step_variants` measures: the same mathematics, taken another way."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sgutils as sg
from sgutils.networks import keep_running_statistics

from .common import DEVICE


class Eager:
    """Two passes, operator after operator; what the student's gates leave out is not computed: the trainer's on a CPU."""

    def __init__(self, net: sg.ResNet, x: Tensor, y: Tensor, autocast: bool):
        self.net, self.x, self.y, self.autocast = net, x, y, autocast
        self.p = sg.linear_decay(net.num_blocks)
        self.optimizer = torch.optim.SGD(
            net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=DEVICE.type == "cuda"
        )
        for parameter in net.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def logits(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        """Of student and teacher."""
        with keep_running_statistics(self.net):
            student = self.net(self.x, gates)
        return student, self.net(self.x, self.p)

    def step(self, gates: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=False)
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=self.autocast):
            student, teacher = self.logits(gates)
            total = sg.self_guidance_loss(student, teacher, self.y).total
        total.backward()
        self.optimizer.step()


class SharedBeginning(Eager):
    """Stem and first branch, which see the same in both passes, are computed once."""

    def logits(self, gates):
        h, (first, *others) = self.net.stem(self.x), self.net.blocks
        residual = first.branch(h)

        def rest(g):
            out = F.relu(torch.add(h, residual, alpha=g[0]))
            for block, gate in zip(others, g[1:], strict=True):
                out = block(out, gate)
            return self.net.classifier(out.mean(dim=(2, 3)))

        with keep_running_statistics(self.net):
            student = rest(gates.tolist())
        return student, rest(self.p.tolist())


class Stacked(Eager):
    """One pass of both, the student's images before the teacher's, through every block that both run."""

    def logits(self, gates):
        def together(layers, both):
            for layer in layers:
                if isinstance(layer, nn.BatchNorm2d):  # each half has statistics of its own
                    student, teacher = both.chunk(2)
                    with keep_running_statistics(layer):
                        student = layer(student)
                    both = torch.cat([student, layer(teacher)])
                else:
                    both = layer(both)
            return both

        both = together(self.net.stem, torch.cat([self.x, self.x]))
        n = len(self.x)
        for block, gate, p in zip(self.net.blocks, gates.tolist(), self.p.tolist(), strict=True):
            bypass = both if block.shortcut is None else together(block.shortcut, both)
            if gate:
                scale = torch.tensor([gate, p], dtype=both.dtype).repeat_interleave(n).view(-1, 1, 1, 1)
                both = F.relu(bypass + scale.to(DEVICE, non_blocking=True) * together(block.branch, both))
            else:
                teacher = torch.add(bypass[n:], block.branch(both[n:]), alpha=p)
                both = F.relu(torch.cat([bypass[:n], teacher]))
        return self.net.classifier(both.mean(dim=(2, 3))).chunk(2)


class CompiledBranches(Eager):
    """Each branch goes through `torch.compile`; gates stay outside, so that no student is a reason to compile again."""

    def __init__(self, *given):
        super().__init__(*given)
        torch._dynamo.config.recompile_limit = 64  # five shapes of branches, with and without running statistics
        for block in self.net.blocks:
            block.branch.compile(dynamic=False)


class Autotuned(Eager):
    """The same, with cuDNN asked in each step to try its algorithms and keep the fastest."""

    def step(self, gates):
        with torch.backends.cudnn.flags(benchmark=True):
            super().step(gates)


class Masked(Eager):
    """Every branch is computed, and multiplied by a gate on the device: no student changes what is computed."""

    def __init__(self, *given):
        super().__init__(*given)
        self.gates, self.p = torch.ones_like(self.p, device=DEVICE), self.p.to(DEVICE)

    def through(self, gates: Tensor) -> Tensor:
        h = self.net.stem(self.x)
        for block, gate in zip(self.net.blocks, gates, strict=True):
            h = block(h, gate)
        return self.net.classifier(h.mean(dim=(2, 3)))

    def logits(self, gates):
        with keep_running_statistics(self.net):
            student = self.through(gates)
        return student, self.through(self.p)

    def step(self, gates):
        self.gates.copy_(gates, non_blocking=True)
        super().step(self.gates)


class CompiledMasked(Masked):
    """The masked form, both passes compiled as one; on a GPU that makes CUDA graphs of them."""

    def __init__(self, *given):
        super().__init__(*given)
        self.logits = torch.compile(self.logits, mode="reduce-overhead" if DEVICE.type == "cuda" else None)


class MaskedGraph(Masked):
    """The masked form, passes and optimiser's step in one CUDA graph: the trainer's on a GPU."""

    def __init__(self, *given):
        super().__init__(*given)
        before = [(tensor, tensor.detach().clone()) for tensor in self.net.state_dict(keep_vars=True).values()]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                Eager.step(self, self.gates)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            Eager.step(self, self.gates)
        put_back(before)  # in place: the graph knows their addresses
        for state in self.optimizer.state.values():
            state["momentum_buffer"].zero_()

    def step(self, gates):
        self.gates.copy_(gates, non_blocking=True)
        self.graph.replay()


class OnePass(nn.Module):
    """A branch in one of the two passes, so that each pass has a graph of its own."""

    def __init__(self, branch: nn.Sequential, updates_statistics: bool):
        super().__init__()
        self.branch, self.updates_statistics = branch, updates_statistics

    def forward(self, h: Tensor) -> Tensor:
        with nullcontext() if self.updates_statistics else keep_running_statistics(self.branch):
            return self.branch(h)


class EitherPass(nn.Module):
    """A branch, run by the graph of the pass at hand."""

    def __init__(self, branch: nn.Sequential):
        super().__init__()
        self.student, self.teacher = OnePass(branch, False), OnePass(branch, True)

    def forward(self, h: Tensor) -> Tensor:
        updates_statistics = self.student.branch[-1].track_running_stats
        return self.teacher(h) if updates_statistics else self.student(h)


class BranchGraphs(Eager):
    """Each branch is two CUDA graphs, one a pass; a skipped one is not launched."""

    def __init__(self, *given):
        super().__init__(*given)
        before = [(tensor, tensor.detach().clone()) for tensor in self.net.buffers()]
        blocks, inputs = self.net.blocks, []
        hooks = [
            block.branch.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach()))
            for block in blocks
        ]
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=self.autocast, cache_enabled=False):
            self.net(self.x)
            for hook in hooks:
                hook.remove()
            for block in blocks:
                block.branch = EitherPass(block.branch)
            passes = (*(block.branch.student for block in blocks), *(block.branch.teacher for block in blocks))
            torch.cuda.make_graphed_callables(passes, tuple((h.clone().requires_grad_(),) for h in 2 * inputs))
        put_back(before)


@torch.no_grad()
def put_back(before: list[tuple[Tensor, Tensor]]) -> None:
    for tensor, value in before:
        tensor.copy_(value)


VARIANTS: dict[str, type[Eager]] = {
    "the trainer's": Eager,
    "stem and first branch once": SharedBeginning,
    "both passes stacked": Stacked,
    "branches compiled": CompiledBranches,
    "masked, compiled": CompiledMasked,
}
ON_A_GPU: dict[str, type[Eager]] = {
    "cuDNN tuned": Autotuned,
    "masked, one CUDA graph": MaskedGraph,
    "a CUDA graph for each branch": BranchGraphs,
}
