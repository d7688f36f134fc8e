"""Data sets as tensors that live on the training device, and batched augmentation there.

A set is read once, kept as uint8 images, and cropped, flipped and normalised batch by batch where the network is: there
is no loader process to wait for.
"""

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import InputError
from .folders import data_folder


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


def load_dataset(
    name: str,
    *,
    image_size: int | None = None,
    train_examples: int | None = None,
    test_examples: int | None = None,
) -> Dataset:
    """Read a data set by name.

    Args:
        name: one of `DATASETS`.
        image_size: side of the images in pixels, by averaging areas; None leaves them as they are.
        train_examples: keep only so many training images, as even over the classes as they come; None keeps all.
        test_examples: the same for the test images.

    Raises:
        InputError: if the name is unknown, a file is missing or damaged, or there are fewer images than asked for.
    """
    if name not in DATASETS:
        raise InputError(f"Unknown dataset {name!r}: expected one of {', '.join(DATASETS)}.")
    dataset = DATASETS[name]()
    train = _take(dataset.train_x, dataset.train_y, train_examples, f"training images of {name}")
    test = _take(dataset.test_x, dataset.test_y, test_examples, f"test images of {name}")
    (train_x, train_y), (test_x, test_y) = train, test
    return replace(
        dataset,
        name=name,
        train_x=_resize(train_x, image_size),
        train_y=train_y,
        test_x=_resize(test_x, image_size),
        test_y=test_y,
    )


def augment(images: Tensor, *, pad: int, mirror: bool, generator: torch.Generator) -> Tensor:
    """Shift each image by up to ``pad`` pixels (zero padding) and mirror every second one, all in one gather.

    Args:
        images: ``(N, C, H, W)`` float, already normalised, so that the padding is the mean colour.
        pad: the largest shift in pixels; the paper's recipe is 4 for 32 x 32.
        mirror: whether to flip left and right with probability 1/2.
        generator: CPU generator of the draws.

    Returns:
        ``(N, C, H, W)``.
    """
    n, _, height, width = images.shape
    shift = torch.randint(0, 2 * pad + 1, (2, n, 1), generator=generator).to(images.device)
    rows = torch.arange(height, device=images.device) + shift[0]
    columns = torch.arange(width, device=images.device) + shift[1]
    if mirror:
        flip = (torch.rand(n, 1, generator=generator) < 0.5).to(images.device)
        columns = torch.where(flip, columns.flip(1), columns)
    padded = F.pad(images, (pad, pad, pad, pad))
    index = torch.arange(n, device=images.device)
    # Indexing dimensions 0, 2 and 3 together puts them first: (N, H, W, C), which is channels_last seen as (N, C, H, W).
    return padded[index[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = torch.from_numpy((images.reshape(-1, 1, 8, 8) * 255 / 16).round().astype(np.uint8))
    y = torch.from_numpy(labels.astype(np.int64))
    # Every fifth image is for testing: writers follow one another in the file, so both parts hold all of them.
    test = torch.arange(len(x)) % 5 == 4
    return Dataset("digits", x[~test], y[~test], x[test], y[test], tuple("0123456789"), mirrored=False)


FASHION_CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
FASHION_FILES = {
    "train_x": "train-images-idx3-ubyte.gz",
    "train_y": "train-labels-idx1-ubyte.gz",
    "test_x": "t10k-images-idx3-ubyte.gz",
    "test_y": "t10k-labels-idx1-ubyte.gz",
}

# Where torchvision and Debian put the whole set.
FASHION_PLACES = (Path("data/raw/FashionMNIST/raw"), Path("/usr/share/datasets/fashion-mnist"))


def _fashion_mnist() -> Dataset:
    return _read_fashion(data_folder() / "fashion-mnist", "it ships with the book: restore it with git, or install again")


def _fashion_mnist_full() -> Dataset:
    advice = (
        "install Debian's package dataset-fashion-mnist, or run "
        "python -c \"import torchvision; torchvision.datasets.FashionMNIST('data/raw', download=True)\""
    )
    folder = next((place for place in FASHION_PLACES if place.is_dir()), FASHION_PLACES[0])
    return _read_fashion(folder, advice)


def _read_fashion(folder: Path, advice: str) -> Dataset:
    arrays = {key: torch.from_numpy(_read_idx(folder / file, advice)) for key, file in FASHION_FILES.items()}
    for part in ("train", "test"):
        x, y = arrays[f"{part}_x"], arrays[f"{part}_y"]
        if x.ndim != 3 or y.ndim != 1 or len(x) != len(y) or (len(y) and int(y.max()) >= len(FASHION_CLASSES)):
            raise InputError(f"{folder} is damaged: its {part} images and labels do not belong together; {advice}.")
        arrays[f"{part}_x"], arrays[f"{part}_y"] = x.unsqueeze(1), y.long()
    return Dataset("fashion-mnist", **arrays, classes=FASHION_CLASSES, mirrored=True)


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


DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": _digits,
    "fashion-mnist": _fashion_mnist,
    "fashion-mnist-full": _fashion_mnist_full,
}


def _take(x: Tensor, y: Tensor, count: int | None, what: str) -> tuple[Tensor, Tensor]:
    """The first ``count`` images in an order that goes round the classes, then put back into file order."""
    if count is None:
        return x, y
    if not isinstance(count, int) or not 1 <= count <= len(y):
        raise InputError(f"There are {len(y)} {what}: ask for 1 to {len(y)}, not {count!r}.")
    rank_in_class = torch.zeros(len(y), dtype=torch.long)
    for label in y.unique():
        of_label = (y == label).nonzero().squeeze(1)
        rank_in_class[of_label] = torch.arange(len(of_label))
    kept = torch.argsort(rank_in_class, stable=True)[:count].sort().values
    return x[kept], y[kept]


def _resize(x: Tensor, image_size: int | None) -> Tensor:
    if image_size is None or image_size == x.shape[-1]:
        return x
    if not isinstance(image_size, int) or image_size < 4:
        raise InputError(f"image_size must be a whole number of at least 4 pixels, not {image_size!r}.")
    return F.interpolate(x.float(), size=(image_size, image_size), mode="area").round().to(torch.uint8)
