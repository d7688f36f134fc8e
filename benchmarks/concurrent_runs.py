"""Several trainings at once on one machine: images per second of all of them together.

    python -m benchmarks.concurrent_runs

trains Self-Guidance of ResNet-32 in one process and in several, as several calls of `sgutils reproduce` do, and writes
`data/benchmarks/concurrent-runs-cpu.json` or `concurrent-runs-cuda.json`. On a CPU one process has one thread, or all of them.
It is wall time on the whole machine, so run it on a quiet one.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.multiprocessing as mp

from sgutils.training.precision import default_precision

from .common import BATCH, DEVICE, device_name, ours, random_images, save

CORES = os.cpu_count() or 1
# What is tried: (processes, threads of each).
TRIED = ((1, 1), (2, 1), (4, 1), (8, 1)) if DEVICE.type == "cuda" else ((1, 1), (1, CORES), (CORES, 1))


def train(threads: int, images: int, start: mp.Barrier, seconds: mp.Queue) -> None:
    """One process: an epoch to warm up, then one that is timed and begins when all are ready."""
    torch.set_num_threads(threads)
    epoch = ours(random_images(images), 2, default_precision(DEVICE))
    epoch()
    start.wait()
    begun = time.perf_counter()
    epoch()  # ends with a number that is read, so a GPU is done
    seconds.put(time.perf_counter() - begun)


def images_per_second(processes: int, threads: int, images: int) -> float:
    """Of all processes together, until the last is done."""
    context = mp.get_context("spawn")
    start, seconds = context.Barrier(processes), context.Queue()
    running = [
        context.Process(target=train, args=(threads, images, start, seconds), daemon=True) for _ in range(processes)
    ]
    for process in running:
        process.start()
    longest = max(seconds.get(timeout=600) for _ in running)
    for process in running:
        process.join()
    return processes * images / longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--images", type=int, default=2560 if DEVICE.type == "cpu" else 51200, help="per epoch (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each number of processes is tried (default: %(default)s)"
    )
    given = parser.parse_args()
    rates: dict[tuple[int, int], list[float]] = {tried: [] for tried in TRIED}
    for _ in range(given.rounds):
        for tried, found in rates.items():
            found.append(images_per_second(*tried, given.images))
    alone = statistics.median(rates[TRIED[0]])
    record = {
        "what": f"images per second of all processes together, each training Self-Guidance of ResNet-32, batch {BATCH}",
        "device": device_name(),
        "rounds": given.rounds,
        "tried": [
            {
                "processes": processes,
                "threads": threads,
                "images_per_second": round(statistics.median(found), 1),
                "times_one_process": round(statistics.median(found) / alone, 2),
            }
            for (processes, threads), found in rates.items()
        ],
        "versions": {"torch": torch.__version__},
    }
    save("concurrent-runs", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
