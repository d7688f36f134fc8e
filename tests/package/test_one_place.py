"""What is said once: the repository's address, and each colour."""

import re
import subprocess
import tomllib
from pathlib import Path

from sgutils.colors import NEUTRALS, ROLES

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COLOR = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b(?=[\s\"';,)])")


def _tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listed.split("\0") if name]


def _text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_repository_address_is_written_once():
    slug = PYPROJECT["project"]["urls"]["Repository"].split("github.com/")[1]
    holders = {
        name
        for name in _tracked("*.py", "*.md", "*.yml", "*.toml", "*.cff", "*.css", "*.js", "Makefile")
        if slug in _text(name)
    }
    assert holders == {"pyproject.toml"}  # the chapters carry it too, written there by `make stamp` from pyproject.toml


def test_each_colour_is_written_once():
    values = {value.lower() for color in {**ROLES, **NEUTRALS}.values() for value in color}
    holders = {
        name
        for name in _tracked("*.py", "*.js", "*.css", "*.md", "*.ipynb")
        if not name.startswith("book/_vendor/") and any(value in _text(name).lower() for value in values)
    }
    # A chapter's figures hold what plotly drew them with in a kernel.
    assert {name for name in holders if not name.endswith(".ipynb")} == {"sgutils/colors.py"}


def test_no_style_or_script_has_a_colour_of_its_own():
    own = {
        name: COLOR.findall(_text(name))
        for name in _tracked("sgutils/*.js", "sgutils/*.css", "book/_static/*.js", "book/_static/*.css")
    }
    # site.css alone names one: the paper of the page, which belongs to the site and not to the pictures on it.
    own["book/_static/site.css"] = [value for value in own["book/_static/site.css"] if value not in ("#fff", "#14181d")]
    assert {name: found for name, found in own.items() if found} == {}


def test_the_icon_wears_the_colours_of_the_book():
    values = {value.lower() for color in ROLES.values() for value in color}
    assert set(COLOR.findall(_text("book/_static/favicon.svg"))) <= values


def test_every_wanted_package_is_pinned_and_no_address_is():
    lock = _text("requirements.txt")
    assert "://" not in lock
    pinned = {match[1].lower().replace("_", "-") for match in re.finditer(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    project = PYPROJECT["project"]
    wanted = [
        *project["dependencies"],
        *sum(project["optional-dependencies"].values(), []),
        *sum(PYPROJECT["dependency-groups"].values(), []),
    ]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in wanted if isinstance(line, str)}
    assert names - pinned == {"sgutils"}


def test_every_file_that_is_installed_has_a_hash_in_the_lock():
    for name, hashes in _locked(_text("requirements.txt")).items():
        assert hashes, f"{name} has no hash: run make lock"


def test_the_lock_for_processors_differs_in_torch_alone(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text(_text("requirements.txt"))
    subprocess.run([ROOT / ".ci" / "cpu-lock", lock], check=True)
    before, after = _locked(_text("requirements.txt")), _locked(lock.read_text())
    gone = before.keys() - after.keys()
    assert gone and all(re.match("(cuda|nvidia|triton)", name) for name in gone)
    assert {name for name, hashes in after.items() if hashes != before[name]} == {"torch", "torchvision"}
    assert not after["torch"] and not after["torchvision"]


def _locked(lock):
    """The hashes of each package of a lock."""
    blocks = re.findall(r"^([A-Za-z0-9._-]+)==[^\n]*\n((?:    --hash=.*\n)*)", lock, re.MULTILINE)
    return {name: re.findall(r"--hash=(sha256:[0-9a-f]{64})", hashes) for name, hashes in blocks}


def test_no_path_of_a_machine_is_committed():
    for name in _tracked("*.py", "*.md", "*.yml", "*.toml", "*.ipynb", "*.json", "Makefile"):
        assert not re.search(r"(?:/home/|/root/|/Users/|/tmp/)[\w.-]+", _text(name)), name
