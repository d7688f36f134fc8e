"""Records what the feature space shows: features of a teacher and of fixed students while they train.

    python -m sgutils.widgets.recorders.feature_space

trains a network with Self-Guidance and one plainly, from the same weights and on the same batches, and writes
`data/explorables/feature-space.json`. A page cannot hold all 64 features of thousands of images: it gets a few images of
each class, and their features along the directions in which they spread most. The measures beside them are taken over
all test images and all features.
"""

import base64
import itertools
import json
from typing import Any

import numpy as np
import torch

from ...features import linear_cka, linear_probe, penultimate, principal_components, silhouette
from ...files import write_atomically
from ...folders import data_folder
from ...training.building import build_dataset, make_trainer
from ...training.config import Config
from .encoding import as_text

METHODS = ("self-guidance", "baseline")
RECIPE: dict[str, Any] = {
    "dataset": "fashion-mnist",
    "image_size": 14,
    "model": "resnet20",
    "epochs": 24,
    "batch_size": 64,
    "seed": 0,
}

# 0 is before the first step; the learning rate falls after 12 and after 18 epochs.
EPOCHS = (0, 1, 2, 4, 8, 12, 14, 18, 24)

# As in the paper's Figure 5, A and B run equally many blocks; C runs about half.
STUDENTS = {"A": "111110110", "B": "110111101", "C": "110101010"}

IMAGES_PER_CLASS, COMPONENTS = 20, 8
PROBE_IMAGES = 2000


def main():
    out = data_folder() / "explorables" / "feature-space.json"
    recording = {"methods": {method: record(method) for method in METHODS}}
    recording |= common()
    write_atomically(out, json.dumps(recording, separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


def read_recording():
    """What was recorded, with features as arrays of shape (networks, images, components): full network, then students."""
    recording = json.loads((data_folder() / "explorables" / "feature-space.json").read_text(encoding="utf-8"))
    for moment in itertools.chain(*recording["methods"].values()):
        steps = np.frombuffer(base64.b64decode(moment["features"]), np.int8)
        moment["features"] = steps.reshape(1 + len(STUDENTS), -1, recording["components"]).astype(float)
    return recording


def common():
    """What both methods share: the images and the networks that look at them."""
    dataset = build_dataset(Config(method="baseline", **RECIPE))
    chosen = shown(dataset.test_y)
    # Four bits a pixel, two pixels a byte.
    grey = (dataset.test_x[chosen, 0].flatten(1).float() / 17).round().to(torch.uint8)
    return {
        "classes": list(dataset.classes),
        "labels": dataset.test_y[chosen].tolist(),
        "side": dataset.test_x.shape[-1],
        "images": as_text(grey[:, ::2] * 16 + grey[:, 1::2]),
        "components": COMPONENTS,
        "epochs": list(EPOCHS),
        "students": STUDENTS,
        "test_images": len(dataset.test_y),
        "recipe": RECIPE,
    }


def shown(labels):
    """Indices of the first images of each class, one of each class after another, so that any part of them is even."""
    of_class = [(labels == label).nonzero().squeeze(1)[:IMAGES_PER_CLASS] for label in labels.unique()]
    return torch.stack(of_class, dim=1).flatten()


def record(method):
    """Features and measures of one training run, at `EPOCHS`."""
    trainer = make_trainer(Config(method=method, **RECIPE))
    steps = [state(trainer)]
    for epoch in trainer:
        print(f"{method}: epoch {epoch.index}, test error {epoch.test_error:.1%}", flush=True)
        if epoch.index in EPOCHS:
            steps.append(state(trainer))
    return steps


def state(trainer):
    """What all networks make of the images at this moment: the full network first, then the students."""
    net, data = trainer.method.net, build_dataset(Config(method="baseline", **RECIPE))
    normalizer = data.normalizer()
    full = trainer.method.students.p if hasattr(trainer.method, "students") else None
    test, train = normalizer(data.test_x), normalizer(data.train_x[:PROBE_IMAGES])
    networks = [full, *([float(gate) for gate in gates] for gates in STUDENTS.values())]
    features = [penultimate(net, test, gates) for gates in networks]
    chosen = shown(data.test_y)
    together = np.concatenate([part[chosen].numpy() for part in features])
    shared, kept = principal_components(together, COMPONENTS)
    with torch.no_grad():
        errors = [(net.classifier(part).argmax(dim=1) != data.test_y).float().mean().item() for part in features]
    probes = [
        linear_probe(penultimate(net, train, gates), data.train_y[:PROBE_IMAGES], part, data.test_y)
        for gates, part in zip(networks, features, strict=True)
    ]
    # One scale for all components: a map by perplexity knows no unit, but it does know which direction is longer.
    steps = np.round(shared / np.abs(shared).max() * 127).astype(np.int8)
    return {
        "features": as_text(torch.from_numpy(steps)),  # (networks, images, components) int8
        "kept": round(kept, 4),
        "error": [round(error, 4) for error in errors],
        "probe": [round(error, 4) for error in probes],
        "silhouette": [round(silhouette(part, data.test_y), 4) for part in features],
        "cka": [[round(linear_cka(one, other), 4) for other in features] for one in features],
    }


if __name__ == "__main__":
    main()
