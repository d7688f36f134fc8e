"""Images and labels as tensors, the form in which every data set is used, and the search for its files."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from ..folders import data_folder


@dataclass(frozen=True)
class Normalizer:
    """From pixels of 0 to 255 to floats of zero mean and unit standard deviation per channel of the training set.

    Attributes:
        mean: ``(C,)``, in units of pixels.
        std: ``(C,)``, likewise.
    """

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, images: Tensor) -> "Normalizer":
        """Measured on ``(N, C, H, W)`` uint8 images."""
        x = images.float().flatten(2)
        return cls(x.mean(dim=(0, 2)), x.std(dim=(0, 2)).clamp(min=1e-6))

    def __call__(self, images: Tensor) -> Tensor:
        """``(N, C, H, W)`` uint8 to float32 of the same shape."""
        return (images.float() - self.mean.view(1, -1, 1, 1)) / self.std.view(1, -1, 1, 1)

    def to(self, device: torch.device | str) -> "Normalizer":
        """The same on another device."""
        return Normalizer(self.mean.to(device), self.std.to(device))


@dataclass(frozen=True)
class Dataset:
    """Training and test images of one data set.

    Attributes:
        name: as given to `load_dataset`.
        train_x: ``(N, C, H, W)`` uint8.
        train_y: ``(N,)`` int64 class indices.
        test_x: as ``train_x``.
        test_y: as ``train_y``.
        classes: the K class names.
        hflip: whether an image that is flipped left to right still shows its class, so that flips may augment it.
        validation_x: as ``train_x``: images for choices, neither trained nor tested on; None if there are none.
        validation_y: as ``train_y``.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]
    hflip: bool
    validation_x: Tensor | None = None
    validation_y: Tensor | None = None

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def channels(self) -> int:
        return self.train_x.shape[1]

    def normalizer(self) -> Normalizer:
        """Of this set's pixels, by its training images."""
        return Normalizer.of(self.train_x)


def find(names: tuple[str, ...], advice: str) -> Path:
    """The first file or folder of these names under ``data/raw`` or ``data``, here or where the book's data lies.

    Args:
        names: relative paths, the preferred one first.
        advice: how to get the files, for the error.

    Raises:
        InputError: if there is none.
    """
    for name in names:
        for root in (Path("data/raw"), Path("data"), data_folder() / "raw", data_folder()):
            with suppress(OSError):  # a folder that may not be entered
                if (root / name).exists():
                    return root / name
    raise InputError(f"{' or '.join(names)} was not found under data/raw or data: {advice}.")
