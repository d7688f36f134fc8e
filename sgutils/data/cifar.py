"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in the forms in which they are distributed: "python" and "binary" version."""

import hashlib
import io
import pickle
import warnings
from pathlib import Path
from typing import ClassVar

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
    "cifar-10-batches-bin/test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    "cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d",
    "cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "cifar-100-python/meta": "7973b15100ade9c7d40fb424638fde48",
    "cifar-100-binary/train.bin": "6172c7755cfe09b2fe270c85cebc1b15",
    "cifar-100-binary/test.bin": "4499cfba6c016c1be1438163640a0898",
    "cifar-100-binary/fine_label_names.txt": "b517b835c830bc54413daa4cf904aad9",
}
PIXELS = 3 * 32 * 32
CLASSES_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_cifar10() -> Dataset:
    """50,000 training and 10,000 test images, ``(N, 3, 32, 32)``, 10 classes."""
    layouts = ("cifar-10-batches-py", "cifar-10-batches-bin")
    folder, layout = _find(layouts, "data_batch_1")
    ending = ".bin" if layout.endswith("bin") else ""
    train = [folder / f"data_batch_{part}{ending}" for part in range(1, 6)]
    test = [folder / f"test_batch{ending}"]
    return _dataset("cifar10", layout, train, test, "labels", label_bytes=1, classes=CLASSES_10)


def read_cifar100() -> Dataset:
    """50,000 training and 10,000 test images, ``(N, 3, 32, 32)``, 100 fine classes."""
    layouts = ("cifar-100-python", "cifar-100-binary")
    folder, layout = _find(layouts, "train")
    ending = ".bin" if layout.endswith("binary") else ""
    train, test = [folder / f"train{ending}"], [folder / f"test{ending}"]
    return _dataset(
        "cifar100", layout, train, test, "fine_labels", label_bytes=2, classes=_fine_classes(folder, layout)
    )


def _find(layouts: tuple[str, str], first: str) -> tuple[Path, str]:
    """The folder of the files, and in which of the two layouts they are: the folder's own name need not tell."""
    python, binary = layouts
    folder = find(layouts, _advice(python), inside=(first, f"{first}.bin"))
    if (folder / first).exists():
        return folder, python
    return folder, binary if (folder / f"{first}.bin").exists() or folder.name == binary else python


def _dataset(
    name: str,
    layout: str,
    train: list[Path],
    test: list[Path],
    labels: str,
    label_bytes: int,
    classes: tuple[str, ...],
) -> Dataset:
    def read(paths: list[Path], count: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = count // len(paths)
        parts = [_read(path, rows, labels, label_bytes, len(classes), layout) for path in paths]
        x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
        return torch.from_numpy(x.reshape(-1, 3, 32, 32)), torch.from_numpy(y.astype(np.int64))

    return Dataset(name, *read(train, 50_000), *read(test, 10_000), classes, hflip=True)


def _fine_classes(folder: Path, layout: str) -> tuple[str, ...]:
    path = folder / ("meta" if layout.endswith("python") else "fine_label_names.txt")
    try:
        content = path.read_bytes()
        lines = content.split() if path.suffix else _NumpyUnpickler.loads(content)[b"fine_label_names"]
        if len(lines) != 100:
            raise ValueError(f"{len(lines)} names")
        names = tuple(line.decode() for line in lines)
    except Exception as error:  # a damaged pickle can end in any of them
        raise InputError(
            f"{path} is missing or damaged: expected the names of 100 classes; {_advice(layout)}."
        ) from error
    _warn_unless_official(path, layout, content)
    return names


def _read(
    path: Path, rows: int, labels: str, label_bytes: int, classes: int, layout: str
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(rows, 3072)`` and labels ``(rows,)`` of one file of either version."""
    try:
        content = path.read_bytes()
        if path.suffix == ".bin":
            table = np.frombuffer(content, np.uint8).reshape(rows, label_bytes + PIXELS)
            x, y = table[:, label_bytes:], table[:, label_bytes - 1]  # the fine label follows the coarse one
        else:
            batch = _NumpyUnpickler.loads(content)
            x, y = np.asarray(batch[b"data"]), np.asarray(batch[labels.encode()])
        if x.shape != (rows, PIXELS) or y.shape != (rows,):
            raise ValueError(f"pixels of shape {x.shape}, labels of shape {y.shape}")
        x, y = _whole_numbers("pixels", x, 255), _whole_numbers("labels", y, classes - 1)
    except FileNotFoundError as error:
        raise InputError(f"{path.absolute()} is missing: {_advice(layout)}.") from error
    except Exception as error:  # a damaged pickle can end in any of them
        said = str(error) if isinstance(error, _Unusable) else type(error).__name__
        raise InputError(
            f"{path} is damaged ({said}): expected {rows:,} images of CIFAR; {_advice(layout)}."
        ) from error
    _warn_unless_official(path, layout, content)
    return x, y


class _Unusable(ValueError):
    """Numbers that a cast to bytes would silently make others."""


def _whole_numbers(what: str, values: np.ndarray, largest: int) -> np.ndarray:
    if values.dtype.kind not in "iu":
        raise _Unusable(f"{what} of type {values.dtype}")
    if values.size and (values.min() < 0 or values.max() > largest):
        raise _Unusable(f"{what} from {values.min()} to {values.max()}")
    return values.astype(np.uint8, copy=False)


def _warn_unless_official(path: Path, layout: str, content: bytes) -> None:
    official = OFFICIAL.get(f"{layout}/{path.name}")
    if official and hashlib.md5(content).hexdigest() != official:
        warnings.warn(f"{path} can be read but is not the official file (its MD5 differs).", stacklevel=2)


class _NumpyUnpickler(pickle._Unpickler):
    """Reads arrays, lists and dictionaries, and refuses to call anything else that a file names.

    It is the unpickler written in Python: a single wrong bit can make the one in C fill all memory.
    """

    ALLOWED: ClassVar = {
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
