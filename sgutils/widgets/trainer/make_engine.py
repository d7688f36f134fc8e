"""Writes what the engine of the page is made from: the networks as `sgutils` builds them, and the compiled kernels.

    python -m sgutils.widgets.trainer.make_engine

writes `networks.json`, `catalogue.json` (what of them the controls show) and, with `clang` and `wasm-ld` (Debian: apt install
clang lld), `kernels.json`, beside this file. `tests/explorables/test_trainer_engine.py` says when one is out of date.
"""

import base64
import hashlib
import itertools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from ...files import write_atomically
from ...networks import ResNet, resnet

HERE = Path(__file__).resolve().parent
SOURCE, KERNELS = HERE / "kernels.c", HERE / "kernels.json"
NETWORKS, CATALOGUE = HERE / "networks.json", HERE / "catalogue.json"

DEPTHS = (8, 14, 20)
WIDTHS = {"narrow": (8, 16, 32), "full": (16, 32, 64)}
CLASSES, CHANNELS = 10, 1  # of the digits and of Fashion-MNIST alike

COMPILE = (
    *("clang", "--target=wasm32", "-O3", "-msimd128", "-nostdlib", "-fno-builtin", "-Wall", "-Wextra", "-Werror"),
    *("-Wl,--no-entry", "-Wl,--strip-all"),
)


def main():
    write_atomically(NETWORKS, json.dumps(networks(), separators=(",", ":")) + "\n")
    write_atomically(CATALOGUE, json.dumps(catalogue(), separators=(",", ":")) + "\n")
    write_atomically(KERNELS, json.dumps(kernels(), indent=1) + "\n")
    for file in (NETWORKS, CATALOGUE, KERNELS):
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def networks() -> dict:
    """Every network that the page offers, by depth and width: ``"resnet20-full"``."""
    return {
        f"resnet{depth}-{name}": describe(resnet(depth, CLASSES, CHANNELS, widths))
        for depth in DEPTHS
        for name, widths in WIDTHS.items()
    }


def catalogue() -> dict:
    """Depth, width and number of blocks of each."""
    return {
        f"resnet{depth}-{name}": {"depth": depth, "width": name, "blocks": resnet(depth).num_blocks}
        for depth in DEPTHS
        for name in WIDTHS
    }


def describe(net: ResNet) -> dict:
    """A network as JSON values: its convolutions with the batch norms behind them, block by block, named as in its state.

    ``std`` is the standard deviation of the normal distribution from which a convolution's first weights are drawn, ``bound`` that
    of the uniform one of the classifier's; gains of batch norms start at 1 and their biases at 0.
    """
    name_of = {module: name for name, module in net.named_modules()}
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]

    def convolutions(path: nn.Module | Tensor) -> list[dict]:
        pairs = itertools.pairwise(cast(nn.Sequential, path))
        return [
            describe_conv(conv, norm)
            for conv, norm in pairs
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        ]

    def describe_conv(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> dict:
        (kernel, _), (stride, _) = conv.kernel_size, conv.stride
        assert conv.bias is None and conv.groups == 1 and conv.dilation == (1, 1)
        assert conv.padding == (kernel // 2, kernel // 2)
        _, fan_out = nn.init._calculate_fan_in_and_fan_out(conv.weight)
        return {
            "conv": name_of[conv],
            "norm": name_of[norm],
            "in": conv.in_channels,
            "out": conv.out_channels,
            "kernel": kernel,
            "stride": stride,
            "std": round(nn.init.calculate_gain("relu") / fan_out**0.5, 8),
        }

    return {
        "architecture": net.architecture,
        "eps": norms[0].eps,
        "momentum": norms[0].momentum,
        "stem": convolutions(net.stem)[0],
        "blocks": [
            {
                "branch": convolutions(block.branch),
                "shortcut": None if block.shortcut is None else convolutions(block.shortcut)[0],
            }
            for block in net.blocks
        ],
        "classifier": {
            "name": name_of[net.classifier],
            "in": net.classifier.in_features,
            "out": net.classifier.out_features,
            "bound": round(net.classifier.in_features**-0.5, 8),
        },
    }


def kernels() -> dict:
    """The compiled kernels, and what they were compiled from."""
    with tempfile.NamedTemporaryFile(suffix=".wasm") as out:
        subprocess.run([*COMPILE, "-o", out.name, str(SOURCE)], check=True)
        return {"source": digest(), "wasm": base64.b64encode(Path(out.name).read_bytes()).decode()}


def digest() -> str:
    """SHA-256 of the kernels' source and of how it is compiled."""
    return hashlib.sha256(SOURCE.read_bytes() + " ".join(COMPILE).encode()).hexdigest()


if __name__ == "__main__":
    main()
