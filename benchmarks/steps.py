"""How long a training step takes, and what it moves, computes and stores: each method, each way to compute it.

    python -m benchmarks.steps

times every kind of step of ResNet-32, ResNet-50 and ResNet-110 in turn, round after round, on the GPU if there is one and
else on one thread of the CPU, and writes `data/benchmarks/steps-cpu.json` or `steps-cuda.json`. What counts are ratios to
the plain step of the same round; on a CPU they are of process time, which hardly depends on what else the machine does.

Each kind has a floor: the time of its multiply-adds at the device's best rate of that precision, in a large matrix product
or in a convolution of the last stage, or of the bytes that its operators read and write at the rate of its best copy of a
tensor as large as the first stage's, whichever is longer. Operators that were fused would move fewer bytes. Memory that the
process gave back and gets again from the operating system is no part of the floor: how much that is in a step is counted.
"""

import argparse
import resource
import statistics
from collections.abc import Callable
from contextlib import nullcontext

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import sgutils as sg
from sgutils.training.precision import default_precision

from .common import BATCH, CLASSES, DEVICE, OURS, SIDE, USUAL, Masked, MaskedSelfGuidance, one_thread, save, seconds

WARM_UP = 2
NETWORKS = {"resnet32": sg.resnet32, "resnet50": sg.resnet50, "resnet110": sg.resnet110}


class MaskedStochasticDepth(torch.nn.Module):
    """The usual form of stochastic depth."""

    def __init__(self, net: sg.ResNet):
        super().__init__()
        self.net = Masked(net)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"total": F.cross_entropy(self.net(x), y)}


# kind -> (what is trained, given a maker of networks; memory format; whether autocast to bfloat16)
KINDS: dict[str, tuple[Callable, torch.memory_format, bool]] = {
    "plain": (lambda make: sg.Baseline(make()), USUAL, False),
    "plain, channels last": (lambda make: sg.Baseline(make()), OURS, False),
    "plain, channels last, bfloat16": (lambda make: sg.Baseline(make()), OURS, True),
    "stochastic depth, masked": (lambda make: MaskedStochasticDepth(make()), USUAL, False),
    "stochastic depth, skipped": (lambda make: sg.StochasticDepth(make()), USUAL, False),
    "stochastic depth, skipped, channels last": (lambda make: sg.StochasticDepth(make()), OURS, False),
    "Self-Guidance, masked": (lambda make: MaskedSelfGuidance(make()), USUAL, False),
    "Self-Guidance, skipped": (lambda make: sg.SelfGuidance(make()), USUAL, False),
    "Self-Guidance, skipped, channels last": (lambda make: sg.SelfGuidance(make()), OURS, False),
    "Self-Guidance, skipped, channels last, bfloat16": (lambda make: sg.SelfGuidance(make()), OURS, True),
}
# Students of which a skipped step's floor is the mean.
STUDENTS = 10
# What the paper compares the storage of.
PEERS = (
    "baseline",
    "stochastic-depth",
    "self-guidance",
    "mutual-learning",
    "native-ensemble",
    "diverse-peers",
    "cosub",
)


def step_of(method: torch.nn.Module, memory_format: torch.memory_format, autocast: bool) -> Callable[[], None]:
    """One training step on a fixed mini-batch, with an optimiser of its own."""
    torch.manual_seed(0)
    method = method.to(DEVICE, memory_format=memory_format).train()
    x = torch.randn(BATCH, 3, SIDE, SIDE, device=DEVICE).contiguous(memory_format=memory_format)
    y = torch.randint(CLASSES, (BATCH,), device=DEVICE)
    optimizer = torch.optim.SGD(
        method.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=DEVICE.type == "cuda"
    )
    context = torch.autocast(DEVICE.type, torch.bfloat16) if autocast else nullcontext()

    def step():
        optimizer.zero_grad(set_to_none=False)
        with context:
            total = method(x, y)["total"]
        total.backward()
        optimizer.step()

    return step


def fresh_memory() -> int:
    """Bytes that the operating system has given to this process so far, a page at a time and filled with zeros."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt * resource.getpagesize()


def measure(make: Callable[[], sg.ResNet], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """Seconds of every kind of step, all kinds in turn within each round, and the bytes of fresh memory that each took."""
    steps = {kind: step_of(build(make), layout, autocast) for kind, (build, layout, autocast) in KINDS.items()}
    taken: dict[str, list[float]] = {kind: [] for kind in steps}
    fresh: dict[str, list[int]] = {kind: [] for kind in steps}
    for done in range(-WARM_UP, rounds):
        for kind, step in steps.items():
            before = fresh_memory()
            spent = seconds(step)
            if done >= 0:
                taken[kind].append(spent)
                fresh[kind].append(fresh_memory() - before)
    return taken, fresh


class Traffic(TorchDispatchMode):
    """Adds up the bytes of all tensors that operators read and write, each operator on its own."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        out = operator(*args, **(kwargs or {}))
        if not operator.is_view:
            leaves = torch.utils._pytree.tree_leaves((args, kwargs, out))
            self.bytes += sum(leaf.numel() * leaf.element_size() for leaf in leaves if isinstance(leaf, Tensor))
        return out


def shortest(call: Callable[[], object], tries: int) -> float:
    """The least seconds of one call. On a GPU of many in a row: one alone would mostly be waited for."""
    if DEVICE.type == "cpu":
        return min(seconds(call) for _ in range(tries))
    return min(seconds(lambda: [call() for _ in range(100)]) for _ in range(5)) / 100


