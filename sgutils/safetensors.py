"""Networks in the safetensors format, which holds numbers and texts and nothing that could run.

A file is eight bytes (the length of the header, little-endian), the header (JSON: of each tensor its type, shape and place;
texts under ``__metadata__``), then all numbers. The page that trains a network saves it so; the texts say which network it
is, of which images, and with which gates it is deployed.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from .data import load_dataset
from .errors import InputError
from .files import reraise_as_input_error
from .networks import ResNet, network_of

DTYPES = {"F32": torch.float32}
LONGEST_HEADER = 1 << 20
EXPECTED = "a network that the page saved"


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
    tensors, texts = read_safetensors(path)
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


def read_safetensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file of single-precision numbers by their names, and its texts.

    Raises:
        InputError: if there is no such file, or it is damaged or another kind of file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is missing: expected {EXPECTED}.")
    with reraise_as_input_error(path, EXPECTED):
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        if len(content) < 8 or not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
            raise ValueError("no header")
        header, numbers = json.loads(content[8 : 8 + length]), memoryview(content)[8 + length :]
        texts = header.pop("__metadata__", {})
        return {name: _tensor(numbers, **entry) for name, entry in header.items()}, texts


def _tensor(numbers: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> Tensor:
    kind = DTYPES[dtype]
    start, end = data_offsets
    if not all(isinstance(value, int) and value >= 0 for value in (*shape, start, end)):
        raise ValueError("a tensor out of place")
    if not start <= end <= len(numbers) or end - start != math.prod(shape) * kind.itemsize:
        raise ValueError("a tensor out of place")
    return torch.frombuffer(bytearray(numbers[start:end]), dtype=kind).reshape(shape)
