"""Records what the overview shows: every student of one trained network, on a few images.

    python -m sgutils.widgets.recorders.overview runs/overview

trains the network in that folder (or takes the one that it already holds), then writes `data/explorables/overview.json`.
The network is small enough, 9 blocks, that the page can hold the predictions of all 2^9 students.
"""

import argparse
import itertools
import json
from pathlib import Path

import torch

from ...data import load_dataset
from ...files import write_atomically
from ...folders import data_folder
from ...training.building import build_dataset, make_trainer
from ...training.checkpoint import load_checkpoint
from ...training.config import Config
from ...training.runs import CHECKPOINT, RESULT, train
from .encoding import as_text

# The network sees images of 14 x 14; the page shows them as they were taken.
CONFIG = Config(dataset="fashion-mnist", image_size=14, model="resnet20", method="self-guidance", epochs=30, seed=0)

# One image of each class, from one on which nearly all students agree with the teacher to one on which many do not: its
# rank, as a share, among the test images of that class that the teacher gets right, by the students' mean KL from it.
IMAGES = {"Coat": 0.9, "Ankle boot": 0.6, "Pullover": 0.6, "Bag": 0.6, "Dress": 0.85, "Shirt": 0.7}

# One byte a logit, and so a reach of 16 below the largest.
STEP = 1 / 16


def main(folder):
    if not (folder / RESULT).exists():
        train(CONFIG, folder, command=f"python -m sgutils.widgets.recorders.overview {folder}")
    trainer = make_trainer(CONFIG)
    trainer.load_state_dict(load_checkpoint(folder / CHECKPOINT)["trainer"])
    out = data_folder() / "explorables" / "overview.json"
    out.parent.mkdir(exist_ok=True)
    write_atomically(out, json.dumps(recording(trainer), separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


@torch.no_grad()
def recording(trainer):
    """What the page needs, as JSON values; bytes are in base64."""
    method, dataset = trainer.method.eval(), build_dataset(CONFIG)
    p, net = method.students.p, method.net
    originals = load_dataset(CONFIG.dataset).test_x
    x = dataset.normalizer()(dataset.test_x)
    logits = torch.cat([net(part, p) for part in x.split(500)])
    right = logits.argmax(dim=1) == dataset.test_y
    spread = torch.stack([_kl(net(x, method.students()), logits) for _ in range(24)]).mean(dim=0)
    images = []
    for name, share in IMAGES.items():
        label = dataset.classes.index(name)
        candidates = ((dataset.test_y == label) & right).nonzero().squeeze(1)
        chosen = candidates[spread[candidates].argsort()[int(share * (len(candidates) - 1))]]
        students = [net(x[chosen][None], gates)[0] for gates in itertools.product([0.0, 1.0], repeat=net.num_blocks)]
        images.append(
            {
                "label": label,
                "pixels": as_text(originals[chosen, 0]),
                "teacher": as_text(quantise(logits[chosen])),
                # Student number n runs the blocks whose bits are 1, block 1 being the highest bit.
                "students": as_text(quantise(torch.stack(students))),
            }
        )
    return {
        "classes": list(dataset.classes),
        "survival": [round(value, 4) for value in p.tolist()],
        "side": originals.shape[-1],
        "step": STEP,
        "images": images,
    }


def _kl(student, teacher):
    """KL(p_T || p_S) image by image."""
    log_student, log_teacher = student.log_softmax(dim=-1), teacher.log_softmax(dim=-1)
    return (log_teacher.exp() * (log_teacher - log_student)).sum(dim=-1)


def quantise(logits):
    """Logits as bytes: how many `STEP`s each lies below the largest of its vector."""
    below = (logits.amax(dim=-1, keepdim=True) - logits) / STEP
    return below.round().clamp(max=255).to(torch.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m sgutils.widgets.recorders.overview", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="folder of the training run")
    main(parser.parse_args().folder)
