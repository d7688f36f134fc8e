"""Chapters are stored as Colab and JupyterLab show them well; the site reads the same cells as MyST.

MyST stands raw where no Sphinx is: solutions open under their questions, citations and equation numbers as code. So
``book/_tools/readable.py`` writes plain Markdown and HTML into the notebooks, and here each form becomes MyST again, whose
numbers, links and bibliography Sphinx makes:

| stored | read as |
|---|---|
| ``<details><summary>Solution</summary>`` … | an admonition that is folded |
| ``> **Predict first**`` … | an admonition |
| ``<a id="eq-kl"></a>``, ``$$ … \\tag{3.2} $$`` | an equation with a label |
| ``[(3.2)](distillation.ipynb#eq-kl)`` | ``{eq}`eq-kl` `` |
| ``<a id="fig-pull"></a>**Figure 3.2.** …``, in a cell of its own | a caption (`book/_ext/captions.py`) |
| ``[Figure 3.2](distillation.ipynb#fig-pull)`` | ``{numref}`fig-pull` `` |
| ``([Hinton *et al.*, 2015](#ref-hinton2015distilling))`` | ``{cite}`hinton2015distilling` `` |
"""

import json
import re

# The title of the admonitions that are tips; the others are notes.
TIP = "Predict first"
# The cell with the works that a chapter cites; the site has a page of them.
REFERENCES = "references"

_LINK = r"\[[^\]\n]+\]\(#ref-[\w-]+\)"
_CITATIONS = re.compile(rf"\(({_LINK}(?:;\s{_LINK})*)\)")
_CITATION = re.compile(_LINK)
_KEY = re.compile(r"\(#ref-([\w-]+)\)")
_REFERENCE = re.compile(r"\[\([\d.]+\)\]\((?:[\w-]+\.ipynb)?#(eq-[\w-]+)\)")
_EQUATION = re.compile(r'^<a id="(eq-[\w-]+)"></a>\n\$\$\n(.*?)\n\\tag\{[\d.]+\}\n\$\$$', re.MULTILINE | re.DOTALL)
_FIGURE = re.compile(r"\[Figure [\d.]+\]\((?:[\w-]+\.ipynb)?#(fig-[\w-]+)\)")
_CAPTION = re.compile(r'\A<a id="(fig-[\w-]+)"></a>\*\*Figure [\d.]+\.\*\* (.*)\Z', re.DOTALL)
_FOLDED = re.compile(
    r'^( *)<details( class="note")?><summary>([^<\n]+)</summary>\n\n(.*?)\n\n\1</details>$', re.MULTILINE | re.DOTALL
)
# What a reader will be able to do, at the head of a chapter.
_AIMS = re.compile(r"^(\*\*You will be able to\*\*\n\n(?:(?:- |  ).+\n?)+)", re.MULTILINE)
_ASIDE = re.compile(r"^> \*\*([^*\n]+)\*\*\n>\n((?:>.*(?:\n|\Z))+)", re.MULTILINE)


def as_myst(text: str) -> str:
    """A cell as MyST, whichever of the two forms it has."""
    text = _CITATIONS.sub(lambda found: _cite("cite", found), text)
    text = _CITATION.sub(lambda found: _cite("cite:t", found), text)
    text = _REFERENCE.sub(r"{eq}`\1`", text)
    text = _FIGURE.sub(r"{numref}`\1`", text)
    text = _CAPTION.sub(r"```{caption} \1\n\2\n```", text)
    text = _EQUATION.sub(lambda found: f"$$\n{found[2]}\n$$ ({found[1]})", text)
    text = _FOLDED.sub(_folded, text)
    return _ASIDE.sub(_aside, text)


def _cite(role, found):
    return f"{{{role}}}`{','.join(_KEY.findall(found[0]))}`"


def _folded(found):
    indent, note, title, body = found.groups()
    return _admonition(indent, title, "note dropdown" if note else "dropdown", body)


def _aside(found):
    title, body = found.groups()
    lines = "\n".join(line.removeprefix(">").removeprefix(" ") for line in body.removesuffix("\n").split("\n"))
    end = "\n" if body.endswith("\n") else ""
    return _admonition("", title, "tip" if title == TIP else "note", lines) + end


def _admonition(indent, title, kind, body):
    fence = "````" if "```" in body else "```"
    return f"{indent}{fence}{{admonition}} {title}\n{indent}:class: {kind}\n{body}\n{indent}{fence}"


def read_as_myst(app, docname, source):
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _AIMS.sub(r":::{container} sg-aims\n\1\n:::", as_myst("".join(cell["source"])))
    source[0] = json.dumps(notebook)


def setup(app):
    app.connect("source-read", read_as_myst)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
