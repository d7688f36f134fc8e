"""Defaults as the code's signatures state them, read as text: importing the code would need torch, and the site is built without."""

import ast
import functools
from pathlib import Path

from ..errors import InputError

_PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def method_defaults(method: str) -> dict:
    """A method's options with their defaults; none of a method that is not one of this package's."""
    for file in sorted((_PACKAGE / "methods").glob("*.py")):
        for node in _statements(file, ast.ClassDef):
            if method in [ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg == "name"]:
                made = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
                pairs = zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True) if made else ()
                return {name.arg: _value(value, file) for name, value in pairs if value and name.arg != "seed"}
    return {}


@functools.cache
def config_defaults() -> dict:
    """The fields of `Config` with their defaults, the paper's recipe; without ``options``, which are a method's."""
    (config,) = (
        node for node in _statements(_PACKAGE / "training" / "config.py", ast.ClassDef) if node.name == "Config"
    )
    found = {}
    for node in config.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Call):
            for keyword in node.value.keywords:
                if keyword.arg == "default":
                    found[node.target.id] = ast.literal_eval(keyword.value)
    return found


def _value(default: ast.expr, file: Path):
    """What a default stands for, which must be seen without running the file."""
    try:
        return ast.literal_eval(default)
    except ValueError:
        raise InputError(
            f"{file}, line {default.lineno}: the default of a method's option must be written as a value, such as 3.0, but "
            f"it is {ast.unparse(default)}."
        ) from None


def _statements(file: Path, kind: type) -> list:
    return [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, kind)]
