"""Counts what the tests try to break, for the page that says so: ``python -m book._tools.tried``.

A test that tries to break something is marked ``tried(what, outcome)``. A case of Hypothesis, or a case of a parametrised
test, counts once; ``times`` says how many attempts another test makes. Nothing runs here: that all of them pass, `make test` says.
"""

import contextlib
import io
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "book" / "tried.json"


class Counter:
    """What pytest tells of the tests that it has collected, gathered by what they try."""

    def __init__(self):
        self.found = {}

    def pytest_collection_finish(self, session):
        for item in session.items:
            for mark in item.iter_markers("tried"):
                self._add(*mark.args, mark.kwargs.get("times") or _cases(item.function))

    def _add(self, what, outcome, times):
        row = self.found.setdefault((what, outcome), {"what": what, "outcome": outcome, "times": 0})
        row["times"] += times


def _cases(function):
    settings = getattr(function, "_hypothesis_internal_use_settings", None)
    return settings.max_examples if settings else 1


def count() -> list[dict]:
    """What is tried, how often and what must come of it; the most frequent first."""
    counter = Counter()
    files = [str(path) for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.tried(" in path.read_text()]
    with contextlib.redirect_stdout(io.StringIO()):
        status = pytest.main(["--collect-only", "-qq", *files], plugins=[counter])
    if status != pytest.ExitCode.OK:
        raise SystemExit("The tests could not be collected: run pytest --collect-only tests to see why.")
    return sorted(counter.found.values(), key=lambda row: (-row["times"], row["what"]))


if __name__ == "__main__":
    FILE.write_text(json.dumps(count(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
