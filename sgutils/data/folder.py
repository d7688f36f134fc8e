"""One's own pictures: a folder with a folder of image files for each class."""

import os
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..checks import whole_number
from ..errors import InputError
from ..folders import expanded
from .dataset import Dataset
from .images import read_image, shown, without_warnings

PREFIX = "folder:"
# What the folders of the parts may be called, in lower case.
PARTS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation"),
}
# Of a folder without parts, this share of each class is for testing.
TEST_SHARE = 0.2
LAYOUT = "a folder with a folder of image files for each class, or train and val (or test) folders of that kind"
# What systems and archivers leave behind.
_LEFT_BEHIND = ("__macosx", "thumbs.db", "desktop.ini", "@eadir")
# Of the machine's memory, as much may hold the images, which are there twice while they are put together.
_MEMORY_SHARE = 0.5
_COPIES = 2


def read_folder(path: str | Path, image_size: int | None = None) -> Dataset:
    """Class folders of image files; the classes are called as their folders, and sorted by name.

    With ``train`` and one of ``val`` and ``test`` in it, these are the parts; with all three, ``val`` are the validation
    images. Otherwise the folder holds the classes, and a fifth of each, always the same, is for testing. Images are
    shifted but not flipped when they are augmented: nobody says whether a mirrored one is still of its class.

    Args:
        path: of the folder.
        image_size: scale the shorter side to this many pixels and cut a square around the centre; None leaves images as
            they are, which must then be of one size.

    Raises:
        InputError: if there is no such folder, it has another layout, a file in it is not an image, or sizes differ.
    """
    if not str(path):
        raise InputError(f"{PREFIX} names no folder: expected {PREFIX}PATH, {LAYOUT}.")
    root = expanded(path)
    side = None if image_size is None else whole_number("image_size", image_size, 4, 4096)
    listing = _Listing(root)
    parts = listing.parts()
    listing.warn()
    classes = tuple(parts["train"])
    size = None if side is None else (side, side)
    count = sum(len(files) for part in parts.values() for files in part.values())
    images = {part: _read_all(files, classes, size, count) for part, files in parts.items()}
    sizes = {name: x[0].shape[:2] for name, (x, _) in images.items()}
    if len(set(sizes.values())) > 1:
        found = " and ".join(f"{name} {h} x {w}" for name, (h, w) in sizes.items())
        raise InputError(f"The images of {shown(root)} have several sizes ({found}): say which with --image-size.")
    channels = max(image.shape[2] for x, _ in images.values() for image in x)
    tensors: dict[str, Any] = {}
    for part, (x, y) in images.items():
        tensors |= {f"{part}_x": _stacked(x, channels), f"{part}_y": torch.tensor(y)}
    if "test" not in parts:
        tensors |= _split(tensors.pop("train_x"), tensors.pop("train_y"))
    # Nobody has said what these show: a cat in a mirror is a cat, a digit in a mirror is none.
    return Dataset(f"{PREFIX}{path}", **tensors, classes=classes, hflip=False)


