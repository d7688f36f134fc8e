"""Images per second of whole epochs, data included: the book's trainer against the usual loop.

    python -m benchmarks.epochs

trains Self-Guidance on images of CIFAR's shape, in turn with `sgutils.Trainer` (images on the device, shifted and mirrored
a mini-batch at a time, skipped blocks not computed) and with the loop that most repositories have: PIL transforms in a
`DataLoader`, the student masked by torchvision's `StochasticDepth`, eager, float32. It writes
`data/benchmarks/epochs-cpu.json` or `epochs-cuda.json`: wall time on the whole machine, so run it on a quiet one.
"""

import argparse
import json
import os
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

import sgutils as sg
from sgutils.training.precision import PRECISIONS

from .common import BATCH, DEVICE, MaskedSelfGuidance, device_name, ours, random_images, save


class Pictures(torch.utils.data.Dataset):
    """Images as most data sets of torchvision give them: a PIL image at a time, transformed on its own."""

    def __init__(self, x: np.ndarray, y: torch.Tensor):
        self.x, self.y = x, y.tolist()
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            ]
        )

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int):
        return self.transform(Image.fromarray(self.x[index])), self.y[index]


# Processes that prepare the usual loop's images.
WORKERS = min(8, os.cpu_count() or 1)


def usual(dataset: sg.Dataset):
    """Runs one epoch a call, as most repositories do."""
    method = MaskedSelfGuidance(sg.resnet32()).to(DEVICE)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    pictures = Pictures(dataset.train_x.permute(0, 2, 3, 1).numpy(), dataset.train_y)
    how = {"num_workers": WORKERS, "persistent_workers": True, "pin_memory": DEVICE.type == "cuda"}
    loader = torch.utils.data.DataLoader(pictures, BATCH, shuffle=True, **how)

    def epoch():
        method.train()
        for x, y in loader:
            x, y = x.to(DEVICE, non_blocking=True), y.to(DEVICE, non_blocking=True)
            total = method(x, y)["total"]
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            total.item()  # for the progress bar

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--images", type=int, default=2560 if DEVICE.type == "cpu" else 51200, help="per epoch (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="epochs that are timed of each (default: %(default)s)")
    given = parser.parse_args()
    dataset = random_images(given.images)
    loops = {"usual": usual(dataset)}
    loops |= {f"sgutils, {precision}": ours(dataset, given.rounds + 1, precision) for precision in PRECISIONS}
    rates: dict[str, list[float]] = {name: [] for name in loops}
    for done in range(-1, given.rounds):
        for name, epoch in loops.items():
            start = time.perf_counter()
            epoch()
            if DEVICE.type == "cuda":
                torch.cuda.synchronize()
            if done >= 0:
                rates[name].append(given.images / (time.perf_counter() - start))
    ratios = {
        name: sorted(round(fast / slow, 2) for fast, slow in zip(rates[name], rates["usual"], strict=True))
        for name in rates
        if name != "usual"
    }
    record = {
        "what": f"images per second of whole epochs of Self-Guidance, ResNet-32, batch {BATCH}, data included",
        "device": device_name(),
        "workers_of_the_usual_loop": WORKERS,
        "rounds": given.rounds,
        "images_per_second": {name: round(statistics.median(values), 1) for name, values in rates.items()},
        "times_faster": {
            name: {"least": values[0], "median": round(statistics.median(values), 2), "most": values[-1]}
            for name, values in ratios.items()
        },
        "versions": {"torch": torch.__version__},
    }
    save("epochs", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
