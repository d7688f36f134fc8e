"""A module of one's own, by `sgutils --import`: what it registers is trained, resumed, evaluated and exported by its name."""

import copy
import re
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import sgutils as sg
from sgutils import DATASETS, METHODS, MODELS, own_modules
from sgutils.cli import main
from sgutils.networks import build_network
from sgutils.training.run_folder import resume_command

TEXT = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SMALL = ["--dataset", "digits", "--train-examples", "64", "--test-examples", "32"]
# A network of no class of ours, with what `sgutils.GatedNetwork` names.
PLAIN = """
class Plain(torch.nn.Module):
    num_blocks = 1

    def __init__(self, num_classes=10, in_channels=3):
        super().__init__()
        self.branch = torch.nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.last = torch.nn.Linear(in_channels, num_classes)

    def features(self, x, gates=None):
        return (x + (1.0 if gates is None else gates[0]) * self.branch(x)).mean((2, 3))

    def forward(self, x, gates=None):
        return self.last(self.features(x, gates))

    def fold(self, p):
        folded = copy.deepcopy(self)
        with torch.no_grad():
            for parameter in folded.branch.parameters():
                parameter.mul_(float(p[0]))
        return folded


MODELS["plain"] = Plain
"""


def shown(room):
    """The code of the file that CONTRIBUTING.md shows for a room, as it stands outside of the package."""
    code = re.search(rf"`sgutils/{room}/\w+\.py`:\n\n```python\n(.*?)```", TEXT, re.DOTALL)[1]
    code = re.sub(r"from \.\.(\w+) import", r"from sgutils.\1 import", code)
    return re.sub(r"from \.(\w+) import", rf"from sgutils.{room}.\1 import", code)


@pytest.fixture
def forgotten(monkeypatch):
    """Forgets what a test registers and imports, as a new process would."""

    def forget():
        for table in (METHODS, MODELS, DATASETS):
            for name in set(table) - known:
                del table[name]
        sys.modules.pop("my_module", None)
        own_modules.imported.clear()

    known = {*METHODS, *MODELS, *DATASETS}
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield forget
    forget()


@pytest.mark.parametrize("model", ["wide-resnet20", "plain"])
def test_an_own_methods_run_with_an_own_network_has_every_command(model, tmp_path, monkeypatch, capsys, forgotten):
    networks = f"import copy\nimport torch\nfrom sgutils import MODELS\n{shown('networks')}\n"
    networks += f'MODELS["wide-resnet20"] = wide_resnet20\n{PLAIN}'
    (tmp_path / "my_module.py").write_text(f"{shown('methods')}\n{networks}")
    monkeypatch.chdir(tmp_path)

    def sgutils(*arguments):
        forgotten()
        assert main(arguments) == 0
        return capsys.readouterr().out

    own = ("--import", "my_module")
    chosen = ["--method", "confidence-penalty", "--beta", "0.2", "--model", model, "--epochs", "1"]
    sgutils(*own, "train", *SMALL, *chosen, "--out", "run")
    assert "--import my_module resume" in resume_command(Path("run"))
    assert "of 1 epochs" in sgutils(*own, "evaluate", "run")
    assert "Test error" in sgutils("--import=my_module", "resume", "run")
    sgutils(*own, "export", "run", "--out", "network.onnx")
    assert Path("network.onnx").stat().st_size > 0


