"""Mini-batches of images that live on the training device: cropped, flipped and normalised there, batch by batch.

Any iterable of ``(x, y)`` with a length can be trained on, a torch ``DataLoader`` for one. This one keeps a whole data set
on the device as uint8, so that there is no loader process to wait for.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..checks import flag, whole_number
from ..devices import usable_device
from ..errors import InputError
from .augment import augment
from .dataset import Dataset, Normalizer

TEST_BATCH = 1000


class Draws(NamedTuple):
    """What is random in one mini-batch.

    Attributes:
        index: ``(N,)`` which images.
        shift: ``(2, N, 1)`` rows and columns by which each is shifted, or None.
        flip: ``(N, 1)`` whether each is flipped left to right, or None.
    """

    index: Tensor  # type: ignore[assignment]  # of a tuple's own method, which nobody calls here
    shift: Tensor | None = None
    flip: Tensor | None = None


class ImageLoader:
    """Yields ``x``, ``(N, C, H, W)`` normalised float32 in channels_last, and ``y``, ``(N,)`` class indices.

    Args:
        x: ``(M, C, H, W)`` uint8 images.
        y: ``(M,)`` class indices.
        normalizer: of the pixels.
        batch_size: N; the last mini-batch may have fewer images.
        seed: of the order and the augmentation, which are drawn on the CPU; None yields the images in their order.
        pad: shift each image by up to this many pixels.
        hflip: flip every second image left to right.
        device: where the images are kept.
        processes: how many processes share each mini-batch; each sees all of it.
        classes: the names of the classes, where they are known.

    Raises:
        InputError: if the batch size, the seed or the device cannot be.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        *,
        normalizer: Normalizer,
        batch_size: int,
        seed: int | None = None,
        pad: int = 0,
        hflip: bool = False,
        device: torch.device | str = "cpu",
        processes: int = 1,
        classes: tuple[str, ...] = (),
        native_size: tuple[int, int] | None = None,
    ):
        device = usable_device(device)
        self.x, self.y = x.to(device), y.to(device)
        self.normalizer = normalizer.to(device)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        self.generator = None if seed is None else torch.Generator().manual_seed(whole_number("seed", seed, 0))
        self.pad, self.hflip = pad, hflip
        self.processes = processes
        self.classes = classes
        self.native_size = native_size

    def __len__(self) -> int:
        return len(self._split(torch.empty(len(self.y))))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for draws in self.draws():
            yield self.batch(draws)

    def draws(self) -> Iterator[Draws]:
        """What is random in each mini-batch of one epoch, in order; `batch` makes the images of it."""
        if self.generator is None:
            order = torch.arange(len(self.y))
        else:
            order = torch.randperm(len(self.y), generator=self.generator)
        for index in self._split(order.to(self.y.device)):
            yield Draws(index, *self._augmentation(len(index)))

    def batch(self, draws: Draws) -> tuple[Tensor, Tensor]:
        """The images and labels of one mini-batch, computed on the device and without waiting for it."""
        index, shift, flip = (part if part is None else part.to(self.y.device, non_blocking=True) for part in draws)
        images = self.normalizer(self.x[index])
        if shift is not None or flip is not None:
            images = augment(images, pad=self.pad, shift=shift, flip=flip)
        return images.contiguous(memory_format=torch.channels_last), self.y[index]

    def in_order(self) -> "ImageLoader":
        """The same images as they are tested: in their order, not augmented."""
        return in_order(self.x, self.y, self.normalizer, self.y.device)

    def state_dict(self) -> dict:
        """Where the order and the augmentation stand between two epochs."""
        return {} if self.generator is None else {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        """Go on where `state_dict` was taken."""
        if self.generator is not None:
            self.generator.set_state(state["generator"].cpu())

    def _augmentation(self, count: int) -> tuple[Tensor | None, Tensor | None]:
        shift = torch.randint(0, 2 * self.pad + 1, (2, count, 1), generator=self.generator) if self.pad else None
        flip = torch.rand(count, 1, generator=self.generator) < 0.5 if self.hflip else None
        return shift, flip

    def _split(self, order: Tensor) -> tuple[Tensor, ...]:
        batches = order.split(min(self.batch_size, max(1, len(order))))
        # Batch norm has no statistics of a single image, in no process: training leaves it out, in each epoch another.
        too_few = self.generator is not None and len(batches[-1]) < 2 * self.processes
        return batches[:-1] if len(batches) > 1 and too_few else batches


def loaders(
    dataset: Dataset,
    *,
    batch_size: int = 128,
    augment: bool = True,
    seed: int = 0,
    device: torch.device | str | None = None,
    processes: int = 1,
) -> tuple[ImageLoader, ImageLoader]:
    """The training and the test loader of a data set, for `sgutils.Trainer` or any loop.

    Args:
        dataset: its images are normalised by mean and standard deviation of the training set.
        batch_size: training images per step.
        augment: whether to shift the training images by up to 1/8 of their side (4 pixels of 32) and, where an image
            that is flipped left to right still shows its class, to flip them.
        seed: of the order and the augmentation.
        device: where the images are kept; None takes a GPU if there is one.
        processes: how many processes share each mini-batch.

    Raises:
        InputError: if a process would have fewer than two images of a mini-batch, of which batch norm has no statistics.
    """
    batch_size, processes = whole_number("batch_size", batch_size, 1), whole_number("processes", processes, 1)
    seed, augment = whole_number("seed", seed, 0), flag("augment", augment)
    if batch_size < 2 * processes or len(dataset.train_y) < 2 * processes:
        raise InputError(
            f"batch_size {batch_size} of {len(dataset.train_y)} training images leaves fewer than two images for each of "
            f"{processes} process{'' if processes == 1 else 'es'}: batch norm needs two; start fewer, or choose a larger batch."
        )
    device = usable_device(("cuda" if torch.cuda.is_available() else "cpu") if device is None else device)
    normalizer = dataset.normalizer()
    pad = max(1, dataset.train_x.shape[-1] // 8) if augment else 0
    train = ImageLoader(
        dataset.train_x,
        dataset.train_y,
        normalizer=normalizer,
        batch_size=batch_size,
        seed=seed,
        pad=pad,
        hflip=augment and dataset.hflip,
        device=device,
        processes=processes,
        classes=dataset.classes,
        native_size=dataset.native_size,
    )
    return train, in_order(dataset.test_x, dataset.test_y, normalizer, device)


def in_order(x: Tensor, y: Tensor, normalizer: Normalizer, device: torch.device | str) -> ImageLoader:
    """Images as they are tested: in their order, not augmented."""
    return ImageLoader(x, y, normalizer=normalizer, batch_size=TEST_BATCH, device=device)
