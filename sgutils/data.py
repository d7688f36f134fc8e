"""Data sets as tensors that live on the training device, and batched augmentation there.

A set is read once, kept as uint8 images, and cropped, flipped and normalised batch by batch where the network is: there
is no loader process to wait for.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from .datasets import DATASETS, Dataset
from .errors import InputError


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
    # Without non_blocking a GPU's copy waits until all that was begun before it is done.
    shift = torch.randint(0, 2 * pad + 1, (2, n, 1), generator=generator).to(images.device, non_blocking=True)
    rows = torch.arange(height, device=images.device) + shift[0]
    columns = torch.arange(width, device=images.device) + shift[1]
    if mirror:
        flip = (torch.rand(n, 1, generator=generator) < 0.5).to(images.device, non_blocking=True)
        columns = torch.where(flip, columns.flip(1), columns)
    padded = F.pad(images, (pad, pad, pad, pad))
    index = torch.arange(n, device=images.device)
    # Indexing dimensions 0, 2 and 3 together puts them first: (N, H, W, C), which is channels_last seen as (N, C, H, W).
    return padded[index[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


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
    if not isinstance(image_size, int) or not 4 <= image_size <= x.shape[-1]:
        raise InputError(f"image_size must be a whole number from 4 to {x.shape[-1]} pixels, not {image_size!r}.")
    return F.interpolate(x.float(), size=(image_size, image_size), mode="area").round().to(torch.uint8)
