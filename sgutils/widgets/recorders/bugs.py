"""Records what the eight bugs of the chapter *Find the bug* do to a training run.

    python -m sgutils.widgets.recorders.bugs

trains a small network on the digits with the mended code and with each bug, from the same weights and on the same
mini-batches, and writes `data/explorables/bugs.json`: after each epoch, the errors of teacher and students, their
divergence, and how hard the divergence pulls on the logits of both. What is trained is the code that the chapter shows.
"""

import copy
import json
import math
from collections.abc import Iterator
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data import load_dataset
from ...exercises import solution
from ...exercises.find_the_bug import trainers
from ...exercises.find_the_bug.bugs import BUGS
from ...exercises.find_the_bug.passes import of_labels, sgd, watched
from ...files import write_atomically
from ...folders import data_folder

OUT = data_folder() / "explorables" / "bugs.json"
IMAGES, TEST_IMAGES, BATCH, EPOCHS, SEEDS = 800, 400, 50, 10, range(3)
LR, LAM, TAU, PER_STAGE, P_LAST, PROCESSES = 0.02, 0.25, 3.0, 2, 0.5, 2
P = solution.survival(3 * PER_STAGE, P_LAST)
STUDENTS = [solution.draw(P, torch.Generator().manual_seed(100 + number)) for number in range(4)]
CURVES = ("teacher_error", "student_error", "divergence", "pull_on_student", "pull_on_teacher")
# The code without a bug that each bug is compared with: two processes have batch norm of their own.
MENDED = {"solution": solution, "train_in_processes": trainers}


def main() -> None:
    made = {name: runs(module, name) for name, module in MENDED.items()}
    made |= {bug.name: runs(bug.namespace(), compared_with(bug.functions[-1])) for bug in BUGS}
    recorded = {"recipe": recipe(), "compared_with": {bug.name: compared_with(bug.functions[-1]) for bug in BUGS}}
    write_atomically(OUT, json.dumps(recorded | {"runs": made}, separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


def compared_with(function: str) -> str:
    return function if function in MENDED else "solution"


def recipe() -> dict:
    return {
        "images": IMAGES, "test_images": TEST_IMAGES, "batch": BATCH, "epochs": EPOCHS, "seeds": len(SEEDS), "lr": LR,
        "lam": LAM, "tau": TAU, "blocks": len(P), "p_last": P_LAST, "students": len(STUDENTS), "processes": PROCESSES,
    }  # fmt: skip


def runs(module: ModuleType, trainer: str) -> dict[str, list[list[float | None]]]:
    """Of each curve a list for each seed, with a number after each epoch: None where there was none any more."""
    found = [run(module, trainer, seed) for seed in SEEDS]
    print(module.__name__, [{curve: states[-1][curve] for curve in CURVES} for states in found], flush=True)
    return {curve: [[state[curve] for state in states] for states in found] for curve in CURVES}


def run(module: ModuleType, trainer: str, seed: int) -> list[dict[str, float | None]]:
    digits = load_dataset("digits", train_examples=IMAGES)
    normalise = digits.normalizer()
    x, y = normalise(digits.train_x), digits.train_y
    x_test, y_test = normalise(digits.test_x)[:TEST_IMAGES], digits.test_y[:TEST_IMAGES]
    torch.manual_seed(seed)
    net = solution.Network(per_stage=PER_STAGE)
    order, generator = (torch.Generator().manual_seed(seed + more) for more in (50, 0))
    objective = getattr(module, "objective", solution.objective)
    states = []

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for part in torch.randperm(len(x), generator=order).split(BATCH):
            yield x[part], y[part]
        states.append(state(net, objective, (x[:100], y[:100]), (x_test, y_test)))

    if hasattr(module, "train_and_test"):
        if trainer == "train_in_processes":
            batches = (batch for _ in range(EPOCHS) for batch in epoch())
            module.train_in_processes(net, sgd(net, LR), batches, P, seed, LAM, TAU, PROCESSES)
        else:
            epochs = (epoch() for _ in range(EPOCHS))
            module.train_and_test(net, sgd(net, LR), epochs, (x_test, y_test), P, generator, LAM, TAU)
    else:
        module.train(net, (batch for _ in range(EPOCHS) for batch in epoch()), P, generator, lam=LAM, tau=TAU, lr=LR)
    return states


def state(net: nn.Module, objective, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> dict:
    """What a network has learnt; it stays as it is."""
    x, y = test
    tested = copy.deepcopy(net).eval()
    with torch.no_grad():
        teacher, *students = (tested(x, gates) for gates in (P, *STUDENTS))
    log_teacher = F.log_softmax(teacher / TAU, dim=1)
    divergences = [
        F.kl_div(F.log_softmax(z / TAU, dim=1), log_teacher, log_target=True, reduction="batchmean") for z in students
    ]
    pulls = torch.stack([_pulls(copy.deepcopy(net), objective, train, gates) for gates in STUDENTS[:2]]).mean(dim=0)
    values = (
        _error(teacher, y),
        sum(_error(z, y) for z in students) / len(students),
        torch.stack(divergences).mean().item(),
        *pulls.tolist(),
    )
    return {curve: _written(value) for curve, value in zip(CURVES, values, strict=True)}


def _error(logits: Tensor, y: Tensor) -> float:
    return 100 * (logits.argmax(dim=1) != y).float().mean().item()


def _pulls(net: nn.Module, objective, train: tuple[Tensor, Tensor], gates: Tensor) -> Tensor:
    """The length of what the divergence adds to the gradient on student's and teacher's logits, a mean over images."""
    x, y = train
    with watched(net) as seen:
        loss = objective(net, x, y, P, gates, LAM, TAU)
    logits = [one.logits for one in seen]
    found = torch.autograd.grad(loss, logits)
    return torch.stack(
        [(len(x) * g - of_labels(z, y)).norm(dim=1).mean() for z, g in zip(logits, found, strict=True)]
    ).detach()


def _written(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


if __name__ == "__main__":
    main()
