"""Whether a run goes on with the images that it began with: what its checkpoint says of them."""

import math
from typing import Any

import torch
from torch import Tensor

from ..data import ImageLoader, Inputs
from ..data.dataset import PIXELS_AT_ONCE
from ..errors import InputError
from .config import Config
from .trainer import Trainer

PARTS = ("train", "test", "validation")


def images_of(trainer: Trainer) -> dict[str, dict[str, list]]:
    """Of each part the number of images of each class, and their mean pixel per channel: few numbers for any data set."""
    loaders = {part: getattr(trainer, part) for part in PARTS}
    return {part: _sums(loader.x, loader.y) for part, loader in loaders.items() if isinstance(loader, ImageLoader)}


def check_same_images(inputs: Inputs | None, images: Any, trainer: Trainer, config: Config) -> None:
    """Of a run that began on other images, neither the rest of the training nor a test would mean anything.

    Args:
        inputs: of the checkpoint; None of an older version.
        images: what `images_of` said of the run at its begin; None of an older version.
        trainer: of the images that are there now.
        config: of the run.

    Raises:
        InputError: if they are others.
    """
    now = Inputs.of(trainer.train) if isinstance(trainer.train, ImageLoader) else None
    if inputs is not None and now is not None and not _fit(inputs, now):
        _refuse(config, "other classes, sizes or pixels")
    for part, there in images_of(trainer).items() if isinstance(images, dict) else ():
        before = images.get(part)
        if not isinstance(before, dict) or before.get("counts") != there["counts"]:
            _refuse(
                config,
                f"the {part} images are {sum(there['counts'])}, or their classes are not as frequent as they were",
            )
        means = [mean for of_class in before.get("means", ()) for mean in of_class]
        if not _near(means, [mean for of_class in there["means"] for mean in of_class]):
            _refuse(config, f"the {part} images of a class have other pixels, or other labels")


def _fit(before: Inputs, now: Inputs) -> bool:
    return before.classes == now.classes and before.size == now.size and _near(before.mean, now.mean)


def _near(before, now) -> bool:
    # Not to the last digit: another machine adds up in another order, and decodes a JPEG otherwise.
    return len(before) == len(now) and all(math.isclose(a, b, rel_tol=1e-3) for a, b in zip(before, now, strict=True))


def _sums(x: Tensor, y: Tensor) -> dict[str, list]:
    classes = int(y.max()) + 1
    size = max(1, PIXELS_AT_ONCE // x[0].numel())
    pixels = torch.cat([part.float().mean((2, 3)).cpu() for part in x.split(size)]).double()
    counts = torch.bincount(y.cpu(), minlength=classes)
    totals = torch.zeros(classes, pixels.shape[1], dtype=torch.float64).index_add_(0, y.cpu(), pixels)
    return {"counts": counts.tolist(), "means": (totals / counts.clamp(min=1)[:, None]).tolist()}


def _refuse(config: Config, what: str) -> None:
    raise InputError(
        f"The images of {config.dataset} are not those that this run began with ({what}): put those back, or train again."
    )
