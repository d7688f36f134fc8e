"""The package as pip sees it: what it carries, and what installing it would replace."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a Colab machine has before the first cell runs, as far as the book's packages meet it; in two ages, because Colab
# moves on and nobody is asked. The versions are Colab's choice; that ours must admit them is the point.
COLAB = {
    "older": {
        "torch": "2.4.1+cu121",
        "torchvision": "0.19.1+cu121",
        "numpy": "1.26.4",
        "tqdm": "4.66.5",
        "scikit-learn": "1.3.2",
        "ipywidgets": "7.7.1",
        "plotly": "5.24.1",
        "anywidget": "0.9.13",
        "scipy": "1.15.3",
        "pillow": "11.2.1",
        "safetensors": "0.4.5",
    },
    "newer": {
        "torch": "2.12.1+cu130",
        "torchvision": "0.27.1+cu130",
        "numpy": "2.4.6",
        "tqdm": "4.70.1",
        "scikit-learn": "1.9.1",
        "ipywidgets": "8.1.9",
        "plotly": "7.1.0",
        "anywidget": "0.11.0",
        "scipy": "1.17.1",
        "pillow": "13.0.0",
        "safetensors": "0.8.0",
    },
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def _machine(folder, packages):
    """The interpreter of an environment in which some packages stand, by name and version."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}, scheme="venv"))
    for name, version in packages.items():
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text("")
    return folder / "bin" / "python"


@pytest.mark.parametrize("age", COLAB)
def test_installing_in_colab_replaces_nothing(wheel, tmp_path, age):
    python = _machine(tmp_path / "colab", COLAB[age])
    # Without an index, anything that pip wanted to fetch or replace would be an error.
    pip = [
        sys.executable,
        "-m",
        "pip",
        f"--python={python}",
        "install",
        "--dry-run",
        "--no-index",
        "--quiet",
        "--report",
        "-",
    ]
    done = subprocess.run([*pip, f"sgutils[book] @ {wheel.as_uri()}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [item["metadata"]["name"] for item in json.loads(done.stdout)["install"]] == ["sgutils"]


def test_a_machine_for_training_needs_torch_numpy_and_tqdm_alone(wheel, tmp_path):
    python = _machine(tmp_path / "gpu", {name: COLAB["newer"][name] for name in ("torch", "numpy", "tqdm")})
    pip = [
        sys.executable,
        "-m",
        "pip",
        f"--python={python}",
        "install",
        "--dry-run",
        "--no-index",
        "--quiet",
        "--report",
        "-",
    ]
    done = subprocess.run([*pip, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_wheel_carries_what_ships_with_the_book(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {path.relative_to(ROOT / "data").as_posix() for path in _tracked("data")}
    assert {f"sgutils/_data/{name}" for name in data} <= names
    package = {path.relative_to(ROOT).as_posix() for path in _tracked("sgutils")}
    assert package <= names
    assert not any(name.startswith(("tests/", "book/")) for name in names)


def test_what_an_installed_package_measures_is_among_its_results(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "desk").mkdir()

    def say(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "sgutils", *arguments],
            cwd=tmp_path / "desk",
            env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    folder = tmp_path / "site" / "sgutils" / "_data" / "results"
    shipped = len(list(folder.glob("*.json")))
    assert say("results") == f"Runs read from {folder}: {shipped}."
    assert say("reproduce", "live-network", "--scale", "smoke", "--seeds", "1").startswith(
        "2 runs added to data/results, "
    )
    assert say("results") == f"Runs read from {folder} and {tmp_path / 'desk' / 'data' / 'results'}: {shipped + 2}."


def _tracked(folder):
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name]
