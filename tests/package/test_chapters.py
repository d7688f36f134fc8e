"""The chapters as files: what a reader of the repository, of the site and of Colab relies on."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
import yaml

from book._tools.notebooks import chapters, normalise, stamp, written_address

ROOT = Path(__file__).resolve().parents[2]

LONGEST_CELL = 25
# Where checkouts and temporary files lie on the systems that people use.
MACHINES = ("home", "root", "Users", "tmp", "var", "work", "workspace", "builds", "mnt", "content", "opt")
HEAVIEST = 1_000_000  # bytes

pytestmark = pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)


def _read(path):
    return nbformat.read(path, as_version=4)


def test_it_is_in_its_normal_form(path):
    notebook = _read(path)
    normal = copy.deepcopy(notebook)
    stamp(normal, path.relative_to(ROOT).as_posix(), written_address())
    normalise(normal)
    assert normal == notebook, (
        "run `make stamp` (or, where its cells changed, `make notebooks ONLY=...`) and commit what it changes"
    )


def test_it_was_run_to_the_end_without_an_error(path):
    for cell in _read(path).cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            kinds = [output.get("name", output.output_type) for output in cell.outputs]
            assert "error" not in kinds and "stderr" not in kinds, cell.source


def test_its_cells_are_short(path):
    for cell in _read(path).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source


def test_its_pictures_have_words(path):
    for cell in _read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.findall(r"!\[\s*\]\(", cell.source), cell.source
            assert all("alt=" in image for image in re.findall(r"<img\b[^>]*>", cell.source)), cell.source
            for figure in re.findall(r"```\{(?:figure|image)\}.*?```", cell.source, re.DOTALL):
                assert ":alt:" in figure, figure
        kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
        if kinds & {"image/png", "image/jpeg", "image/svg+xml"}:
            # The page takes an output image's words from here.
            assert cell.metadata.get("mystnb", {}).get("image", {}).get("alt"), cell.source


def test_it_opens_with_a_title_and_a_question_and_ends_with_exercises_and_a_summary(path):
    cells = [cell.source for cell in _read(path).cells if cell.cell_type == "markdown"]
    assert cells[0].startswith("# ")
    assert "?" in cells[0]
    headings = [line for cell in cells for line in cell.splitlines() if line.startswith("## ")]
    assert any(heading.startswith("## Exercises") for heading in headings)
    assert any(heading.startswith("## Summary") for heading in headings)


def test_it_says_at_its_head_what_a_reader_will_be_able_to_do(path):
    opening = next(cell.source for cell in _read(path).cells if cell.cell_type == "markdown")
    said = re.search(r"\n\n\*\*You will be able to\*\*\n\n((?:- .+\n?(?:  .+\n?)*)+)\Z", opening)
    assert said, "after the question: **You will be able to**, and two to four points"
    points = re.split(r"\n(?=- )", said[1].strip())
    assert 2 <= len(points) <= 4
    assert all(point.endswith(";") for point in points[:-1]) and points[-1].endswith(".")


def test_its_written_tables_are_read_as_tables(path):
    for cell in _read(path).cells:
        for output in cell.get("outputs", []):
            if re.search(r"^\| ?-{3}", "".join(output.get("data", {}).get("text/markdown", "")), re.MULTILINE):
                form = cell.metadata.get("mystnb", {}).get("markdown_format")
                assert form == "myst", f"give the cell the metadata mystnb: markdown_format: myst\n{cell.source}"


def test_it_names_no_folder_of_the_machine_that_ran_it(path):
    folders = re.findall(r"(?<![\w.:/])/(?!path/to/)(?:[\w.-]+/){2,}", path.read_text(encoding="utf-8"))
    assert not [folder for folder in folders if folder.split("/")[1] in MACHINES], folders


def test_it_stands_in_the_table_of_contents(path):
    assert path.relative_to(ROOT).with_suffix("").as_posix() in str(yaml.safe_load((ROOT / "_toc.yml").read_text()))


def test_it_is_light(path):
    assert path.stat().st_size < HEAVIEST
