"""Networks from the page: a file is read as what it is, and anything else is one sentence."""

import importlib
import json
import struct
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import sgutils as sg
from sgutils.cli import main
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


@pytest.mark.parametrize("gates", ["[1.0, 0.75, 0.5]", "[1.0, 1.0, 1.0]"])
def test_predict_and_export_take_it_as_a_run(gates, net, content, tmp_path, capsys):
    file = tmp_path / "net.safetensors"
    weights = {name: value for name, value in net.state_dict().items() if value.dtype == torch.float32}
    file.write_bytes(written(weights, TEXTS | {"architecture": json.dumps(net.architecture), "gates": gates}))
    data = sg.load_dataset("fashion-mnist", image_size=14, test_examples=50)
    Image.fromarray(sg.load_dataset("fashion-mnist", test_examples=50).test_x[0, 0].numpy()).save(tmp_path / "one.png")
    assert main(["predict", str(file), str(tmp_path / "one.png")]) == 0
    x = (data.test_x[:1].float() - 72.9) / 85.5
    said = net(x, json.loads(gates)).softmax(dim=1)[0]
    assert f"one.png: {data.classes[said.argmax()]} {said.max():.1%}" in capsys.readouterr().out
    assert main(["export", str(file), "--out", str(tmp_path / "net.onnx")]) == 0
    assert ("Gates of 1 make it" in capsys.readouterr().out) == (gates == "[1.0, 1.0, 1.0]")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    given = {"images": x.numpy(), "gates": np.array(json.loads(gates), np.float32)}
    np.testing.assert_allclose(session.run(None, given)[0], net(x, json.loads(gates)).detach().numpy(), atol=1e-5)


def test_where_another_network_is_expected_the_commands_that_read_it_are_named(content, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(content)
    for use in (sg.load_network, sg.load_inputs, lambda path: sg.Distillation(sg.resnet20(), teacher=path)):
        with pytest.raises(InputError, match="the page saved is read by `sgutils evaluate`, `predict` and `export`"):
            use(tmp_path / "net.safetensors")
