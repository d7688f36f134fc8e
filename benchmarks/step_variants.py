"""Variants of the Self-Guidance step, tried against the trainer's own.

    python -m benchmarks.step_variants

checks that each does the same mathematics from the same weights, times all of them in turn on the same students, and
writes `data/benchmarks/step-variants-cpu.json` or `step-variants-cuda.json`. What is reported is the ratio to the trainer's step in the same
round, and how long it takes until it is ready. CUDA graphs are tried where there is a GPU.
"""

import argparse
import json
import statistics
import time

import torch
from torch import Tensor

import sgutils as sg
from sgutils.training import default_precision

from .common import BATCH, CLASSES, DEVICE, OURS, SIDE, one_thread, save, seconds
from .variants import ON_A_GPU, VARIANTS, Eager

# A GPU is told of many steps before it is waited for, as in training.
STEPS = 20 if DEVICE.type == "cuda" else 1


def prepared(variant: type[Eager], precision: str) -> tuple[Eager, float]:
    """It, from the same weights each time, and the seconds until its first step is done."""
    torch.manual_seed(0)
    net = sg.resnet32().to(DEVICE, memory_format=OURS).train()
    x = torch.randn(BATCH, 3, SIDE, SIDE).to(DEVICE, memory_format=OURS)
    y = torch.randint(CLASSES, (BATCH,)).to(DEVICE)
    start = time.perf_counter()
    made = variant(net, x, y, precision == "bfloat16")
    for gates in students(torch.Generator().manual_seed(1), 3):
        made.step(gates)
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return made, time.perf_counter() - start


def students(draw: torch.Generator, count: int) -> list[Tensor]:
    return [sg.sample_gates(sg.linear_decay(15), draw) for _ in range(count)]


def agreement(one: Eager, other: Eager) -> float:
    """Cosine of the directions in which weights and running statistics have moved since the start, the smaller of the two."""
    torch.manual_seed(0)
    start = sg.resnet32().to(DEVICE)

    def gone(made: Eager, tensors: str) -> Tensor:
        pairs = zip(getattr(made.net, tensors)(), getattr(start, tensors)(), strict=True)
        return torch.cat([(now.detach() - then.detach()).flatten().double() for now, then in pairs])

    return min(torch.cosine_similarity(gone(one, t), gone(other, t), dim=0).item() for t in ("parameters", "buffers"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how often each is timed (default: %(default)s)")
    given = parser.parse_args()
    device, precision = one_thread(), default_precision(DEVICE)
    variants, found = {}, {}
    for name, variant in (VARIANTS | (ON_A_GPU if DEVICE.type == "cuda" else {})).items():
        found[name] = {"what": variant.__doc__}
        try:
            made, ready = prepared(variant, precision)
        except Exception as error:  # what a machine cannot do must not cost what the others tell
            found[name]["failed"] = str(error).split("\n")[0]
            continue
        agrees = agreement(made, variants.get("the trainer's", made))
        found[name] |= {"agreement": round(agrees, 6), "seconds_until_ready": round(ready, 1)}
        if agrees < (0.999 if precision == "float32" else 0.95):
            found[name]["failed"] = (
                f"not the same mathematics: the cosine of its direction and the trainer's is {agrees:.3f}"
            )
        else:
            variants[name] = made
    taken: dict[str, list[float]] = {name: [] for name in variants}
    draw = torch.Generator().manual_seed(2)
    for _ in range(max(2, given.rounds)):
        drawn = students(draw, STEPS)
        for name, made in list(variants.items()):
            try:
                taken[name].append(seconds(lambda: [made.step(gates) for gates in drawn]) / STEPS)
            except Exception as error:
                if name == "the trainer's":  # there is nothing to compare with
                    raise
                found[name]["failed"] = str(error).split("\n")[0]
                del variants[name], taken[name]
    for name, values in taken.items():
        ratios = sorted(value / base for value, base in zip(values, taken["the trainer's"], strict=True))
        least, middle, most = (round(ratio, 3) for ratio in (ratios[0], statistics.median(ratios), ratios[-1]))
        found[name]["median_seconds"] = round(statistics.median(values), 6)
        found[name]["against_the_trainers"] = {"least": least, "median": middle, "most": most}
    record = {
        "what": f"a Self-Guidance step of ResNet-32 on {BATCH} images of {SIDE} x {SIDE}, {precision}; ratios to the trainer's own",
        "device": device,
        "rounds": max(2, given.rounds),
        "variants": found,
        "versions": {"torch": torch.__version__},
    }
    save("step-variants", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
