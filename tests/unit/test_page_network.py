"""Networks from the page: a file is read as what it is, and anything else is one sentence."""

import importlib
import json
import struct
import sys

import pytest
import torch

import sgutils as sg
from sgutils.errors import InputError
from sgutils.page_network import load_saved_network

TEXTS = {
    "gates": "[1.0, 0.75, 0.5]",
    "dataset": "fashion-mnist",
    "image_size": "14",
    "test_examples": "50",
    "mean": "72.9",
    "std": "85.5",
    "method": "self-guidance",
    "steps": "10",
}


def written(tensors, texts):
    header, numbers = {"__metadata__": texts}, b""
    for name, tensor in tensors.items():
        content = tensor.numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(numbers), len(numbers) + len(content)],
        }
        numbers += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


@pytest.fixture
def net():
    torch.manual_seed(0)
    return sg.resnet(8, 10, 1, (8, 8, 16)).eval()


@pytest.fixture
def content(net):
    weights = {name: value for name, value in net.state_dict().items() if value.dtype == torch.float32}
    return written(weights, TEXTS | {"architecture": json.dumps(net.architecture)})


def test_a_saved_network_is_the_one_that_was_saved(net, content, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(content)
    saved = load_saved_network(tmp_path / "net.safetensors")
    x = torch.randn(4, 1, 14, 14)
    assert saved.gates == [1.0, 0.75, 0.5] and saved.steps == 10
    torch.testing.assert_close(saved.net(x, saved.gates), net(x, saved.gates))
    data = sg.load_dataset("fashion-mnist", image_size=14, test_examples=50)
    wrong = net((data.test_x.float() - 72.9) / 85.5, saved.gates).argmax(dim=1) != data.test_y
    assert saved.test_error() == pytest.approx(wrong.float().mean().item())


def test_evaluate_says_its_error(content, tmp_path, capsys):
    from sgutils.cli import main

    (tmp_path / "net.safetensors").write_bytes(content)
    assert main(["evaluate", str(tmp_path / "net.safetensors")]) == 0
    assert "test error" in capsys.readouterr().out


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        load_saved_network(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:4],
        lambda content: content[:2000],
        lambda content: content[:-4],
        lambda content: struct.pack("<Q", 2**60) + content[8:],
        lambda content: content.replace(b'"F32"', b'"I64"'),
        lambda content: content.replace(b'"data_offsets": [0,', b'"data_offsets": [-4,'),
        lambda content: content.replace(b"[1.0, 0.75, 0.5]", b"[1.0, 0.75]"),
        lambda content: content.replace(b"[1.0, 0.75, 0.5]", b"[1.0, NaN, 0.5]"),
        lambda content: content.replace(b"stem.0.weight", b"stem.0.height"),
        lambda content: b"PK\x03\x04" + content,
    ],
)
def test_a_damaged_file_is_one_sentence(damage, content, tmp_path):
    damaged = damage(content)
    if damaged[8:9] == b"{" and len(damaged) > 2000:  # the header's length follows what was put into it
        end = damaged.index(b"}", damaged.rindex(b'"data_offsets"')) + 2
        damaged = struct.pack("<Q", end - 8) + damaged[8:] if damaged[:8] != struct.pack("<Q", 2**60) else damaged
    (tmp_path / "net.safetensors").write_bytes(damaged)
    with pytest.raises(InputError, match="another kind of file"):
        load_saved_network(tmp_path / "net.safetensors")


def test_the_old_name_of_the_module_still_works():
    with pytest.warns(FutureWarning, match=r"sgutils\.safetensors is now sgutils\.page_network"):
        module = importlib.import_module("sgutils.safetensors")
    assert module.load_saved_network is load_saved_network


def test_without_the_package_the_install_line_is_named(content, tmp_path, monkeypatch):
    (tmp_path / "net.safetensors").write_bytes(content)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(InputError, match="pip install safetensors"):
        load_saved_network(tmp_path / "net.safetensors")
