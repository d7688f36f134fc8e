"""Networks by name, their files, and weights from elsewhere."""

import sys
import warnings

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from support.foreign_networks import NETWORKS, build, images

import sgutils as sg
from sgutils.networks import build_network, load_pretrained
from sgutils.results import labels

NAMES = ["torchvision:mobilenet_v3_small", "timm:resnet10t", "timm:vit_tiny_patch16_224", "timm:test_convnext"]


@pytest.mark.parametrize("name", [*NAMES, "resnet20"])
@pytest.mark.filterwarnings("ignore:The model's own stochastic depth")
@torch.no_grad()
def test_a_network_by_name_takes_the_images_and_knows_the_classes(name, tmp_path):
    torch.manual_seed(0)
    net = build_network(name, num_classes=7, in_channels=1, image_size=32).eval()
    x = torch.randn(2, 1, 32, 32)
    p = sg.linear_decay(net.num_blocks)
    assert isinstance(net, sg.GatedNetwork) and net(x, p).shape == (2, 7)
    sg.save_network(tmp_path / "trained.pt", net)
    again = sg.load_network(tmp_path / "trained.pt").eval()
    assert torch.equal(again(x, p), net(x, p))
    sg.save_network(tmp_path / "deployed.pt", net.fold(p))
    deployed = sg.load_network(tmp_path / "deployed.pt").eval()
    torch.testing.assert_close(deployed(x), net(x, p))
    assert isinstance(deployed, sg.GatedNetwork) == ("vit" not in name)


FILES = {
    "is of form 99, and this version of sgutils reads forms 1 to 2": {"schema": 99},
    "holds numbers of torch.int8": {
        "weights": lambda w: {k: v.to(torch.int8) if v.is_floating_point() else v for k, v in w.items()}
    },
    "holds numbers of torch.complex64": {
        "weights": lambda w: {k: v.to(torch.complex64) if v.is_floating_point() else v for k, v in w.items()}
    },
}
INPUTS = [
    {"mean": [1e30]},
    {"std": ["1"]},
    {"std": "123"},
    {"classes": "abc"},
    {"classes": ["a", "a"]},
    {"size": [8, 0]},
]


@pytest.mark.parametrize("words", FILES)
def test_a_network_s_file_of_another_form_is_refused(words, tmp_path):
    sg.save_network(tmp_path / "net.pt", sg.resnet(8, 3, 1))
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    ((key, change),) = FILES[words].items()
    torch.save(state | {key: change(state[key]) if callable(change) else change}, tmp_path / "net.pt")
    with pytest.raises(sg.InputError, match=words):
        sg.load_network(tmp_path / "net.pt")


@pytest.mark.parametrize("change", INPUTS, ids=str)
def test_what_a_network_is_said_to_be_given_must_make_sense(change, tmp_path):
    sound = {"mean": [70.0], "std": [80.0], "size": [8, 8], "classes": ["a", "b", "c"]}
    sg.save_network(tmp_path / "net.pt", sg.resnet(8, 3, 1), sg.Inputs.from_dict(sound))
    assert sg.load_inputs(tmp_path / "net.pt").classes == ("a", "b", "c")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    torch.save(state | {"inputs": sound | change}, tmp_path / "net.pt")
    with pytest.raises(sg.InputError, match="net.pt"):
        sg.load_inputs(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sg.load_network(None), "path must be a path, not None"),
        (lambda: sg.load_network(3), "path must be a path, not 3"),
        (lambda: sg.save_network(3, sg.resnet(8)), "path must be a path, not 3"),
        (lambda: sg.save_network("net.pt", 3), "net must be a torch module, not 3"),
        (lambda: sg.load_results(3), "folder must be a path, not 3"),
        (lambda: sg.train({"epochs": 1}), "config must be a sgutils.Config"),
        (lambda: sg.train(sg.Config(), out=3), "out must be a path, not 3"),
    ],
)
def test_what_is_no_path_and_no_network_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words):
        call()


def test_other_channels_have_a_first_convolution_of_their_own_and_nothing_else_is_new():
    nets = []
    for channels in (3, 2):
        torch.manual_seed(0)
        nets.append(build_network("torchvision:mobilenet_v3_small", num_classes=4, in_channels=channels))
    three, two = (net.state_dict() for net in nets)
    assert [key for key in three if three[key].shape != two[key].shape] == ["model.features.0.0.weight"]


def test_a_network_without_a_name_is_saved_but_only_its_owner_can_build_it(tmp_path):
    net = sg.gated(build("torchvision mobilenet v3"))
    sg.save_network(tmp_path / "network.pt", net.fold(sg.linear_decay(net.num_blocks)))
    with pytest.raises(sg.InputError, match="only its owner can build"):
        sg.load_network(tmp_path / "network.pt")
    plain = NETWORKS["torchvision mobilenet v3"][0]().double()
    plain.load_state_dict(torch.load(tmp_path / "network.pt", weights_only=True)["weights"])


