"""The exercises in code as they stand in the chapters: what a reader begins with, and what is folded away below it."""

import ast
import contextlib
import inspect
import io
import re
from pathlib import Path

import nbformat
import pytest

from sgutils.exercises import chapters
from sgutils.exercises.chapters import solutions

ROOT = Path(__file__).resolve().parents[2]

CHAPTERS = {
    "should-i-use-it": "gap",
    "residual-networks": "open_paths",
    "stochastic-depth": "fold",
    "distillation": "distillation_loss",
    "online-distillation": "peers_loss",
    "self-guidance": "students_loss",
    "ablations": "corrected",
    "feature-space": "linear_cka",
    "facial-expressions": "wilson",
    "full-training": "accumulate",
    "your-own": "run_gated",
    "beyond": "verified",
    "paper-and-measurement": "interval",
    "speed": "speedup",
}


@pytest.fixture
def said(capsys):
    def run(name, answer):
        getattr(chapters, f"check_{name}")(answer)
        return capsys.readouterr().out.strip()

    return run


def test_every_exercise_stands_in_a_chapter():
    assert {f"check_{name}" for name in CHAPTERS.values()} == set(chapters.__all__)


def cells(chapter):
    return {cell.id: cell for cell in nbformat.read(ROOT / "book" / f"{chapter}.ipynb", as_version=4).cells}


@pytest.mark.parametrize(("chapter", "name"), CHAPTERS.items())
def test_the_chapter_begins_the_function_and_says_that_it_is_not_written_yet(chapter, name):
    starter = cells(chapter)["exercise-code"]
    scope = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(starter.source, scope)
    assert starter.source.endswith(f"check_{name}({name})") and name in scope
    assert ": not yet. " in printed.getvalue() and "yet: " in printed.getvalue() and printed.getvalue().count("\n") == 1
    assert "".join(output.text for output in starter.outputs) == printed.getvalue()


@pytest.mark.parametrize(("chapter", "name"), CHAPTERS.items())
def test_the_function_takes_no_other_cells_name(chapter, name):
    others = [
        cell.source for id_, cell in cells(chapter).items() if cell.cell_type == "code" and id_ != "exercise-code"
    ]
    used = "\n".join(source for source in others if "%pip" not in source)
    assert name not in {word.id for word in ast.walk(ast.parse(used)) if isinstance(word, ast.Name)}


@pytest.mark.parametrize(("chapter", "name"), CHAPTERS.items())
def test_what_the_chapter_folds_away_is_the_solution_and_is_right_there(said, chapter, name):
    ids = list(known := cells(chapter))
    folded = known["exercise-solution"].source
    assert ids.index("exercise-solution") == ids.index("exercise-code") + 1 and folded.startswith(
        "<details><summary>Solution"
    )
    (code,) = re.findall(r"~~~python\n(.*?)\n~~~", folded, re.DOTALL)
    assert code == inspect.getsource(getattr(solutions, name)).rstrip()
    # With what the starter's cell imports, and nothing else of the chapter, it runs.
    scope = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(known["exercise-code"].source, scope)
    exec(code, scope)
    assert said(name, scope[name]).endswith(": right.")
