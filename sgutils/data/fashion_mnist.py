"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): the subset that ships with the book, and the whole."""

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import InputError
from ..folders import DATA_VARIABLE, data_folder
from .dataset import Dataset, find

CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
FILES = {
    "train_x": "train-images-idx3-ubyte.gz",
    "train_y": "train-labels-idx1-ubyte.gz",
    "test_x": "t10k-images-idx3-ubyte.gz",
    "test_y": "t10k-labels-idx1-ubyte.gz",
}

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def read_fashion_mnist() -> Dataset:
    """The subset that ships with the book: 4,000 training and 4,000 test images, ``(N, 1, 28, 28)``."""
    return _read(data_folder() / "fashion-mnist", "it ships with the book: restore it with git, or install again")


def read_fashion_mnist_full() -> Dataset:
    """The whole set: 60,000 training and 10,000 test images, from torchvision's or Debian's files."""
    advice = (
        "install Debian's package dataset-fashion-mnist, or run pip install torchvision and then "
        "python -c \"import torchvision; torchvision.datasets.FashionMNIST('data/raw', download=True)\""
    )
    if os.environ.get(DATA_VARIABLE) or not (DEBIAN / FILES["train_x"]).is_file():
        return _read(find((f"FashionMNIST/raw/{FILES['train_x']}",), advice).parent, advice)
    return _read(DEBIAN, advice)


def _read(folder: Path, advice: str) -> Dataset:
    arrays: dict[str, Any] = {key: torch.from_numpy(_read_idx(folder / file, advice)) for key, file in FILES.items()}
    for part in ("train", "test"):
        x, y = arrays[f"{part}_x"], arrays[f"{part}_y"]
        if x.ndim != 3 or y.ndim != 1 or len(x) != len(y) or (len(y) and int(y.max()) >= len(CLASSES)):
            raise InputError(f"{folder} is damaged: its {part} images and labels do not belong together; {advice}.")
        arrays[f"{part}_x"], arrays[f"{part}_y"] = x.unsqueeze(1), y.long()
    return Dataset("fashion-mnist", **arrays, classes=CLASSES, hflip=True)


def _read_idx(path: Path, advice: str) -> np.ndarray:
    """An array of bytes in the IDX format of MNIST: two zero bytes, type 8, rank, sizes (big-endian), data."""
    if not path.is_file():
        raise InputError(f"{path} is missing: {advice}.")
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, rank = struct.unpack(">HBB", content[:4])
        sizes = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
        if zeros != 0 or kind != 8:
            raise ValueError("not an IDX file of bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes).copy()
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path} is damaged ({error}): expected a gzipped IDX file; {advice}.") from error
