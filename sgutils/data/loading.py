"""Data sets by name, with as many images and pixels as are asked for."""

import difflib
from dataclasses import replace
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from ..checks import shown, unknown, whole_number
from ..errors import InputError
from .dataset import Dataset, averaged
from .folder import PREFIX, read_folder
from .registry import DATASETS


def load_dataset(
    name: str,
    *,
    image_size: int | None = None,
    train_examples: int | None = None,
    test_examples: int | None = None,
    validation_examples: int | None = None,
) -> Dataset:
    """Read a data set by name.

    Args:
        name: one of `DATASETS`, or ``folder:PATH``, see `sgutils.data.folder.read_folder`.
        image_size: side of the images in pixels, by averaging areas (of a folder: by scaling and cutting); None leaves them
            as they are.
        train_examples: keep only this many training images, as even over the classes as they come; None keeps all.
        test_examples: the same for the test images.
        validation_examples: hold this many images out for choices: of those that the set itself keeps for it (FER-2013's
            PublicTest), else of training images, of those that ``train_examples`` leaves if they are enough. Which ones is
            drawn at random, the same for every run. None holds none out; the ``val`` images of a folder that has ``test``, too,
            are for choices without being asked for.

    Raises:
        InputError: if the name is unknown, a file is missing or damaged, or there are fewer images than asked for.
    """
    if not isinstance(name, str):
        raise InputError(f"name must be that of a data set, not {shown(name)}.")
    if name.startswith(PREFIX):
        dataset = read_folder(name.removeprefix(PREFIX), image_size)
    elif name in DATASETS:
        dataset = DATASETS[name]()
        if not isinstance(dataset, Dataset):
            raise InputError(
                f"The data set {name} must be a sgutils.Dataset, not {shown(dataset)}: make one of its images."
            )
    else:
        near = difflib.get_close_matches(name, DATASETS, n=1)
        guess = f" (did you mean {near[0]}?)" if near else ""
        raise unknown("dataset", name, [*DATASETS, "folder:PATH"], guess)
    train = _take(dataset.train_y, train_examples, f"training images of {name}")
    test = _take(dataset.test_y, test_examples, f"test images of {name}")
    parts: dict[str, Any] = {"test_x": dataset.test_x[test], "test_y": dataset.test_y[test]}
    if validation_examples is None and not name.startswith(PREFIX):  # whoever makes a folder of them wants them used
        parts |= {"validation_x": None, "validation_y": None}
    elif validation_examples is not None:
        if dataset.validation_x is not None and dataset.validation_y is not None:
            x, y = dataset.validation_x, dataset.validation_y
            held_out = _take(y, validation_examples, f"validation images of {name}")
        else:
            x, y = dataset.train_x, dataset.train_y
            held_out, train = _hold_out(y, train, validation_examples, f"training images of {name}")
        parts |= {"validation_x": x[held_out], "validation_y": y[held_out]}
    parts |= {"train_x": dataset.train_x[train], "train_y": dataset.train_y[train]}
    resized = {
        key: _resize(value, image_size) for key, value in parts.items() if key.endswith("_x") and value is not None
    }
    height, width = dataset.train_x.shape[-2:]
    smaller = resized["train_x"].shape[-2:] != (height, width)
    return replace(dataset, name=name, native_size=(height, width) if smaller else None, **parts | resized)


def _take(y: Tensor, count: int | None, what: str, order: Tensor | None = None) -> Tensor:
    """Which images: the first ``count`` in an order that goes round the classes, put back into file order."""
    if count is None:
        return torch.arange(len(y))
    _check_count(count, len(y), what)
    order = torch.arange(len(y)) if order is None else order
    rank_in_class = torch.zeros(len(y), dtype=torch.long)
    for label in y.unique():
        of_label = (y[order] == label).nonzero().squeeze(1)
        rank_in_class[of_label] = torch.arange(len(of_label))
    return order[torch.argsort(rank_in_class, stable=True)[:count]].sort().values


def _check_count(count: object, there: int, what: str) -> None:
    if not isinstance(count, Integral) or isinstance(count, bool) or not 1 <= int(count) <= there:
        raise InputError(f"There are {there} {what}: ask for 1 to {there}, not {shown(count)}.")


def _hold_out(y: Tensor, train: Tensor, count: int, what: str) -> tuple[Tensor, Tensor]:
    """Which training images to hold out, and which are left to train on."""
    _check_count(count, len(y), what)
    free = torch.ones(len(y), dtype=torch.bool)
    free[train] = False
    candidates = free.nonzero().squeeze(1) if int(free.sum()) >= count else train
    shuffled = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(0))
    held_out = candidates[_take(y[candidates], count, what, shuffled)]
    left = train[~torch.isin(train, held_out)]
    if not len(left):
        raise InputError(f"Holding out {count} {what} leaves none to train on: hold out fewer.")
    return held_out, left


def _resize(x: Tensor, image_size: int | None) -> Tensor:
    if image_size is None:
        return x
    side = whole_number("image_size", image_size, 4, x.shape[-1])
    return averaged(x, (side, side))
