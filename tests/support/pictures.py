"""A folder of small pictures to train on: one colour a class, with noise, so that it can be learnt."""

import numpy as np
from PIL import Image

COLORS = {"blue": (40, 60, 200), "green": (60, 180, 60), "red": (200, 50, 40)}


def write_pictures(root, per_class=10, side=8, classes=COLORS, seed=0):
    """``root/CLASS/NUMBER.png``; returns root."""
    draw = np.random.default_rng(seed)
    for name, color in classes.items():
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = np.array(color) + draw.integers(-30, 31, (side, side, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / name / f"{number:03d}.png")
    return root
