"""The page that says what the tests try to break holds what they try."""

import json
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "book" / "tried.json"
COUNT = "import json; from book._tools.tried import count; print(json.dumps(count()))"


def test_the_stored_figures_are_those_of_the_tests():
    printed = subprocess.run([sys.executable, "-c", COUNT], cwd=FILE.parents[1], capture_output=True, text=True).stdout
    assert json.loads(printed) == json.loads(FILE.read_text()), "run: python -m book._tools.tried"
