"""The ONNX graph is the network, for every gate vector, and its file is made from whatever a run left."""

import builtins
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from support.foreign_networks import NETWORKS, SIDE, build
from torch import nn
from torchvision.models import VisionTransformer

import sgutils as sg
from sgutils.cli import main
from sgutils.export import export_onnx, trained_network


def graph(path):
    """The exported graph as a function of a batch and a gate vector."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda x, gates: session.run(None, {"images": x.numpy(), "gates": np.array(gates, np.float32)})[0]


@torch.no_grad()
def largest_difference(net, run, x, gates):
    return np.abs(run(x, gates) - net(x, gates).numpy()).max()


def scrambled(net):
    """Batch norms that do something: fresh ones are all alike."""
    torch.manual_seed(1)
    for norm in net.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.normal_(norm.bias, std=0.2)
            norm.running_mean.normal_(std=0.2)
            norm.running_var.uniform_(0.5, 1.5)
    return net.eval()


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_graph_of_somebody_elses_network_is_that_network_for_any_gates(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = sg.gated(build(name)).float()
    L, example = net.num_blocks, torch.randn(2, 3, SIDE, SIDE)
    export_onnx(net, tmp_path / "x.onnx", example=example)
    run, x = graph(tmp_path / "x.onnx"), torch.randn(3, 3, SIDE, SIDE)
    for gates in (
        [1.0] * L,
        [0.0] * L,
        [0.6] * L,
        sg.sample_gates([0.5] * L, torch.Generator().manual_seed(3)).tolist(),
    ):
        scale = net(x, gates).abs().max().item()
        assert largest_difference(net, run, x, gates) < 1e-4 * max(1, scale)


def test_a_network_of_one_size_asks_for_an_example(tmp_path):
    net = sg.gated(VisionTransformer(16, 8, 1, 1, 8, 8, num_classes=2))
    with pytest.raises(sg.InputError, match="does not take images of 3 x 32 x 32: give an example"):
        export_onnx(net, tmp_path / "x.onnx")
    export_onnx(net, tmp_path / "x.onnx", example=torch.zeros(1, 3, 16, 16))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One short run of some methods, by the command line."""
    folder = tmp_path_factory.mktemp("export")
    common = (
        "train --dataset fashion-mnist --model resnet20 --image-size 8 --train-examples 64 --test-examples 20".split()
    )
    for method in ("self-guidance", "baseline", "mutual-learning"):
        assert (
            main([*common, "--batch-size", "32", "--epochs", "1", "--method", method, "--out", str(folder / method)])
            == 0
        )
    return folder


@pytest.mark.parametrize("depth", [20, 110])
@torch.no_grad()
def test_graph_is_the_network_for_any_gates_batch_and_image_size(depth, tmp_path):
    net = scrambled(sg.resnet(depth, num_classes=7, in_channels=3))
    export_onnx(net, tmp_path / "x.onnx")
    run, L = graph(tmp_path / "x.onnx"), net.num_blocks
    p = sg.linear_decay(L)
    generator = torch.Generator().manual_seed(0)
    vectors = [
        [1.0] * L,
        [0.0] * L,
        p.tolist(),
        *(sg.sample_gates(p, generator).tolist() for _ in range(4)),
        torch.rand(L).tolist(),
    ]
    for gates in vectors:
        for x in (torch.randn(1, 3, 32, 32), torch.randn(5, 3, 20, 28)):
            scale = net(x, gates).abs().max().item()
            assert largest_difference(net, run, x, gates) < 1e-5 * max(1, scale)


def test_exporting_leaves_the_network_as_it_was(tmp_path):
    net = sg.resnet20(in_channels=1).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    export_onnx(net, tmp_path / "x.onnx")
    assert net.training and net.stem.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_network_of_another_precision_is_exported_in_it(tmp_path):
    net = scrambled(sg.resnet20(in_channels=1)).double()
    export_onnx(net, tmp_path / "x.onnx")
    x, gates = torch.randn(2, 1, 8, 8).double(), torch.rand(net.num_blocks).double()
    # onnxruntime has no convolution in float64; the reference implementation of onnx has.
    found = ReferenceEvaluator(str(tmp_path / "x.onnx")).run(None, {"images": x.numpy(), "gates": gates.numpy()})[0]
    with torch.no_grad():
        assert np.abs(found - net(x, gates).numpy()).max() < 1e-10


def test_teacher_of_a_run_is_what_it_deploys(runs, tmp_path, capsys):
    assert main(["export", str(runs / "self-guidance"), "--out", str(tmp_path / "x.onnx")]) == 0
    assert "0.94" in capsys.readouterr().out
    _net, p = trained_network(runs / "self-guidance")
    deployed = sg.load_network(runs / "self-guidance" / "network.pt").eval()
    x = torch.randn(6, 1, 8, 8)
    with torch.no_grad():
        assert np.abs(graph(tmp_path / "x.onnx")(x, p) - deployed(x).numpy()).max() < 1e-5


