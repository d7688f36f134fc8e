"""Images and labels as tensors, the form in which every data set is used, and the search for its files."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..checks import flag, shown
from ..errors import InputError
from ..folders import DATA_VARIABLE, data_folder, expanded

# As floats, one part of a data set after another: the whole would take several times the memory of its images.
PIXELS_AT_ONCE = 2**20


def averaged(images: Tensor, size: tuple[int, int]) -> Tensor:
    """``(N, C, H, W)`` uint8 images of another size, each pixel the mean of the area that it covers."""
    if images.shape[-2:] == size:
        return images
    return F.interpolate(images.float(), size=size, mode="area").round().to(torch.uint8)


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
        total = squares = torch.zeros(images.shape[1], dtype=torch.float64, device=images.device)
        for part in images.split(max(1, PIXELS_AT_ONCE // images[0].numel())):
            x = part.flatten(2).double()
            total, squares = total + x.sum((0, 2)), squares + x.square().sum((0, 2))
        count = images[:, 0].numel()
        variance = (squares - total.square() / count) / max(1, count - 1)
        return cls((total / count).float(), variance.clamp(min=0).sqrt().float().clamp(min=1e-6))

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
        native_size: H and W that the images had before areas were averaged; None if they are as they were.

    Raises:
        InputError: if images and labels do not belong together, or are not of these types and ranges.
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
    native_size: tuple[int, int] | None = None

    def __post_init__(self):
        classes = self.classes
        if not isinstance(classes, (tuple, list)) or not all(isinstance(name, str) for name in classes) or not classes:
            raise InputError(f"classes must be the names of the classes, a tuple of texts, not {shown(classes)}.")
        if not isinstance(self.name, str):
            raise InputError(f"name must be a text, not {shown(self.name)}.")
        object.__setattr__(self, "classes", tuple(classes))
        object.__setattr__(self, "hflip", flag("hflip", self.hflip))
        for part in ("train", "test", "validation"):
            x, y = getattr(self, f"{part}_x"), getattr(self, f"{part}_y")
            if part == "validation" and x is None and y is None:
                continue
            self._check(part, x, y)
            object.__setattr__(self, f"{part}_y", y.long())

    def _check(self, part: str, x: object, y: object) -> None:
        """Once, here: nothing behind this door looks at images and labels again."""

        def refuse(found: str, expected: str):
            raise InputError(f"The {part} images of {self.name} {found}: expected {expected}.")

        if not isinstance(x, Tensor) or x.dtype != torch.uint8 or x.ndim != 4 or 0 in x.shape[1:]:
            found = f"{x.dtype} of shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            refuse(f"are {found}", "a tensor (N, C, H, W) of uint8, pixels from 0 to 255")
        elif (
            not isinstance(y, Tensor) or y.ndim != 1 or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool
        ):
            found = f"{y.dtype} of shape {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
            refuse(f"have labels that are {found}", "a tensor (N,) of whole numbers, the class indices")
        elif len(x) != len(y) or not len(x):
            refuse(f"are {len(x)} with {len(y)} labels", "one label for each image, and at least one image")
        elif int(y.min()) < 0 or int(y.max()) >= len(self.classes):
            refuse(
                f"have labels from {int(y.min())} to {int(y.max())}",
                f"class indices from 0 to {len(self.classes) - 1}, for there are {len(self.classes)} class names",
            )
        elif isinstance(self.train_x, Tensor) and x.shape[1:] != self.train_x.shape[1:]:
            refuse(f"are of {_size(x)}", f"{_size(self.train_x)}, as those for training")

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def channels(self) -> int:
        return self.train_x.shape[1]

    def normalizer(self) -> Normalizer:
        """Of this set's pixels, by its training images."""
        return Normalizer.of(self.train_x)


def _size(x: Tensor) -> str:
    return " x ".join(map(str, x.shape[1:]))


def find(names: tuple[str, ...], advice: str, *, inside: tuple[str, ...] = ()) -> Path:
    """The first file or folder of these names where data sets are looked for.

    That is the folder that `--data` or the variable SGUTILS_DATA names, and nowhere else if there is one; otherwise
    ``data/raw`` and ``data``, here and where the book's data lies.

    Args:
        names: relative paths, the preferred one first.
        advice: how to get the files, for the error.
        inside: what lies directly in the folder that is looked for: a folder that was named and has one of them is it,
            whatever it is called.

    Raises:
        InputError: if there is none.
    """
    named = os.environ.get(DATA_VARIABLE)
    if named:
        own = expanded(named)
        if not own.is_dir():
            raise InputError(
                f"{own.absolute()} is not a folder: --data, or the variable {DATA_VARIABLE}, names the one with the data sets."
            )
        roots = [own, own / "raw"]
        if any(_exists(own / name) for name in inside):
            return own
    else:
        roots = [Path("data/raw"), Path("data"), data_folder() / "raw", data_folder()]
    for name in names:
        for root in roots:
            if _exists(root / name):
                return root / name
    looked = " or ".join(dict.fromkeys(str(root.absolute()) for root in roots))
    other = "" if named else ", or name the folder where they are with --data"
    raise InputError(f"{' or '.join(names)} was not found under {looked}: {advice}{other}.")


def _exists(path: Path) -> bool:
    with suppress(OSError):  # a folder that may not be entered
        return path.is_file() or path.is_dir()  # opening a pipe would wait for whoever writes to it
    return False
