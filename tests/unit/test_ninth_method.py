"""A new method is one file and one line: CONTRIBUTING.md shows one, and here it is added to a copy of the package."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_method_that_contributing_shows_trains_by_name(tmp_path):
    shutil.copytree(ROOT / "sgutils", tmp_path / "sgutils", ignore=shutil.ignore_patterns("__pycache__", "widgets"))
    text = (ROOT / "CONTRIBUTING.md").read_text()
    file, code = re.search(r"`sgutils/methods/(\w+\.py)`:\n\n```python\n(.*?)```", text, re.DOTALL).groups()
    line = re.search(r"^    (from \.\w+ import \w+)$", text, re.MULTILINE)[1]
    (tmp_path / "sgutils" / "methods" / file).write_text(code)
    with (tmp_path / "sgutils" / "methods" / "__init__.py").open("a") as registry:
        registry.write(line + "\n")

    def sgutils(*arguments):
        # Run with -c, the folder it runs in comes first on the path: the copy answers, not the checkout.
        command = [
            sys.executable,
            "-c",
            "import sys; from sgutils.cli import main; sys.exit(main(sys.argv[1:]))",
            *arguments,
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    help = sgutils("train", "--method", "confidence-penalty", "--help")
    assert "--beta" in help and "weight of the entropy" in " ".join(help.split())
    small = [
        "--dataset",
        "digits",
        "--model",
        "resnet20",
        "--train-examples",
        "100",
        "--test-examples",
        "50",
        "--epochs",
        "1",
        "--beta",
        "0.2",
    ]
    sgutils("train", "--method", "confidence-penalty", *small, "--out", "run")
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (record["config"]["method"], record["config"]["options"]) == ("confidence-penalty", {"beta": 0.2})
    assert "train_entropy" in record["curves"]
