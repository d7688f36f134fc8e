"""The API reference, made from the docstrings of `sgutils` without importing torch: the site is built without it.

A page says which names it shows, and where the book explains them::

    ```{api} linear_decay sample_gates
    :chapter: stochastic-depth
    ```

Each becomes a heading of its own with its signature and its docstring, read from the source as text.
"""

import ast
import inspect
import re
import sys
from pathlib import Path

from sphinx.ext.napoleon import Config as NapoleonConfig
from sphinx.ext.napoleon import GoogleDocstring

PACKAGE = Path(__file__).resolve().parents[2] / "sgutils"
sys.path.insert(0, str(PACKAGE.parent))
from sgutils import _HOME  # noqa: E402

BLOCK = re.compile(r"^```\{api\} (?P<names>[^\n]+)\n:chapter: (?P<chapter>[\w-]+)\n```$", re.MULTILINE)
STYLE = NapoleonConfig(napoleon_use_param=True, napoleon_use_rtype=False, napoleon_use_ivar=True)
CALLED = (ast.FunctionDef, ast.AsyncFunctionDef)


def definition(name: str) -> tuple[ast.AST, str]:
    """The statement that defines ``sg.name``, and the module in which it stands."""
    return _defined_in(_file(_HOME[name].split(".")), name)


def _file(parts: list[str]) -> Path:
    path = PACKAGE.joinpath(*parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _defined_in(file: Path, name: str) -> tuple[ast.AST, str]:
    """Found in the file itself, or in the one from which it imports the name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, (*CALLED, ast.ClassDef)) and node.name == name:
            return node, ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            folder = file.parent.joinpath(*[".."] * (node.level - 1)).resolve()
            parts = [*folder.relative_to(PACKAGE).parts, *(node.module or "").split(".")]
            return _defined_in(_file([part for part in parts if part]), name)
    raise LookupError(f"sg.{name} is not a function or a class that {file} defines or imports.")


def signature(node: ast.AST) -> str:
    """A function's arguments, or those with which a class is made, as they are written."""
    if isinstance(node, ast.ClassDef):
        made = next((n for n in node.body if isinstance(n, CALLED) and n.name == "__init__"), None)
        if made is None:
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign) and not _private(n.target.id)]
            return f"({', '.join(n.target.id for n in fields)})"
        node = made
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^self(, )?", "", arguments)
    returns = (
        f" -> {ast.unparse(node.returns).strip(chr(39))}"
        if node.returns is not None and node.name != "__init__"
        else ""
    )
    return f"({arguments}){returns}"


def reference(name: str, chapter: str, title: str) -> str:
    """reStructuredText of one entry."""
    node, module = definition(name)
    kind = "class" if isinstance(node, ast.ClassDef) else "function"
    lines = [f".. py:{kind}:: sgutils.{name}{signature(node)}", f"   :canonical: {module}.{name}", ""]
    lines += _indented(docstring(node, kind))
    lines += ["", f"   Its subject is explained in :doc:`{title} <{chapter}>`.", ""]
    if kind == "class":
        for part in node.body:
            if isinstance(part, CALLED) and not _private(part.name) and ast.get_docstring(part):
                decorations = {ast.unparse(d) for d in part.decorator_list}
                role = "attribute" if "property" in decorations else "method"
                lines += [f"   .. py:{role}:: {part.name}{'' if role == 'attribute' else signature(part)}"]
                lines += [f"      :{d}:" for d in sorted(decorations & {"classmethod", "staticmethod"})]
                lines += ["", *_indented(docstring(part, role), 6), ""]
    return "\n".join(lines)


def docstring(node: ast.AST, kind: str) -> list[str]:
    """Its docstring in reStructuredText, its sections as field lists."""
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    if not text:
        raise LookupError(f"{node.name} has no docstring, and the reference shows it.")
    return str(GoogleDocstring(text, STYLE, what=kind)).splitlines()


def _indented(lines: list[str], by: int = 3) -> list[str]:
    return [" " * by + line if line else "" for line in lines]


def _private(name: str) -> bool:
    return name.startswith("_")


def write_reference(app, docname, source):
    """Put the entries into a page that asks for them."""

    def entries(found: re.Match) -> str:
        chapter = found["chapter"]
        app.env.note_dependency(str(PACKAGE / "__init__.py"))
        title = _title(app, f"book/{chapter}")
        # A name in single backquotes, as the docstrings write it, is a link where this page has its entry.
        head = ["```{eval-rst}", ".. default-role:: py:obj", ""]
        return "\n\n".join(
            "\n".join([*head, reference(name, chapter, title), "```"]) for name in found["names"].split()
        )

    source[0] = BLOCK.sub(entries, source[0])


def _title(app, docname: str) -> str:
    """The first heading of a chapter."""
    text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
    return re.search(r'^\s*"?# (.+?)(?:\\n)?"?,?$', text, re.MULTILINE).group(1)


def setup(app):
    app.connect("source-read", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
