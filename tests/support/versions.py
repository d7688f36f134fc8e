"""Run the chapters, strictly, and the quick tests at other versions than the locked ones: `make versions`.

Each set of versions has an environment of its own in `.versions`, so that nothing else is changed. What failed is in the
output of pytest, and the exit status is 1.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Of each set: the Python, and what tells uv which versions to take.
SETS = {
    "lowest": ("3.11", ["--resolution", "lowest-direct"]),
    "colab": ("3.13", ["--constraint", "tests/versions/colab.txt"]),
    "newest": ("3.13", []),
}
# The kernel, the test tools, and what the quick tests import besides.
TOOLS = [
    "hatchling",
    "editables",
    "hypothesis",
    "ipykernel",
    "nbval",
    "onnxruntime",
    "pytest",
    "pytest-xdist",
    "pyyaml",
    "sphinx",
    "tensorboard",
]


def prepare(name: str) -> Path:
    """The interpreter of the environment of a set, made or brought up to date."""
    version, choice = SETS[name]
    uv, folder = Path(sys.executable).with_name("uv"), ROOT / ".versions" / name
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--no-config", "--quiet", "--python", version, folder], cwd=ROOT, check=True)
    # Without the project's own configuration, which holds torch at the locked version.
    install = [uv, "pip", "install", "--no-config", "--quiet", "--python", python]
    subprocess.run([*install, *choice, "--editable", ".[book,tsne,timm,export]"], cwd=ROOT, check=True)
    # What stands already is kept where the tools admit it.
    subprocess.run([*install, *(choice if "--constraint" in choice else []), *TOOLS], cwd=ROOT, check=True)
    return python


def run(name: str) -> bool:
    """Whether the chapters and the quick tests pass at the versions of a set."""
    python = prepare(name)
    print(f"{name}: " + subprocess.check_output([python, "-c", VERSIONS], text=True).strip(), flush=True)
    pytest = [python, "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadfile", "-p", "no:cacheprovider"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    chapters = subprocess.run([*pytest, "--nbval", "book"], cwd=ROOT, env=environment)
    tests = subprocess.run([*pytest, "-m", "not slow", "tests/unit"], cwd=ROOT, env=environment)
    return chapters.returncode == tests.returncode == 0


VERSIONS = """
import platform
from importlib.metadata import version
names = "torch", "torchvision", "numpy", "ipywidgets", "anywidget", "plotly", "ipython", "timm"
print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in names), sep=", ")
"""

if __name__ == "__main__":
    results = {name: run(name) for name in sys.argv[1:] or SETS}
    failed = [name for name, passed in results.items() if not passed]
    sys.exit(f"Failed at these versions: {', '.join(failed)}." if failed else 0)
