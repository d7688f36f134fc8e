"""What several benchmarks of training share: the device, its clock, the usual form of the method, and where records go."""

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import Tensor

import sgutils as sg
from sgutils.files import write_atomically

FOLDER = Path(__file__).resolve().parent.parent / "data" / "benchmarks"
BATCH, SIDE, CLASSES = 128, 32, 10
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
USUAL, OURS = torch.contiguous_format, torch.channels_last


class Masked(torch.nn.Module):
    """Stochastic depth as torchvision has it: every branch is computed, then multiplied by 0 or 1/p."""

    def __init__(self, net: sg.ResNet):
        super().__init__()
        self.net = net
        self.drops = []
        for block, survival in zip(net.blocks, sg.linear_decay(net.num_blocks).tolist(), strict=True):
            self.drops.append(torchvision.ops.StochasticDepth(1 - survival, mode="batch"))
            block.branch.append(self.drops[-1])

    def forward(self, x: Tensor, drop: bool = True) -> Tensor:
        for operator in self.drops:
            operator.train(drop)
        return self.net(x)


class MaskedSelfGuidance(torch.nn.Module):
    """The usual form of two passes: the student masked, the teacher whole."""

    def __init__(self, net: sg.ResNet):
        super().__init__()
        self.net = Masked(net)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        student, teacher = self.net(x), self.net(x, drop=False)
        return {"total": sg.self_guidance_loss(student, teacher, y).total}


def seconds(step: Callable[[], None]) -> float:
    """Of one call: on the CPU of the process, on a GPU until it is done."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        torch.cuda.synchronize()
        return time.perf_counter() - start
    start = time.process_time()
    step()
    return time.process_time() - start


def random_images(count: int) -> sg.Dataset:
    """A data set of CIFAR's shape; its test set is a single image."""
    draw = torch.Generator().manual_seed(0)
    x, y = (torch.randint(high, shape, generator=draw) for high, shape in ((256, (count, 3, 32, 32)), (10, (count,))))
    x = x.to(torch.uint8)
    return sg.Dataset("random", x, y, x[:1], y[:1], tuple("0123456789"), hflip=True)


def ours(dataset: sg.Dataset, epochs: int, precision: str):
    """Runs one epoch a call of the book's trainer."""
    training = iter(
        sg.Trainer(
            sg.SelfGuidance(sg.resnet32()), *sg.loaders(dataset, batch_size=BATCH), epochs=epochs, precision=precision
        )
    )
    return lambda: next(training)


def device_name() -> str:
    if DEVICE.type == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU with {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"


def one_thread() -> str:
    """Of a CPU use one thread; the device, with that."""
    if DEVICE.type == "cuda":
        return device_name()
    torch.set_num_threads(1)
    return f"{device_name()}, 1 thread used"


def save(name: str, record: dict) -> None:
    """Write a record of this device to `data/benchmarks`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_atomically(FOLDER / f"{name}-{DEVICE.type}.json", json.dumps(record, indent=1) + "\n")