@pytest.mark.parametrize("form", ["state dict", "within", "of processes", "safetensors"])
@torch.no_grad()
def test_weights_come_from_the_files_of_others(form, tmp_path):
    source = build("torchvision mobilenet v3")
    state, path = source.state_dict(), tmp_path / "weights.pth"
    if form == "safetensors":
        path = tmp_path / "weights.safetensors"
        save_file(state, path)
    else:
        prefixed = {f"module.{name}": value for name, value in state.items()}
        torch.save(
            {"state dict": state, "within": {"state_dict": state, "epoch": 3}, "of processes": prefixed}[form], path
        )
    net = sg.gated(NETWORKS["torchvision mobilenet v3"][0]().double()).eval()
    assert load_pretrained(net, path) == []
    assert torch.equal(net(images()), source(images()))


def test_a_classifier_for_other_classes_is_left_as_it_is(tmp_path):
    torch.save(torchvision.models.mobilenet_v3_small(num_classes=11).state_dict(), tmp_path / "weights.pth")
    net = build_network("torchvision:mobilenet_v3_small", num_classes=4)
    before = net.model.classifier[3].weight.clone()
    assert load_pretrained(net, tmp_path / "weights.pth") == ["classifier.3.weight", "classifier.3.bias"]
    assert torch.equal(net.model.classifier[3].weight, before)


def _file(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no weights", "is damaged or another kind of file: expected a state dict"),
        ({"epoch": 3}, "is another kind of file"),
        ({}, "is another kind of file"),
        ({"fc.weight": torch.ones(2)}, "another network than this ResNet \\(fc.weight does not fit\\): choose"),
        (torch.nn.Linear(2, 2), "is damaged or another kind of file"),  # a pickled module is not read
    ],
)
def test_weights_that_are_not_are_one_sentence(content, words, tmp_path):
    with pytest.raises(sg.InputError, match=words) as caught:
        load_pretrained(sg.resnet20(), _file(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_weights_of_which_some_are_missing_are_one_sentence(tmp_path):
    state = sg.resnet20().state_dict()
    del state["stem.0.weight"]
    with pytest.raises(sg.InputError, match=r"another network than this ResNet \(stem.0.weight is missing\): choose"):
        load_pretrained(sg.resnet20(), _file(tmp_path, state))
    with pytest.raises(sg.InputError, match="is a folder: expected a state dict.* network.pt of a run"):
        load_pretrained(sg.resnet20(), tmp_path)
    with pytest.raises(sg.InputError, match=r"nowhere.pth is missing"):
        load_pretrained(sg.resnet20(), tmp_path / "nowhere.pth")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet18", "Unknown model 'resnet18': expected one of resnet20, .*, torchvision:NAME, timm:NAME, or"),
        ("keras:resnet18", "Unknown model 'keras:resnet18'"),
        ("torchvision:resnet19", "torchvision has no network 'resnet19', but resnet101, "),
        ("timm:nothing_of_the_kind", "timm has no network 'nothing_of_the_kind'"),
        ("torchvision:vgg11", "VGG has no residual block that is known"),
    ],
)
def test_a_name_that_is_none_is_one_sentence(name, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        build_network(name, num_classes=2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["timm:vit_tiny_patch16_224", "torchvision:vit_b_16"])
def test_an_image_size_that_a_network_cannot_take_is_one_sentence(name):
    with pytest.raises(sg.InputError, match="8") as caught:
        build_network(name, num_classes=2, image_size=8)
    assert "\n" not in str(caught.value)


def test_a_library_that_is_not_installed_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(sg.InputError, match=r"needs the package timm: install it with pip install 'sgutils\[timm\]'"):
        build_network("timm:resnet10t", num_classes=2)


def test_every_residual_family_of_the_libraries_that_is_said_to_be_found_is_found():
    """The smallest of each family, without memory: only which blocks are found is looked at."""
    names = {
        "torchvision": "resnet18 resnext50_32x4d wide_resnet50_2 convnext_tiny efficientnet_v2_s mobilenet_v2 "
        "mobilenet_v3_large swin_t swin_v2_t vit_b_16",
        "timm": "resnet18 resnetv2_50 convnextv2_atto vit_small_patch16_224 deit3_small_patch16_224 "
        "swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 efficientnet_b0 mobilenetv3_small_100",
    }
    makers = {"torchvision": torchvision.models.get_model, "timm": timm.create_model}
    for library, own in names.items():
        for name in own.split():
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                net = sg.gated(makers[library](name))
            assert net.num_blocks >= 6, name


def test_whatever_can_be_chosen_by_name_has_one_for_readers():
    """The results explorer and the tables look them up."""
    assert set(sg.DATASETS) <= set(labels.DATASETS), "name it in sgutils/results/names.json"
    assert set(sg.MODELS) <= set(labels.NETWORKS), "name it in sgutils/results/names.json"