def rates() -> dict[str, float]:
    """What the device does at best in a second: multiply-adds in either precision, and bytes of a copy."""
    source = torch.randn(BATCH, 16, SIDE, SIDE, device=DEVICE)
    target = torch.empty_like(source)
    best = {"bytes": 2 * source.nbytes / shortest(lambda: target.copy_(source), 50)}
    side = 2048 if DEVICE.type == "cpu" else 8192
    matrices = torch.randn(2, side, side, device=DEVICE)
    images = torch.randn(BATCH, 64, SIDE // 4, SIDE // 4, device=DEVICE).contiguous(memory_format=OURS)
    weight = torch.randn(64, 64, 3, 3, device=DEVICE).contiguous(memory_format=OURS)
    for precision in (torch.float32, torch.bfloat16):
        a, b, x, w = (tensor.to(precision) for tensor in (*matrices, images, weight))
        product = side**3 / shortest(lambda: torch.mm(a, b), 10)
        pixels = images.numel() // 64
        convolution = pixels * weight.numel() / shortest(lambda: F.conv2d(x, w, padding=1), 50)
        best[str(precision).removeprefix("torch.")] = max(product, convolution)
    return best


def floor(kind: str, make: Callable[[], sg.ResNet], best: dict[str, float]) -> dict[str, float]:
    """Seconds that the arithmetic, or the traffic, of such a step alone would take at the device's best rates.

    Where blocks are skipped, the mean over students that together run each block in its share of them.
    """
    build, layout, autocast = KINDS[kind]
    method, count = build(make), 1
    if "skipped" in kind:
        count, p = STUDENTS, method.students.p
        even = iter([torch.ones_like(p), *(((k + 0.5) / count < p).to(p) for k in range(count))])
        method.students.forward = lambda: next(even)
    step = step_of(method, layout, autocast)
    step()
    with FlopCounterMode(display=False) as counter, Traffic() as traffic:
        for _ in range(count):
            step()
    multiply_adds, moved = counter.get_total_flops() / 2 / count, traffic.bytes / count
    compute = multiply_adds / best["bfloat16" if autocast else "float32"]
    return {
        "multiply_adds": round(multiply_adds),
        "bytes": round(moved),
        "seconds": max(compute, moved / best["bytes"]),
    }


def storage(make: Callable[[], sg.ResNet]) -> dict[str, dict[str, int]]:
    """Of every method: parameters that are trained and that are deployed, and what a step keeps for its backward pass.

    On a GPU also the most memory that was allocated during a step, as the trainer takes it there, with its optimiser.
    """
    found = {}
    for name in PEERS:
        torch.manual_seed(0)
        method = sg.build_method(name, make).train()
        if hasattr(method, "students"):  # the most that a step can need: a student that runs every block
            method.students.p = torch.ones_like(method.students.p)
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            losses = method(torch.randn(BATCH, 3, SIDE, SIDE), torch.randint(CLASSES, (BATCH,)))
        parameters = {p.data_ptr() for p in method.parameters()}
        found[name] = {
            "trained_parameters": sum(p.numel() for p in method.parameters() if p.requires_grad),
            "deployed_parameters": sum(p.numel() for p in method.deployed_network().parameters()),
            "bytes_for_backward": sum(size for address, size in kept.items() if address not in parameters),
        }
        del losses
        if DEVICE.type == "cuda":
            step = step_of(method, OURS, default_precision(DEVICE) == "bfloat16")
            step()
            torch.cuda.reset_peak_memory_stats()
            step()
            found[name]["peak_bytes"] = torch.cuda.max_memory_allocated()
            del step, method
            torch.cuda.empty_cache()
    return found


def summary(taken: dict[str, list[float]], fresh: dict[str, list[int]], floors: dict[str, dict[str, float]]) -> dict:
    """Of every kind its ratio to the plain step in each round, and medians against that, the usual way and the floor."""
    kinds = {}
    for kind, values in taken.items():
        ratios = [round(value / plain, 3) for value, plain in zip(values, taken["plain"], strict=True)]
        usual = statistics.median(
            masked / value for value, masked in zip(values, taken["Self-Guidance, masked"], strict=True)
        )
        kinds[kind] = {
            "median_seconds": round(statistics.median(values), 6),
            "ratios": ratios,
            "median_ratio": round(statistics.median(ratios), 3),
            "times_faster_than_masked_self_guidance": round(usual, 3),
            "floor": floors[kind] | {"seconds": round(floors[kind]["seconds"], 6)},
            "fresh_bytes": round(statistics.median(fresh[kind])),
            "times_its_floor": round(statistics.median(values) / floors[kind]["seconds"], 2),
        }
    return {"rounds": len(taken["plain"]), "kinds": kinds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how often each kind is timed (default: %(default)s)")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    given = parser.parse_args()
    device = one_thread()
    # Float32 as torch has it: a GPU's convolutions in TF32 if it can, so the best matrix product has to be in it, too.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    best = rates()
    record = {
        "what": f"a training step on {BATCH} images of {SIDE} x {SIDE}; ratios to the plain step of the same round",
        "device": device,
        "rates": {name: round(rate) for name, rate in best.items()},
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "networks": {},
        "storage": storage(sg.resnet32),
    }
    for name in given.networks:
        floors = {kind: floor(kind, NETWORKS[name], best) for kind in KINDS}
        found = summary(*measure(NETWORKS[name], max(2, given.rounds)), floors)
        record["networks"][name] = found
        print(f"\n{name}, {device}\n  {'step':48} against plain     against its floor")
        for kind, ratio in found["kinds"].items():
            spread = f"({min(ratio['ratios']):.2f} to {max(ratio['ratios']):.2f})"
            print(f"  {kind:48} {ratio['median_ratio']:5.2f}  {spread}  {ratio['times_its_floor']:5.1f}")
    save("steps", record)


if __name__ == "__main__":
    main()
