"""Networks that the page trained and saved as safetensors.

The texts of such a file say which network it is, of which images, and with which gates it is deployed.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from .data import Inputs, load_dataset
from .files import read_safetensors, reraise_as_input_error
from .networks import ResNet, network_of

EXPECTED = "a network that the page saved"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class SavedNetwork:
    """A network that the page trained.

    Attributes:
        net: in evaluation mode.
        gates: those of what is deployed, L numbers.
        dataset: the name of its images, for `load_dataset`.
        image_size: their side in pixels.
        test_examples: how many test images the page judged it by.
        mean, std: by which its images were normalized.
        method: the name of how it was trained.
        steps: for how many steps.
    """

    net: ResNet
    gates: list[float]
    dataset: str
    image_size: int
    test_examples: int
    mean: float
    std: float
    method: str
    steps: int

    def inputs(self) -> Inputs:
        """What it must be given; the file does not say how the classes are called, which their data set does."""
        side = self.image_size
        data = load_dataset(self.dataset)
        height, width = data.train_x.shape[-2:]
        return Inputs((self.mean,), (self.std,), (side, side), data.classes, (height, width))

    @torch.no_grad()
    def test_error(self) -> float:
        """Share of wrong predictions on the test images that the page used."""
        data = load_dataset(self.dataset, image_size=self.image_size, test_examples=self.test_examples)
        logits = [self.net((x.float() - self.mean) / self.std, self.gates) for x in data.test_x.split(500)]
        return (torch.cat(logits).argmax(dim=1) != data.test_y).float().mean().item()


def load_saved_network(path: str | Path) -> SavedNetwork:
    """Read a network that the page saved.

    Raises:
        InputError: if there is no such file, or it is damaged or another kind of file.
    """
    path = Path(path)
    tensors, texts = read_safetensors(path, EXPECTED)
    with reraise_as_input_error(path, EXPECTED):
        net = cast(ResNet, network_of(json.loads(texts["architecture"]), tensors)).eval()
        # The page counts no batches: only a network without momentum of its own would need their number.
        counters = {name: value for name, value in net.state_dict().items() if name.endswith("num_batches_tracked")}
        net.load_state_dict(tensors | counters)
        gates = [float(gate) for gate in json.loads(texts["gates"])]
        mean, std = float(texts["mean"]), float(texts["std"])
        if len(gates) != net.num_blocks or not all(map(math.isfinite, (*gates, mean, std))) or std <= 0:
            raise ValueError("numbers that make no sense")
        return SavedNetwork(
            net,
            gates,
            texts["dataset"],
            image_size=int(texts["image_size"]),
            test_examples=int(texts["test_examples"]),
            steps=int(texts["steps"]),
            mean=mean,
            std=std,
            method=texts["method"],
        )
