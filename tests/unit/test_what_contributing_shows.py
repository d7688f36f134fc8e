"""A new method, data set or network is one file and one or two lines: CONTRIBUTING.md shows one of each, and here they are
added to a copy of the package."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SMALL = ["--train-examples", "100", "--test-examples", "50", "--epochs", "1"]


@pytest.fixture
def package(tmp_path):
    """Runs the command line of a copy of the package, to which files may be added."""
    shutil.copytree(ROOT / "sgutils", tmp_path / "sgutils", ignore=shutil.ignore_patterns("__pycache__", "widgets"))

    def sgutils(*arguments):
        # Run with -c, the folder it runs in comes first on the path: the copy answers, not the checkout.
        start = "import sys; from sgutils.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", start, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    return tmp_path, sgutils


def add(folder, room):
    """Write the file that CONTRIBUTING.md shows for a room of the package, and give back its lines for the registry."""
    file, code, registry, lines = re.search(
        rf"`sgutils/{room}/(\w+\.py)`:\n\n```python\n(.*?)```\n\nand the lines?, in `(.*?)`:\n\n(.*?)\n\n",
        TEXT,
        re.DOTALL,
    ).groups()
    (folder / "sgutils" / room / file).write_text(code)
    return folder / registry, [line.removeprefix("    ") for line in lines.splitlines()]


def add_by_name(folder, room, table):
    registry, (imported, entry) = add(folder, room)
    text = registry.read_text()
    start = re.search(rf"^{table}\b.*?= \{{\n", text, re.MULTILINE).end()
    first_import = re.search(r"^from \.\w+ import", text, re.MULTILINE).start()
    registry.write_text(f"{text[:first_import]}{imported}\n{text[first_import:start]}{entry}\n{text[start:]}")


def test_the_method_that_contributing_shows_trains_by_name(package):
    folder, sgutils = package
    registry, (line,) = add(folder, "methods")
    with registry.open("a") as file:
        file.write(line + "\n")
    help = sgutils("train", "--method", "confidence-penalty", "--help")
    assert "--beta" in help and "weight of the entropy" in " ".join(help.split())
    chosen = ["--dataset", "digits", "--model", "resnet20", "--method", "confidence-penalty", "--beta", "0.2"]
    sgutils("train", *chosen, *SMALL, "--out", "run")
    record = json.loads((folder / "run" / "result.json").read_text())
    assert (record["config"]["method"], record["config"]["options"]) == ("confidence-penalty", {"beta": 0.2})
    assert "train_entropy" in record["curves"]


def test_the_data_set_that_contributing_shows_is_trained_on_by_name(package):
    folder, sgutils = package
    add_by_name(folder, "data", "DATASETS")
    sgutils("train", "--dataset", "bars", "--model", "resnet20", *SMALL[:4], "--epochs", "4", "--out", "run")
    record = json.loads((folder / "run" / "result.json").read_text())
    assert record["config"]["dataset"] == "bars" and record["right"]["images"] == 50
    assert record["last_test_error"] <= 0.5


def test_the_network_that_contributing_shows_is_trained_by_name(package):
    folder, sgutils = package
    add_by_name(folder, "networks", "MODELS")
    sgutils("train", "--dataset", "digits", "--model", "wide-resnet20", *SMALL, "--out", "run")
    record = json.loads((folder / "run" / "result.json").read_text())
    assert record["config"]["model"] == "wide-resnet20" and record["parameters"]["trained"] > 1_000_000