@pytest.mark.parametrize("kind", ["method", "model", "dataset"])
def test_without_its_module_every_command_names_what_is_unknown_and_how_to_make_it_known(
    kind, tmp_path, monkeypatch, capsys, forgotten
):
    own = {
        "method": ("confidence-penalty", shown("methods")),
        "model": ("plain", f"import copy\nimport torch\nfrom sgutils import MODELS\n{PLAIN}"),
        "dataset": ("bars", f"from sgutils import DATASETS\n{shown('data')}\nDATASETS['bars'] = read_bars"),
    }
    name, code = own[kind]
    (tmp_path / "my_module.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    chosen = {"--dataset": "digits", "--model": "resnet20", "--method": "baseline"} | {f"--{kind}": name}
    small = ["--train-examples", "32", "--test-examples", "20", "--epochs", "1", "--out", "run"]
    assert main(["--import", "my_module", "train", *(word for pair in chosen.items() for word in pair), *small]) == 0
    Path("ledger").mkdir()
    Path("ledger/one.json").write_text(Path("run/result.json").read_text())
    Image.new("L", (8, 8)).save("image.png")
    commands = [["evaluate", "run"], ["train", "--from", "ledger/one.json", "--out", "new"], ["resume", "run"]]
    if kind != "dataset":  # of which nothing is read to look at a network, or at a finished record
        commands += [["results", "--ledger", "ledger"], ["export", "run", "--out", "x.onnx"]]
    if kind == "model":  # what a method deploys may be of a known one
        commands += [["predict", "run", "image.png"], ["export", "run/network.pt", "--out", "x.onnx"]]
    for arguments in commands:
        forgotten()
        if arguments[0] == "resume":  # of a run that is finished only the record is read
            Path("run/result.json").unlink()
        capsys.readouterr()
        assert main(arguments) == 2, arguments
        said = capsys.readouterr().err
        assert f"Unknown {kind} '{name}'" in said and "--import MODULE" in said and said.count("\n") == 1


def test_an_own_network_is_loaded_again_by_its_name(tmp_path, forgotten):
    exec(PLAIN, {"copy": copy, "torch": torch, "MODELS": MODELS})
    net = build_network("plain", num_classes=4, in_channels=1)
    sg.save_network(tmp_path / "network.pt", net.fold([0.5]))
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(sg.load_network(tmp_path / "network.pt")(x), net(x, [0.5]))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("absent_module", None, "There is no module absent_module"),
        ("package.absent", None, "There is no module package.absent"),
        ("raises", "1 / 0", "The module raises cannot be imported: ZeroDivisionError: division by zero."),
        ("leaves", "raise SystemExit(0)", "The module leaves cannot be imported: SystemExit: 0."),
        ("unfinished", "def", "The module unfinished cannot be imported: SyntaxError"),
        ("needs", "import absent_library", "it needs absent_library: install that"),
        ("file.py", "", "not 'file.py'"),
        ("", None, "takes the name of a module"),
        (".relative", None, "takes the name of a module"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_sentence(name, text, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    if text is not None:
        (tmp_path / f"{name}.py").write_text(text)
    assert main(["--import", name, "evaluate", "run"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_import_comes_before_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "run", "--import", "my_module"])
    assert "--import comes before the command" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--import"])
    assert "expected one argument" in capsys.readouterr().err


OWN = '''
from __future__ import annotations

import torch
from sgutils import Method
from sgutils.methods.method import error_rate


class Own(Method, name="own"):
    """A method of one's own."""

    def __init__(self, net, *, {option}):
        super().__init__()
        self.net = net

    def forward(self, x, y):
        z = self.net(x)
        loss, error = torch.nn.functional.cross_entropy(z, y), error_rate(z, y)
        return {losses}

    def predict(self, x):
        return {prediction}

    def deployed_network(self):
        return self.net
'''
RIGHT = {"option": "beta: float = 0.1", "losses": '{"total": loss, "error": error}', "prediction": "self.net(x)"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, None),  # annotations that stand there as text
        ({"option": "lr: float = 0.1"}, "Own cannot have the option lr: train has it already."),
        ({"option": "help: bool = False"}, "Own cannot have the option help: train has it already."),
        ({"option": "beta: Unknown = 1"}, "The type of an option of Own is not known: name 'Unknown' is not defined."),
        ({"option": "beta: list[int] = 1"}, "The option beta must be annotated as bool, int, float or str"),
        ({"option": "beta: float"}, "The option beta of Own has no default"),
        ({"losses": "loss"}, "must return a dict with total and error, not Tensor."),
        ({"losses": "{'total': loss}"}, "must return a dict with total and error, not total."),
        (
            {"losses": "{'total': z, 'error': error}"},
            "returns as 'total' must be a 0-dim tensor, not one of shape (64, 10)",
        ),
        ({"losses": "{'total': loss, 'error': 0.5}"}, "returns as 'error' must be a 0-dim tensor, not 0.5"),
        ({"losses": "{'total': loss.detach(), 'error': error}"}, "has no gradient"),
        ({"prediction": "self.net(x)[:1]"}, "one row for each of 2 images, not one of shape (1, 10)"),
        ({"prediction": "self.net(x).argmax(1)"}, "not torch.int64 and one of shape (2,)"),
        ({"prediction": "(self.net(x),)"}, "predict must return logits"),
        (
            {"prediction": "self.net(x).long()"},
            "floating-point numbers and one row for each of 2 images, not torch.int64",
        ),
        ({"prediction": "self.net(x)[:, :5]"}, "labels to train on must be classes of the network"),
    ],
)
def test_a_method_that_cannot_be_trained_is_one_sentence(wrong, said, tmp_path, monkeypatch, capsys, forgotten):
    text = OWN
    for name, code in (RIGHT | wrong).items():
        text = text.replace("{" + name + "}", code)
    (tmp_path / "my_module.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    more = ["--method", "own", "--model", "resnet20", "--epochs", "1", "--out", "run"]
    assert main(["--import", "my_module", "train", *SMALL, *more]) == (2 if said else 0)
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sgutils")]
    assert not said or (said in error[0] and len(error) == 1)
    assert not said or "losses" in wrong or not Path("run").exists(), "before anything is trained"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ('"self-guidance"', "'self-guidance' is the name of sgutils.methods.self_guidance.SelfGuidance already"),
        ("5", "must be lower-case words with hyphens between, such as my-method, not 5"),
        ('"My method"', "not 'My method'"),
    ],
)
def test_a_method_has_a_name_of_its_own(name, said, tmp_path, monkeypatch, capsys, forgotten):
    """Another's runs would stand in the ledger as its own."""
    before = dict(METHODS)
    (tmp_path / "my_module.py").write_text(
        f"from sgutils import Method\n\n\nclass Own(Method, name={name}):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["--import", "my_module", "results"]) == 2
    assert said in capsys.readouterr().err and before == METHODS


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("MODELS['own'] = lambda **shape: None", "The network own must be a torch module, not None."),
        ("DATASETS['own'] = lambda: (1, 2)", "The data set own must be a sgutils.Dataset, not (1, 2)"),
        ("MODELS['own'] = lambda **shape: Returns(lambda z: z[:1])", "not one of shape (1, 10)"),
        ("MODELS['own'] = lambda **shape: Returns(lambda z: z.long())", "not torch.int64"),
        ("MODELS['own'] = lambda **shape: Returns(lambda z: z[:, :3])", "labels to train on must be classes"),
        ("MODELS['own'] = lambda **shape: Returns(lambda z: z[:, :, None])", "not one of shape (2, 10, 1)"),
        ("MODELS['own'] = lambda **shape: Returns(lambda z: [z])", "predict must return logits"),
        ("MODELS['own'] = lambda **shape: torch.nn.Linear(3, 10)", "The network does not take images of 1 x 8 x 8"),
    ],
)
def test_a_network_or_a_data_set_that_returns_nonsense_is_one_sentence_before_training(
    code, said, tmp_path, monkeypatch, capsys, forgotten
):
    (tmp_path / "my_module.py").write_text(f"""
import torch
from sgutils import DATASETS, MODELS


class Returns(torch.nn.Module):
    def __init__(self, change):
        super().__init__()
        self.last, self.change = torch.nn.Linear(64, 10), change

    def forward(self, x):
        return self.change(self.last(x.flatten(1)))


{code}
""")
    monkeypatch.chdir(tmp_path)
    small = SMALL if "MODELS['own']" in code else ["--dataset", "own"]
    model = "own" if "MODELS['own']" in code else "resnet20"
    more = ["--method", "baseline", "--model", model, "--epochs", "1", "--out", "run"]
    assert main(["--import", "my_module", "train", *small, *more]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not Path("run").exists()
