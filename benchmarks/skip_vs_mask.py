"""How long a training step takes when dropped blocks are masked, and when they are skipped.

    python benchmarks/skip_vs_mask.py

measures three steps of one network, one after the other and again: plain training, stochastic depth by multiplying each
computed branch by 0 or 1/p (torchvision's `StochasticDepth`), and stochastic depth by not computing it (`sgutils`). It
writes `data/benchmarks/skip-vs-mask.json`, which the chapter "Stochastic depth" shows: ratios, because seconds say more
about the machine, and of the CPU time of one thread, because that does not depend on what else the machine is doing.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision

import sgutils as sg
from sgutils.training import write_atomically

OUT = Path(__file__).resolve().parent.parent / "data" / "benchmarks" / "skip-vs-mask.json"
BATCH, SIDE, WARM_UP = 128, 32, 3


def masked(net: sg.resnets.ResNet, p: torch.Tensor) -> sg.resnets.ResNet:
    """The network with torchvision's operator at the end of every branch; one draw a mini-batch, as for the students."""
    for block, survival in zip(net.blocks, p.tolist()):
        block.branch.append(torchvision.ops.StochasticDepth(1 - survival, mode="batch"))
    return net


def steps() -> dict:
    """One function a kind of step, each with a network and an optimiser of its own."""
    p = sg.linear_decay(sg.resnet32().num_blocks)
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(BATCH, 3, SIDE, SIDE), torch.randint(10, (BATCH,))

    def step_of(net, gates):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)

        def step():
            optimizer.zero_grad()
            F.cross_entropy(net(x, gates()), y).backward()
            optimizer.step()

        return step

    return {
        "plain": step_of(sg.resnet32(), lambda: None),
        "masked": step_of(masked(sg.resnet32(), p), lambda: None),
        "skipped": step_of(sg.resnet32(), lambda: sg.sample_gates(p, generator)),
    }


def measure(rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every step, all kinds in turn within each round."""
    seconds: dict[str, list[float]] = {}
    kinds = steps()
    for done in range(-WARM_UP, rounds):
        for kind, step in kinds.items():
            start = time.process_time()
            step()
            if done >= 0:
                seconds.setdefault(kind, []).append(time.process_time() - start)
    return seconds


def summary(seconds: dict[str, list[float]]) -> dict:
    """Each kind's time in plain steps of the same round: the median over rounds, and the quartiles beside it."""
    ratios = {}
    for kind, values in seconds.items():
        quartiles = statistics.quantiles([value / plain for value, plain in zip(values, seconds["plain"])], n=4)
        ratios[kind] = dict(zip(("lower_quartile", "median", "upper_quartile"), (round(q, 3) for q in quartiles)))
    return {
        "what": f"CPU time of a step, in plain steps: ResNet-32, {BATCH} images of {SIDE} x {SIDE}, float32",
        "rounds": len(seconds["plain"]),
        "ratios": ratios,
        "machine": f"{platform.machine()} CPU, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=50, help="how often each kind is timed (default: %(default)s)")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    record = summary(measure(max(2, parser.parse_args().rounds)))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(OUT, json.dumps(record, indent=1) + "\n")
    for kind, ratio in record["ratios"].items():
        print(f"{kind:8} {ratio['median']:.2f}  ({ratio['lower_quartile']:.2f} to {ratio['upper_quartile']:.2f})")
