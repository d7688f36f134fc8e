"""What a network must be given to say what it has learnt: normalisation, image size and the names of the classes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..checks import is_number
from ..errors import InputError
from ..files import reraise_as_input_error
from ..networks.saved import A_NETWORK, read_network
from .dataset import Normalizer, averaged
from .images import read_image, without_warnings
from .loader import ImageLoader


@dataclass(frozen=True)
class Inputs:
    """What belongs to a trained network and is not in its weights.

    Attributes:
        mean: per channel, of pixels from 0 to 255.
        std: likewise.
        size: H and W of the images.
        classes: the K class names, in the order of the logits.
        native_size: H and W to which pictures are scaled and cut first; ``size`` is made of it by averaging areas. None is
            ``size`` itself.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: tuple[int, int]
    classes: tuple[str, ...]
    native_size: tuple[int, int] | None = None

    @classmethod
    def of(cls, loader: ImageLoader) -> "Inputs":
        """Those of what a loader yields."""
        height, width = loader.x.shape[-2:]
        mean, std = (tuple(values.tolist()) for values in (loader.normalizer.mean, loader.normalizer.std))
        return cls(mean, std, (height, width), loader.classes, loader.native_size)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Inputs":
        """What `as_dict` gave.

        Raises:
            TypeError, ValueError: if it is something else.
        """
        mean, std = (_numbers(values[name]) for name in ("mean", "std"))
        height, width = _size(values["size"])
        classes = tuple(values["classes"])
        named = isinstance(values["classes"], (list, tuple)) and all(isinstance(name, str) for name in classes)
        pixels = all(0 <= value <= 255 for value in mean) and all(0 < value <= 255 for value in std)
        if len(mean) != len(std) or not mean or not pixels or not named or len(set(classes)) < len(classes):
            raise ValueError("numbers that make no sense")
        native = values.get("native_size")
        return cls(mean, std, (height, width), classes, None if native is None else _size(native))

    def as_dict(self) -> dict[str, Any]:
        """As it stands in checkpoints, in ``network.pt`` and, as JSON, in an ONNX file: plain lists."""
        return {name: value if value is None else list(value) for name, value in asdict(self).items()}

    def in_words(self) -> str:
        """One sentence for a person who feeds the network elsewhere."""
        height, width = self.size
        mean, std = (", ".join(f"{value:.5g}" for value in values) for values in (self.mean, self.std))
        channels = len(self.mean)
        colours = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")
        averaged = (
            "" if self.native_size is None else " ({} x {} of which areas are averaged)".format(*self.native_size)
        )
        return f"{colours} of {height} x {width} pixels{averaged} from 0 to 255, less mean {mean}, over std {std}"

    def read(self, paths: Sequence[str | Path]) -> Tensor:
        """Image files as the network takes them, ``(N, C, H, W)`` normalised.

        Raises:
            InputError: if one of them is not an image, or the network takes other than 1 or 3 channels.
        """
        if len(self.mean) not in (1, 3):
            raise InputError(f"Pixels of image files have 1 or 3 channels, and this network takes {len(self.mean)}.")
        with without_warnings():
            pixels = [self._with_channels(read_image(path, self.native_size or self.size)) for path in paths]
        images = averaged(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2), self.size)
        return Normalizer(torch.tensor(self.mean), torch.tensor(self.std))(images)

    def _with_channels(self, image: np.ndarray) -> np.ndarray:
        if image.shape[2] == len(self.mean):
            return image
        if len(self.mean) == 3:
            return image.repeat(3, axis=2)
        weights = np.array([0.299, 0.587, 0.114])  # of Rec. 601, as Pillow's grey
        return (image @ weights).round().astype(np.uint8)[:, :, None]


def _numbers(values: Any) -> tuple[float, ...]:
    if not isinstance(values, (list, tuple)) or not all(map(is_number, values)):
        raise ValueError("no list of numbers")
    return tuple(map(float, values))


def _size(values: Any) -> tuple[int, int]:
    height, width = (int(value) for value in values)
    if min(height, width) < 1:
        raise ValueError("a size that makes no sense")
    return height, width


def load_inputs(path: str | Path) -> Inputs:
    """What the network in this file must be given: normalisation, image size and class names.

    Raises:
        InputError: if there is no such file, it is damaged or another kind of file, or it does not say.
    """
    state = read_network(path)
    if state.get("inputs") is None:
        raise InputError(
            f"{path} does not say how its images were normalised or what its classes are called: it is of an older version, "
            "or was saved without."
        )
    with reraise_as_input_error(path, A_NETWORK):
        return Inputs.from_dict(state["inputs"])
