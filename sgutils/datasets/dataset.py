"""Images and labels as tensors, the form in which every data set is used, and the search for its files."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from ..folders import data_folder


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
        mirrored: whether a mirrored image still shows its class, so that flips may augment it.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]
    mirrored: bool

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def channels(self) -> int:
        return self.train_x.shape[1]

    def to(self, device: torch.device | str) -> "Dataset":
        """The same set on another device."""
        move = {key: getattr(self, key).to(device) for key in ("train_x", "train_y", "test_x", "test_y")}
        return replace(self, **move)

    def normaliser(self) -> Callable[[Tensor], Tensor]:
        """A function from uint8 to float images of zero mean and unit deviation a channel over the training set."""
        x = self.train_x.float().flatten(2)
        mean = x.mean(dim=(0, 2)).view(1, -1, 1, 1)
        deviation = x.std(dim=(0, 2)).clamp(min=1e-6).view(1, -1, 1, 1)
        return lambda images: (images.float() - mean) / deviation


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