@dataclass
class _Listing:
    """The image files of a folder, and what in it is ignored."""

    root: Path
    hidden: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def parts(self) -> dict[str, dict[str, list[Path]]]:
        """For train and, where they have folders of their own, test and validation: class name -> files."""
        folders, files = self._entries(self.root)
        named: dict[str, Path] = {}
        for part, names in PARTS.items():
            found = [folder for folder in folders if folder.name.lower() in names]
            if len(found) > 1:
                both = " and ".join(shown(folder.name) for folder in found)
                raise InputError(f"{shown(self.root)} has {both}, of which only one can be for {part}: leave one out.")
            if found:
                named[part] = found[0]
        if "train" not in named:
            if files:
                raise InputError(f"{shown(files[0])} is in no folder of its class: expected {LAYOUT}.")
            return {"train": self._classes(self.root, folders)}
        if len(named) == 1:
            raise InputError(
                f"{shown(self.root)} has a folder for training but neither val nor test: expected {LAYOUT}."
            )
        if "test" not in named:
            named["test"] = named.pop("validation")
        self.others += [shown(each.name) for each in (*folders, *files) if each not in named.values()]
        parts = {part: self._classes(folder, self._entries(folder)[0]) for part, folder in named.items()}
        for part, classes in parts.items():
            if more := sorted(set(classes) - set(parts["train"])):
                raise InputError(f"Class {more[0]!r} of {shown(named[part])} has no image in {shown(named['train'])}.")
        return parts

    def warn(self) -> None:
        """Say what is ignored, in one sentence."""
        kinds = {
            "hidden files": self.hidden,
            "class folders without images": self.empty,
            "links to a folder around them": self.loops,
            "what is beside the parts": self.others,
        }
        said = [
            f"{what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
            for what, names in kinds.items()
            if names
        ]
        if said:
            warnings.warn(f"Ignored in {shown(self.root)}: {'; '.join(said)}.", stacklevel=3)

    def _classes(self, where: Path, folders: list[Path]) -> dict[str, list[Path]]:
        classes = {}
        for folder in folders:
            if re.search("[\udc80-\udcff]", folder.name):
                raise InputError(f"{shown(folder)} names a class, and its name is not UTF-8: rename it.")
            if files := list(self._images(folder, (self.root, where))):
                classes[folder.name] = files
            else:
                self.empty.append(folder.name)
        if len(classes) < 2:
            found = f"the class {next(iter(classes))!r} alone" if classes else "none"
            raise InputError(f"{shown(where)} has {found}, and two classes are the least: expected {LAYOUT}.")
        return dict(sorted(classes.items()))

    def _images(self, folder: Path, around: tuple[Path, ...]) -> Iterator[Path]:
        if any(os.path.samefile(folder, outer) for outer in around):
            self.loops.append(shown(folder.name))
            return
        folders, files = self._entries(folder)
        yield from files
        for inner in folders:
            yield from self._images(inner, (*around, folder))

    def _entries(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Its folders and its other entries, sorted by name."""
        try:
            entries = sorted(folder.iterdir())
        except FileNotFoundError as error:
            raise InputError(f"{shown(folder.absolute())} is missing: expected {LAYOUT}.") from error
        except NotADirectoryError as error:
            raise InputError(f"{shown(folder.absolute())} is not a folder: expected {LAYOUT}.") from error
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{shown(folder.absolute())} cannot be read ({said}): expected {LAYOUT}.") from error
        hidden = [each for each in entries if each.name.startswith(".") or each.name.lower() in _LEFT_BEHIND]
        self.hidden += [shown(each.name) for each in hidden]
        entries = [each for each in entries if each not in hidden]
        return [each for each in entries if each.is_dir()], [each for each in entries if not each.is_dir()]


def _read_all(
    files: dict[str, list[Path]], classes: tuple[str, ...], size: tuple[int, int] | None, count: int
) -> tuple[list[np.ndarray], list[int]]:
    """Every image of one part, ``(H, W, C)``, and its class index; ``count`` is of all parts."""
    paths = [path for each in files.values() for path in each]
    labels = [classes.index(name) for name, each in files.items() for _ in each]
    with without_warnings():
        first = read_image(paths[0], size)
    _check_memory(first, count)

    def read(path: Path) -> np.ndarray:
        image = read_image(path, size)
        if image.shape[:2] != first.shape[:2]:
            (h, w), (other_h, other_w) = first.shape[:2], image.shape[:2]
            raise InputError(
                f"{shown(paths[0])} is {w} x {h} pixels and {shown(path)} {other_w} x {other_h}: say with --image-size to "
                "which side all are to be brought."
            )
        return image

    # Pillow decodes without Python's lock.
    with without_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        try:
            return [first, *pool.map(read, paths[1:])], labels
        finally:
            pool.shutdown(cancel_futures=True)


def _check_memory(image: np.ndarray, count: int) -> None:
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    needed = image.shape[0] * image.shape[1] * 3 * count * _COPIES
    if have and needed > _MEMORY_SHARE * have:
        h, w = image.shape[:2]
        raise InputError(
            f"{count:,} images of {w} x {h} pixels need {needed / 1e9:.0f} GB of memory: make them smaller with --image-size."
        )


def _stacked(images: list[np.ndarray], channels: int) -> Tensor:
    """``(N, C, H, W)``; grey images among coloured ones have their one channel repeated."""
    height, width = images[0].shape[:2]
    x = np.empty((len(images), channels, height, width), np.uint8)
    for index, image in enumerate(images):
        x[index] = image.transpose(2, 0, 1)
        images[index] = image[:0]  # its memory is free again
    return torch.from_numpy(x)


def _split(x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """A share of each class for testing, drawn at random, the same at every call."""
    generator, test = torch.Generator().manual_seed(0), torch.zeros(len(y), dtype=torch.bool)
    for label in y.unique():
        of_label = (y == label).nonzero().squeeze(1)
        order = of_label[torch.randperm(len(of_label), generator=generator)]
        count = round(TEST_SHARE * len(order)) or int(len(order) > 1)
        test[order[:count]] = True
    if not test.any():
        raise InputError("Every class has one image only, and none is left to test on: give each at least two.")
    return {"train_x": x[~test], "train_y": y[~test], "test_x": x[test], "test_y": y[test]}
