"""What importing loads: a bare GPU machine has torch, numpy and tqdm, and nothing of a notebook."""

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Hides whatever is installed but this package and what three others need.
BARE = """
import re, sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

needed, queue = set(), ["torch", "numpy", "tqdm"]
while queue:
    name = re.match(r"[A-Za-z0-9._-]+", queue.pop())[0].lower().replace("_", "-")
    if name in needed:
        continue
    needed.add(name)
    try:
        queue += [line for line in requires(name) or [] if "extra ==" not in line]
    except PackageNotFoundError:
        pass
installed = packages_distributions()
allowed = {module for module, names in installed.items() if {n.lower().replace("_", "-") for n in names} & needed}
hidden = set(installed) - allowed - {"sgutils"}

class Bare:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in hidden else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Bare(finder) for finder in sys.meta_path]
"""


def _python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def test_importing_sgutils_loads_nothing_heavy():
    done = _python("import sys, sgutils; print(*sorted({name.split('.')[0] for name in sys.modules}))")
    assert done.returncode == 0, done.stderr
    heavy = {"torch", "torchvision", "numpy", "IPython", "ipywidgets", "anywidget", "plotly", "sklearn", "scipy"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("module", ["training", "methods", "results", "data", "cli"])
def test_training_needs_only_torch_numpy_and_tqdm(module):
    done = _python(f"{BARE}\nimport sgutils.{module}")
    assert done.returncode == 0, done.stderr


def test_the_bare_machine_is_bare():
    assert "No module named 'plotly'" in _python(f"{BARE}\nimport plotly").stderr


def test_the_site_is_built_without_torch():
    barest = BARE.replace('["torch", "numpy", "tqdm"]', "[]")
    done = _python(f"{barest}\nfrom sgutils.widgets import bundle\nbundle.stylesheet()")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("dataset", "status", "words"), [("fashion-mnist", 0, "Test error"), ("digits", 2, "pip install")]
)
def test_a_bare_machine_trains_and_a_missing_library_is_one_sentence(dataset, status, words, tmp_path):
    arguments = f"train --dataset {dataset} --model resnet20 --train-examples 20 --test-examples 20 --epochs 1".split()
    done = _python(
        f"{BARE}\nfrom sgutils.cli import main\nsys.exit(main({[*arguments, '--out', str(tmp_path / 'run')]}))"
    )
    assert done.returncode == status and words in done.stdout + done.stderr and "Traceback" not in done.stderr


# Each part of the package imports from those before it alone, and from itself.
ORDER = (
    *("errors", "checks", "devices", "drawing", "colors", "folders", "files", "own_modules", "_lazy", "_renamed"),
    *("gates", "losses", "networks", "methods", "data", "training", "results"),
    *("features", "page_network", "export", "plots", "exercises", "widgets", "commands", "cli"),
)


def test_dependencies_point_one_way():
    for path in (ROOT / "sgutils").rglob("*.py"):
        *folders, file = path.relative_to(ROOT / "sgutils").with_suffix("").parts
        own = (*folders, file)[0]
        if own in ("__init__", "__main__"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing = [
            node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ]
        of_types = {inner for node in typing for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level and node not in of_types:
                where = [*folders[: len(folders) - node.level + 1], *(node.module or "").split(".")]
                for target in [where[0]] if where[0] else [name.name for name in node.names]:
                    assert ORDER.index(target) <= ORDER.index(own), f"{path} imports {target}"


def test_every_name_of_the_package_that_its_text_points_to_exists():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "sgutils").rglob("*.py")]
    names = {name for text in texts for name in re.findall(r"`(sgutils(?:\.\w+)+)", text)}
    assert len(names) > 20
    for name in names:
        pkgutil.resolve_name(name)
