"""Runs of the map with errors that a test chooses."""

import base64
import dataclasses

import numpy as np

from sgutils.results.campaign import POINTS, setting
from sgutils.training.config import Config
from sgutils.training.record import Run

IMAGES = 200


def run(point, name, seed, wrong, fit=0.1, **changes):
    """A run at a point of the plan that gets this many of the test images wrong."""
    right = np.arange(IMAGES) >= wrong
    record = Run(
        config=Config(**setting(name, POINTS[point].recipe), seed=seed).as_dict(),
        status="finished",
        message="",
        command="",
        curves={"test_error": [wrong / IMAGES]},
        last_test_error=wrong / IMAGES,
        best_test_error=wrong / IMAGES,
        parameters={},
        seconds=1.0,
        images_per_second=1.0,
        device="",
        versions={},
        commit="",
        right={"images": IMAGES, "bits": base64.b64encode(np.packbits(right).tobytes()).decode()},
        fit_error=fit,
        schema=2,
    )
    return dataclasses.replace(record, **changes)


def point(name="map-cifar100", **wrong):
    """Runs of one point; `plain=(80, 82)` are two seeds."""
    names = {"plain": "plain", "guided": "lambda 0.25", "equal": "equal work", "depth": "stochastic depth"}
    return [run(name, names[key], seed, count) for key, counts in wrong.items() for seed, count in enumerate(counts)]
