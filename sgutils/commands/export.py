"""``sgutils export``."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "source",
        type=Path,
        metavar="RUN",
        help="a run's folder, its network.pt, where gates are folded in, or a network that the page saved",
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write, such as network.onnx")


def run(given: argparse.Namespace, command: str) -> int:
    from ..errors import InputError
    from ..export import export_onnx, image_channels, inputs_of, trained_network

    net, p = trained_network(given.source)
    _check_is_no_input(given.source, given.out)
    try:
        inputs, unsaid = inputs_of(given.source), ""
    except InputError as error:  # of an older version
        inputs, unsaid = None, str(error)
    export_onnx(net, given.out, inputs=inputs, gates=[1.0] * net.num_blocks if p is None else p)
    print(f"{given.out}: inputs images (N, {image_channels(net)}, H, W) and gates ({net.num_blocks}); output logits.")
    if inputs is None:
        print(f"How images are to be normalised is not in it: {unsaid}")
    else:
        print(f"Images: {inputs.in_words()}. Classes: {', '.join(inputs.classes)}. The file's metadata says so, too.")
    if p is None:
        print("Gates of 1 make it the network that is deployed.")
    else:
        print(f"These gates make it the teacher: {', '.join(f'{survival:.4g}' for survival in p)}.")
    return 0


def _check_is_no_input(source: Path, out: Path) -> None:
    from ..errors import InputError

    files = [source] if source.is_file() else [path for path in source.iterdir() if path.suffix != ".onnx"]
    if out.exists() and any(out.samefile(path) for path in files):
        raise InputError(f"{out} is a file of the run itself: choose another name, such as network.onnx.")
    if out.is_file() and out.suffix != ".onnx":  # a checkpoint of another run, say
        raise InputError(f"{out} is there and is not an ONNX file: choose another name, such as network.onnx.")
