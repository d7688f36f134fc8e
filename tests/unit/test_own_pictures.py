"""Self-Guidance on a folder of pictures, as a person does it: trained by a command, killed, resumed, exported, asked."""

import dataclasses
import json
import os
import signal
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from support.pictures import COLORS, write_pictures

import sgutils as sg
from sgutils.cli import main
from sgutils.data import Inputs
from sgutils.training import runs
from sgutils.training.same_images import check_same_images, images_of

SIDE = 16


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Larger than they are trained at, and not square."""
    root = write_pictures(tmp_path_factory.mktemp("pictures") / "p", per_class=20, side=20)
    Image.open(root / "red" / "000.png").resize((30, 22)).save(root / "red" / "000.png")
    return root


def arguments(pictures, out, model="resnet20", *more):
    given = (
        f"train --dataset folder:{pictures} --image-size {SIDE} --model {model} --epochs 4 --batch-size 16 --lr 0.02"
    )
    return [*given.split(), *more, "--out", str(out)]


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    assert main(arguments(pictures, out)) == 0
    return out


def test_a_run_on_pictures_is_killed_and_resumed_and_ends_bit_for_bit(pictures, trained, tmp_path):
    out = tmp_path / "killed"
    code = (
        "import os, signal, sys; from sgutils.cli import main; from sgutils.training.trainer import Trainer\n"
        "error, calls = Trainer.error, []\n"
        "def die(self, loader):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return error(self, loader)\n"
        f"Trainer.error = die; main({arguments(pictures, out)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert main(["resume", str(out)]) == 0
    one, other = (json.loads((folder / "result.json").read_text()) for folder in (out, trained))
    assert one["curves"] == other["curves"] and one["config"] == other["config"]
    one, other = (torch.load(folder / "network.pt", weights_only=True) for folder in (out, trained))
    assert one["inputs"] == other["inputs"]
    assert all(torch.equal(value, other["weights"][name]) for name, value in one["weights"].items())


def test_what_the_network_must_be_given_travels_with_it(pictures, trained, tmp_path, capsys):
    dataset = sg.load_dataset(f"folder:{pictures}", image_size=SIDE)
    mean = dataset.train_x.double().mean((0, 2, 3))
    for file in (trained / "network.pt", trained / "checkpoint.pt"):
        inputs = torch.load(file, weights_only=True)["inputs"]
        assert inputs["classes"] == sorted(COLORS) and inputs["size"] == [SIDE, SIDE]
        assert inputs["mean"] == pytest.approx(mean.tolist(), rel=1e-5)
    assert main(["export", str(trained), "--out", str(tmp_path / "x.onnx")]) == 0
    said = capsys.readouterr().out
    assert "blue, green, red" in said and f"{mean[0]:.5g}" in said and "16 x 16" in said
    texts = {entry.key: json.loads(entry.value) for entry in onnx.load(tmp_path / "x.onnx").metadata_props}
    assert {name: texts[name] for name in inputs} == inputs and len(texts["gates"]) == 9
    # With the file alone, elsewhere: the same classes as here.
    session = onnxruntime.InferenceSession(str(tmp_path / "x.onnx"), providers=["CPUExecutionProvider"])
    images = (
        dataset.test_x.numpy().astype(np.float32) - np.array(texts["mean"], np.float32)[:, None, None]
    ) / np.array(texts["std"], np.float32)[:, None, None]
    logits = session.run(None, {"images": images, "gates": np.array(texts["gates"], np.float32)})[0]
    error = json.loads((trained / "result.json").read_text())["last_test_error"]
    assert (logits.argmax(1) != dataset.test_y.numpy()).mean() == pytest.approx(error)


def test_predict_names_class_and_probability_of_any_picture(trained, tmp_path, capsys):
    files = []
    for name, color in COLORS.items():
        files.append(tmp_path / f"{name}.jpg")
        Image.new("RGB", (50, 33), color).save(files[-1])
    (tmp_path / "alone.pt").write_bytes((trained / "network.pt").read_bytes())
    said = []
    for source in (trained, tmp_path / "alone.pt"):
        assert main(["predict", str(source), *map(str, files)]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    lines = [line.rpartition(": ")[2].split() for line in said[0].splitlines()]
    assert [line[0] for line in lines] == list(COLORS) and all(float(line[1].rstrip("%")) > 40 for line in lines)


OTHERS = {  # than those that a run began with: of one mean, so that normalisation does not tell
    "labels": (lambda x, y: (x, 2 - y), "the train images of a class have other pixels, or other labels"),
    "twice": (lambda x, y: (x.repeat(2, 1, 1, 1), y.repeat(2)), "the train images are 60, or their classes are not as"),
    "upside down": (lambda x, y: (x.flip(2), y), None),  # of one mean, too: not everything is seen
}


@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_run_does_not_go_on_with_other_labels_or_numbers_of_images(part, change):
    x, y = (
        torch.arange(30, dtype=torch.uint8).view(30, 1, 1, 1).expand(-1, 1, 8, 8).contiguous(),
        torch.arange(30) // 10,
    )
    data = sg.Dataset("own", x, y, x, y, ("a", "b", "c"), hflip=False)
    config = sg.Config(model="resnet20", dataset="own", method="baseline")

    def trainer(data):
        return sg.Trainer(sg.Baseline(sg.resnet(8, 3, 1)), *sg.loaders(data, batch_size=10, augment=False), epochs=1)

    before = trainer(data)
    images, words = OTHERS[change]
    other_x, other_y = images(x, y)
    now = trainer(dataclasses.replace(data, **{f"{part}_x": other_x, f"{part}_y": other_y}))
    given = Inputs.of(before.train), json.loads(json.dumps(images_of(before)))
    check_same_images(*given, before, config)
    if words is None:
        check_same_images(*given, now, config)
    else:
        with pytest.raises(sg.InputError, match=words.replace("train", part)):
            check_same_images(*given, now, config)
    check_same_images(None, None, now, config)  # of an older version


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state["inputs"]["classes"].pop(), "knows 3 classes, and its file names 2"),
        (lambda state: state["inputs"].update(mean=[0.0], std=[1.0]), "does not take images of 1 x 16 x 16"),
        (lambda state: state["weights"]["classifier.bias"].fill_(torch.nan), "is not a number: its file is damaged"),
    ],
)
def test_predict_believes_no_file_whose_network_says_otherwise(change, said, pictures, trained, tmp_path, capsys):
    state = torch.load(trained / "network.pt", weights_only=True)
    change(state)
    torch.save(state, tmp_path / "network.pt")
    assert main(["predict", str(tmp_path / "network.pt"), str(pictures / "red" / "001.png")]) == 2
    assert said in capsys.readouterr().err


def test_predict_agrees_with_the_test_error_of_the_run(pictures, trained):
    net, inputs = sg.load_network(trained / "network.pt"), sg.load_inputs(trained / "network.pt")
    assert not net.training
    config, error, _ = runs.evaluate(trained)
    paths = sorted(pictures.rglob("*.png"))
    with torch.no_grad():
        labels = net(inputs.read(paths)).argmax(1).tolist()
    wrong = sum(inputs.classes[label] != path.parent.name for label, path in zip(labels, paths, strict=True))
    dataset = sg.load_dataset(config.dataset, image_size=SIDE)
    with torch.no_grad():
        train_wrong = (net(dataset.normalizer()(dataset.train_x)).argmax(1) != dataset.train_y).sum().item()
    assert wrong == train_wrong + round(error * len(dataset.test_y))


@pytest.mark.parametrize(("side", "taken"), [(14, 14), (28, 28), (None, 28)])
def test_a_picture_of_a_built_in_set_is_given_to_the_network_as_it_was_tested(side, taken, tmp_path):
    data = sg.load_dataset("fashion-mnist", image_size=side, train_examples=100, test_examples=30)
    inputs = sg.Inputs.from_dict(sg.Inputs.of(sg.loaders(data, batch_size=10)[0]).as_dict())
    files = [tmp_path / f"{number}.png" for number in range(30)]
    for file, image in zip(files, sg.load_dataset("fashion-mnist", test_examples=30).test_x, strict=True):
        Image.fromarray(image[0].numpy()).save(file)
    assert inputs.size == (taken, taken) and torch.equal(inputs.read(files), data.normalizer()(data.test_x))


def test_an_unfinished_run_predicts_with_what_it_has(pictures, tmp_path, capsys, monkeypatch):
    def stopped(self, index):
        raise KeyboardInterrupt

    monkeypatch.setattr(sg.Trainer, "_epoch", stopped)
    assert main(arguments(pictures, tmp_path / "run")) == 130
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "run"), str(pictures / "red" / "001.png")]) == 0
    assert "001.png: " in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:The model's own stochastic depth")
@pytest.mark.parametrize("model", ["torchvision:mobilenet_v3_small", "timm:test_vit"])
def test_somebody_elses_network_trains_resumes_evaluates_exports_and_predicts(model, pictures, tmp_path, capsys):
    out = tmp_path / "run"
    size = ["--image-size", "32"] if "vit" in model else []
    assert main([*arguments(pictures, out, model), *size, "--epochs", "1"]) == 0
    (out / "result.json").unlink()
    assert main(["resume", str(out)]) == 0
    assert main(["evaluate", str(out)]) == 0
    assert model in capsys.readouterr().out
    assert main(["export", str(out), "--out", str(out / "x.onnx")]) == 0
    assert main(["predict", str(out / "network.pt"), str(pictures / "red" / "001.png")]) == 0
    assert "001.png: " in capsys.readouterr().out
    assert json.loads((out / "result.json").read_text())["config"]["model"] == model


def test_grey_pictures_are_repeated_for_somebody_elses_network(tmp_path, capsys):
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("L", (16, 16), level + number).save(tmp_path / "p" / name / f"{number}.png")
    out = tmp_path / "run"
    assert (
        main([*arguments(tmp_path / "p", out, "torchvision:mobilenet_v3_small"), "--epochs", "1", "--batch-size", "4"])
        == 0
    )
    inputs = sg.load_inputs(out / "network.pt")
    assert len(inputs.mean) == 3 and len(set(inputs.mean)) == 1
    assert main(["predict", str(out), str(tmp_path / "p" / "dark" / "0.png")]) == 0


def test_pretrained_weights_are_started_from_and_the_classifier_is_said_to_be_new(pictures, tmp_path):
    net = sg.resnet20(num_classes=7)
    sg.save_network(tmp_path / "other.pt", net)
    seen = {}

    def look(self, index):
        seen.update({name: value.clone() for name, value in self.method.net.state_dict().items()})
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sg.Trainer, "_epoch", look)
        given = [*arguments(pictures, tmp_path / "run"), "--pretrained", str(tmp_path / "other.pt")]
        with pytest.warns(UserWarning, match=r"classifier.weight, classifier.bias of .*other.pt fit other classes"):
            assert main(given) == 130
    theirs = net.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in seen.items() if not name.startswith("classifier"))
    assert seen["classifier.weight"].shape[0] == 3
    (tmp_path / "other.pt").unlink()  # a checkpoint holds all that it needs
    assert main(["resume", str(tmp_path / "run")]) == 0


def test_a_run_does_not_go_on_with_other_pictures(trained, pictures, tmp_path, capsys):
    import shutil

    shutil.copytree(trained, tmp_path / "run")
    shutil.copytree(pictures, tmp_path / "p")
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    state["config"]["dataset"] = f"folder:{tmp_path / 'p'}"
    torch.save(state, tmp_path / "run" / "checkpoint.pt")
    assert main(["evaluate", str(tmp_path / "run")]) == 0
    for path in (tmp_path / "p" / "red").iterdir():
        Image.new("RGB", (20, 20), "black").save(path)
    assert main(["evaluate", str(tmp_path / "run")]) == 2
    assert "are not those that this run began with (other classes, sizes or pixels)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["predict", "{run}", "nowhere.png"], "nowhere.png cannot be read"),
        (["predict", "nowhere", "x.png"], "nowhere is missing"),
        (["predict", "{run}", "{run}/result.json"], "result.json is not an image"),
        (["export", "{run}", "--out", "{run}/checkpoint.pt"], "is a file of the run itself"),
        (["export", "{run}/network.pt", "--out", "{run}/network.pt"], "is a file of the run itself"),
        (["export", "{run}", "--out", "/dev/null"], "is there and is not a file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(change, words, trained, capsys):
    before = {path: path.read_bytes() for path in trained.iterdir() if path.is_file()}
    assert main([part.format(run=trained) for part in change]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert {path: path.read_bytes() for path in trained.iterdir() if path.is_file()} == before


def test_a_network_of_an_older_version_is_read_and_says_what_it_lacks(tmp_path, capsys):
    from sgutils.folders import data_folder

    file = data_folder() / "networks" / "self-guidance.pt"
    assert not sg.load_network(file).training
    assert main(["predict", str(file), "x.png"]) == 2
    assert "does not say how its images were normalised" in capsys.readouterr().err
    assert main(["export", str(file), "--out", str(tmp_path / "x.onnx")]) == 0
    assert "does not say how its images were normalised" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "warned"), [((), True), (("--scaling", "train"), False), (("--method", "baseline"), False)]
)
def test_who_starts_a_gated_method_from_a_folded_network_is_told_how(
    more, warned, trained, pictures, tmp_path, recwarn
):
    given = arguments(pictures, tmp_path / "run", "resnet20", "--pretrained", str(trained / "network.pt"), *more)
    assert main([*given, "--epochs", "1", "--lr", "1e-9"]) == 0
    said = [str(one.message) for one in recwarn if "--scaling train leaves it as it is" in str(one.message)]
    assert len(said) == warned