def test_a_folded_network_is_the_teacher_with_gates_1_and_a_student_with_gates_b_over_p(runs, tmp_path):
    file = runs / "self-guidance" / "network.pt"
    assert main(["export", str(file), "--out", str(tmp_path / "x.onnx")]) == 0
    net, p = trained_network(runs / "self-guidance")
    run, x, b = graph(tmp_path / "x.onnx"), torch.randn(6, 1, 8, 8), [1, 0, 1, 1, 1, 0, 1, 0, 1]
    with torch.no_grad():
        assert np.abs(run(x, [1] * 9) - net(x, p).numpy()).max() < 1e-5
        assert (
            np.abs(run(x, [on / survival for on, survival in zip(b, p, strict=True)]) - net(x, b).numpy()).max() < 1e-5
        )


@pytest.mark.parametrize("method", ["baseline", "mutual-learning"])
def test_methods_without_students_export_what_they_deploy(method, runs, tmp_path):
    assert main(["export", str(runs / method), "--out", str(tmp_path / "x.onnx")]) == 0
    _net, p = trained_network(runs / method)
    deployed = sg.load_network(runs / method / "network.pt").eval()
    x = torch.randn(6, 1, 8, 8)
    assert p is None and largest_difference(deployed, graph(tmp_path / "x.onnx"), x, [1.0] * 9) < 1e-5


def test_file_speaks_of_no_machine(tmp_path):
    export_onnx(scrambled(sg.resnet20()), tmp_path / "x.onnx")
    content = (tmp_path / "x.onnx").read_bytes()
    assert not any(path in content for path in (b"/home", b"/root", b"site-packages", b"sgutils/"))
    assert [entry.name for entry in onnx.load(tmp_path / "x.onnx").graph.input] == ["images", "gates"]


def test_what_cannot_be_exported_is_one_sentence(runs, tmp_path, capsys, monkeypatch):
    damaged = tmp_path / "network.pt"
    damaged.write_bytes(b"no network")
    for source, out, words in (
        (tmp_path / "nowhere", "x.onnx", "is missing"),
        (damaged, "x.onnx", "is damaged"),
        (tmp_path, "x.onnx", "is damaged"),
        (runs / "baseline", "no/such/folder/x.onnx", "Cannot write"),
    ):
        assert main(["export", str(source), "--out", str(tmp_path / out)]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
    usual = builtins.__import__

    def without_onnx(name, *more):
        if name == "onnx":
            raise ImportError(name)
        return usual(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    assert main(["export", str(runs / "baseline"), "--out", str(tmp_path / "x.onnx")]) == 2
    assert "sgutils[export]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gates": [1.0, 0.5]}, "gates must be 3 numbers, one per block, not 2"),
        ({"gates": [1.0, float("nan"), 0.5]}, "gates must be finite numbers"),
        ({"gates": "110"}, "gates must be 3 numbers"),
        ({"gates": torch.tensor([1.0, 0.5, 0.5])}, None),
        ({"gates": {"all": 1}}, "gates must be 3 numbers"),
        ({"inputs": {"mean": [1.0]}}, "inputs must be what sgutils.load_inputs gives"),
        ({"inputs": sg.Inputs((1.0,) * 3, (1.0,) * 3, (8, 8), ("a", "b"))}, "of 3 channels and 2 classes.* 1 channels"),
        ({"inputs": sg.Inputs((1.0,), (1.0,), (8, 8), ("a", "b", "c"))}, "knows 2 classes"),
        ({"inputs": sg.Inputs((1.0,), (1.0,), (8, 8), ())}, None),
    ],
)
def test_what_the_metadata_say_is_true_of_the_graph(more, words, tmp_path):
    net = sg.resnet(8, 2, 1, (4, 4, 4))
    if words is None:
        export_onnx(net, tmp_path / "x.onnx", **more)
        return
    with pytest.raises(sg.InputError, match=words):
        export_onnx(net, tmp_path / "x.onnx", **more)
    assert list(tmp_path.iterdir()) == []


class Chooses(nn.Module):
    def __init__(self, choice):
        super().__init__()
        self.stem, self.layers = (
            nn.Conv2d(1, 4, 3),
            nn.ModuleList([nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())]),
        )
        self.choice, self.head = choice, nn.Linear(4, 3)

    def forward(self, x):
        h = self.layers[0](self.stem(x))
        return self.head((-h if self.choice(x, h) else h).mean((2, 3)))


@pytest.mark.parametrize(
    "choice",
    [
        lambda x, h: h.mean() > 0,
        lambda x, h: x.shape[0] > 1,
        lambda x, h: x.shape[0] > 2,
        lambda x, h: x.shape[-1] > 38,
    ],
    ids=["what it sees", "one image alone", "many images", "large images"],
)
def test_a_network_that_takes_another_way_for_other_images_is_not_exported(choice, tmp_path):
    torch.manual_seed(0)
    net = sg.gated(Chooses(choice), blocks="layers.*")
    with pytest.raises(sg.InputError, match="takes another way for other images"):
        export_onnx(net, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []
    export_onnx(sg.gated(Chooses(lambda x, h: True), blocks="layers.*"), tmp_path / "x.onnx")
