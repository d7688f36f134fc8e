"""Writes the digits that the playground trains on in the page: `lib/digits.json`, real scans from scikit-learn.

    python -m sgutils.widgets.recorders.digits

Every second training image and every test image, which keeps the page light. One letter a pixel, from a (paper) to q (16,
all ink), because that is what compresses best on the way to the reader.
"""

import json

from ...data import load_dataset
from ...files import write_atomically
from ..bundle import HERE

OUT = HERE / "lib" / "digits.json"


def recording():
    """What the page gets, as JSON values."""
    digits = load_dataset("digits")
    return {"train": _written(digits.train_x[::2], digits.train_y[::2]), "test": _written(digits.test_x, digits.test_y)}


def _written(images, labels):
    levels = (images.float() * 16 / 255).round().int().flatten().tolist()
    return {"pixels": "".join(chr(ord("a") + level) for level in levels), "labels": "".join(map(str, labels.tolist()))}


if __name__ == "__main__":
    write_atomically(OUT, json.dumps(recording(), separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")
