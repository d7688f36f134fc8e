"""What gates around somebody else's network cost: torchvision's ResNet-18 in `sg.gated`, against itself and against ours.

    python -m benchmarks.gated

times steps in turn, each round with one student for both networks, and writes `data/benchmarks/gated-cpu.json` or
`gated-cuda.json`: the plain step of `sg.gated(resnet18)` against that of the model itself, and its Self-Guidance step against
that of a network of ours of the same shape. Ratios within a round, so that a busy machine does not matter much.
"""

import argparse
import json
import statistics
from collections.abc import Callable

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import sgutils as sg

from .common import DEVICE, OURS, one_thread, save, seconds

BATCH, CLASSES, SIDE = 32, 10, 32
WARM_UP = 2


def resnet18() -> nn.Module:
    """torchvision's, with the usual stem for small images, so that ours has its shape."""
    model = torchvision.models.resnet18(num_classes=CLASSES)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def ours() -> sg.ResNet:
    return sg.ResNet(2, CLASSES, 3, (64, 128, 256, 512), "basic")


def step_of(net: nn.Module, loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], None]:
    """One training step on random images, as the trainer takes it, without its loader."""
    net.to(DEVICE, memory_format=OURS).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    x = torch.randn(BATCH, 3, SIDE, SIDE, device=DEVICE).contiguous(memory_format=OURS)
    y = torch.randint(CLASSES, (BATCH,), device=DEVICE)

    def step() -> None:
        optimizer.zero_grad(set_to_none=False)
        loss(x, y).backward()
        optimizer.step()

    return step


def plain(net: nn.Module) -> Callable[[], None]:
    return step_of(net, lambda x, y: F.cross_entropy(net(x), y))


def guided(net: nn.Module) -> Callable[[], None]:
    method = sg.SelfGuidance(net, seed=0)  # the same students for every network
    return step_of(method, lambda x, y: method(x, y)["total"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how often each kind is timed (default: %(default)s)")
    given = parser.parse_args()
    device = one_thread()
    torch.manual_seed(0)
    steps = {
        "plain, the model itself": plain(resnet18()),
        "plain, gated": plain(sg.gated(resnet18())),
        "plain, ours": plain(ours()),
        "Self-Guidance, gated": guided(sg.gated(resnet18())),
        "Self-Guidance, ours": guided(ours()),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for done in range(-WARM_UP, max(2, given.rounds)):
        for name, step in steps.items():
            spent = seconds(step)
            if done >= 0:
                taken[name].append(spent)

    def ratio(one: str, other: str) -> dict[str, float]:
        ratios = sorted(a / b for a, b in zip(taken[one], taken[other], strict=True))
        values = {"least": ratios[0], "median": statistics.median(ratios), "most": ratios[-1]}
        return {name: round(value, 3) for name, value in values.items()}

    record = {
        "what": f"a step of ResNet-18 on {BATCH} images of {SIDE} x {SIDE}, float32; ratios within a round",
        "device": device,
        "rounds": len(taken["plain, gated"]),
        "median_seconds": {name: round(statistics.median(values), 4) for name, values in taken.items()},
        "ratios": {
            "plain, gated against the model itself": ratio("plain, gated", "plain, the model itself"),
            "plain, gated against ours": ratio("plain, gated", "plain, ours"),
            "Self-Guidance, gated against ours": ratio("Self-Guidance, gated", "Self-Guidance, ours"),
        },
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    save("gated", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
