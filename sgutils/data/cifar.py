"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in the forms in which they are distributed: "python" and "binary" version."""

import hashlib
import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from .dataset import Dataset, find

# MD5 of the official files.
OFFICIAL = {
    "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
    "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
    "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
    "cifar-10-batches-bin/data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "cifar-10-batches-bin/data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "cifar-10-batches-bin/data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "cifar-10-batches-bin/data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "cifar-10-batches-bin/data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d",
    "cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
}
PIXELS = 3 * 32 * 32
CLASSES_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_cifar10() -> Dataset:
    """50,000 training and 10,000 test images, ``(N, 3, 32, 32)``, 10 classes."""
    folder = find(("cifar-10-batches-py", "cifar-10-batches-bin"), _advice("cifar-10"))
    ending = ".bin" if folder.name.endswith("bin") else ""
    train = [folder / f"data_batch_{part}{ending}" for part in range(1, 6)]
    return _dataset("cifar10", train, [folder / f"test_batch{ending}"], "labels", label_bytes=1, classes=CLASSES_10)


def read_cifar100() -> Dataset:
    """50,000 training and 10,000 test images, ``(N, 3, 32, 32)``, 100 fine classes."""
    folder = find(("cifar-100-python", "cifar-100-binary"), _advice("cifar-100"))
    ending = ".bin" if folder.name.endswith("binary") else ""
    train, test = [folder / f"train{ending}"], [folder / f"test{ending}"]
    return _dataset("cifar100", train, test, "fine_labels", label_bytes=2, classes=_fine_classes(folder))


def _dataset(
    name: str, train: list[Path], test: list[Path], labels: str, label_bytes: int, classes: tuple[str, ...]
) -> Dataset:
    def read(paths: list[Path], count: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = count // len(paths)
        parts = [_read(path, rows, labels, label_bytes, len(classes)) for path in paths]
        x, y = (np.concatenate(part) for part in zip(*parts))
        return torch.from_numpy(x.reshape(-1, 3, 32, 32)), torch.from_numpy(y.astype(np.int64))

    return Dataset(name, *read(train, 50_000), *read(test, 10_000), classes, hflip=True)


def _fine_classes(folder: Path) -> tuple[str, ...]:
    path = folder / ("meta" if folder.name.endswith("python") else "fine_label_names.txt")
    try:
        content = path.read_bytes()
        lines = content.split() if path.suffix else _NumpyUnpickler.loads(content)[b"fine_label_names"]
        if len(lines) != 100:
            raise ValueError(f"{len(lines)} names")
        return tuple(line.decode() for line in lines)
    except Exception as error:  # a damaged pickle can end in any of them
        raise InputError(
            f"{path} is missing or damaged: expected the names of 100 classes; {_advice(folder.name)}."
        ) from error


def _read(path: Path, rows: int, labels: str, label_bytes: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(rows, 3072)`` and labels ``(rows,)`` of one file of either version."""
    try:
        content = path.read_bytes()
        if path.suffix == ".bin":
            table = np.frombuffer(content, np.uint8).reshape(rows, label_bytes + PIXELS)
            x, y = table[:, label_bytes:], table[:, label_bytes - 1]  # the fine label follows the coarse one
        else:
            batch = _NumpyUnpickler.loads(content)
            x, y = np.asarray(batch[b"data"], np.uint8), np.asarray(batch[labels.encode()], np.uint8)
        if x.shape != (rows, PIXELS) or y.shape != (rows,) or y.max() >= classes:
            raise ValueError(f"pixels of shape {x.shape}, labels of shape {y.shape} up to {y.max()}")
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {_advice(path.parent.name)}.") from error
    except Exception as error:  # a damaged pickle can end in any of them
        raise InputError(
            f"{path} is damaged ({type(error).__name__}): expected {rows:,} images of CIFAR; {_advice(path.parent.name)}."
        ) from error
    official = OFFICIAL.get(f"{path.parent.name}/{path.name}")
    if official and hashlib.md5(content).hexdigest() != official:
        warnings.warn(f"{path} can be read but is not the official file (its MD5 differs).", stacklevel=2)
    return x, y


class _NumpyUnpickler(pickle._Unpickler):
    """Reads arrays, lists and dictionaries, and refuses to call anything else that a file names.

    It is the unpickler written in Python: a single wrong bit can make the one in C fill all memory.
    """

    ALLOWED = {
        *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    @classmethod
    def loads(cls, content: bytes) -> dict:
        return cls(io.BytesIO(content), encoding="bytes").load()

    def find_class(self, module: str, name: str):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)


def _advice(name: str) -> str:
    number = "100" if "100" in name else "10"
    return (
        f"unpack the python or binary version of CIFAR-{number} there, or run pip install torchvision and then "
        f"python -c \"import torchvision; torchvision.datasets.CIFAR{number}('data/raw', download=True)\""
    )
