"""MyST as Colab and JupyterLab show it well: what stands in the chapters (see `book/_ext/readable.py`)."""

import re
from functools import cache, partial
from pathlib import Path

import nbformat
import yaml
from pybtex.database import parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

from .._ext.readable import REFERENCES, TIP, as_myst

ROOT = Path(__file__).resolve().parents[2]
BIBLIOGRAPHY = ROOT / "book" / "references.bib"

_ADMONITION = re.compile(
    r"^( *)(`{3,})\{admonition\} ([^\n]+)\n *:class: ([\w ]+)\n(.*?)\n\1\2$", re.MULTILINE | re.DOTALL
)
_MATH = re.compile(r"^```\{math\}\n:label: (eq-[\w-]+)\n+(.*?)\n```$", re.MULTILINE | re.DOTALL)
_LABELLED = re.compile(r"^\$\$\n(.*?)\n\$\$ \((eq-[\w-]+)\)$", re.MULTILINE | re.DOTALL)
_EQ = re.compile(r"\{eq\}`(eq-[\w-]+)`")
_CAPTION = re.compile(r"\A```\{caption\} (fig-[\w-]+)\n(.*)\n```\Z", re.DOTALL)
# As it stands in a page of Markdown, and in the file of a notebook.
_ANY_CAPTION = re.compile(r'^```\{caption\} fig-|<a id=\\"fig-', re.MULTILINE)
_FIGURE = re.compile(r"\{numref\}`(fig-[\w-]+)`")
_CITE = re.compile(r"\{(cite(?::t)?)\}`([\w,-]+)`")


def make_readable(notebook, chapter):
    """Put the Markdown cells of a chapter into this form, and its references at its end.

    Args:
        notebook: as it was read.
        chapter: the name of its file.

    Raises:
        ValueError: if a cell refers to an equation, a figure or a work that there is not.
    """
    notebook.cells = [cell for cell in notebook.cells if cell.id != REFERENCES]
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    texts = [_dollars(as_myst(cell.source)) for cell in prose]
    numbers = elsewhere() | {label: (chapter, number) for label, number in _numbered(texts, chapter).items()}
    cited: set[str] = set()
    for cell, text in zip(prose, texts, strict=True):
        cell.source = _readable(text, chapter, numbers, cited)
    if cited:
        cell = nbformat.v4.new_markdown_cell(_works(cited), id=REFERENCES)
        cell.metadata = {"tags": ["remove-cell"]}
        notebook.cells.append(cell)


@cache
def elsewhere():
    """Equations and figures of all chapters as they are stored: the chapter's file and the number of each, by its label."""
    found = {}
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        texts = [_dollars(as_myst(cell.source)) for cell in cells if cell.cell_type == "markdown"]
        found |= {label: (path.name, number) for label, number in _numbered(texts, path.name).items()}
    return found


def _numbered(texts, chapter):
    """Number equations and figures of one chapter as the site does: the chapter's number, then theirs in their order."""
    equations = [label for text in texts for _, label in _LABELLED.findall(text)]
    figures = [found[1] for text in texts if (found := _CAPTION.match(text))]
    before = f"{_chapters()[chapter]}." if chapter in _chapters() else ""
    numbers = {label: f"{before}{number}" for number, label in enumerate(equations, start=1)}
    return numbers | {label: f"{before}{number}" for number, label in enumerate(figures, start=1 + _earlier(chapter))}


def _earlier(chapter):
    """How many figures there are before a page without a number: the site numbers those of all such pages in one row."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in toc["parts"] if not part.get("numbered")]
    pages = [toc["root"], *(page["file"] for part in parts for page in part["chapters"])]
    files = [next((ROOT / page).parent.glob(f"{Path(page).name}.*")) for page in pages]
    names = [file.name for file in files]
    before = files[: names.index(chapter)] if chapter in names else []
    return sum(len(_ANY_CAPTION.findall(file.read_text(encoding="utf-8"))) for file in before)


@cache
def _chapters():
    """The numbers of the chapters, by their files."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    files = [chapter["file"] for part in parts if part.get("numbered") for chapter in part["chapters"]]
    return {f"{Path(file).name}.ipynb": number for number, file in enumerate(files, start=1)}


def _dollars(text):
    """Equations between dollars, which every notebook knows."""
    return _MATH.sub(lambda found: f"$$\n{found[2].strip()}\n$$ ({found[1]})", text)


def _readable(text, chapter, numbers, cited):
    def equation(found):
        return f'<a id="{found[2]}"></a>\n$$\n{found[1]}\n\\tag{{{numbers[found[2]][1]}}}\n$$'

    def caption(found):
        return f'<a id="{found[1]}"></a>**Figure {numbers[found[1]][1]}.** {found[2]}'

    def reference(found, words):
        if found[1] not in numbers:
            raise ValueError(f"{chapter} refers to {found[1]}, and no chapter has an equation or figure of that name.")
        home, number = numbers[found[1]]
        return f"[{words.format(number)}]({'' if home == chapter else home}#{found[1]})"

    def citation(found):
        keys = found[2].split(",")
        cited.update(keys)
        if found[1] == "cite:t":
            return "; ".join(_link(key, "{authors} ({year})") for key in keys)
        return f"({'; '.join(_link(key, '{authors}, {year}') for key in keys)})"

    text = _ADMONITION.sub(_quoted_or_folded, text)
    text = _LABELLED.sub(equation, text)
    text = _CAPTION.sub(caption, text)
    text = _EQ.sub(partial(reference, words="({})"), text)
    text = _FIGURE.sub(partial(reference, words="Figure {}"), text)
    return _CITE.sub(citation, text)


def _quoted_or_folded(found):
    indent, _, title, kind, body = found.groups()
    if "dropdown" in kind:
        note = ' class="note"' if "note" in kind else ""
        return f"{indent}<details{note}><summary>{title}</summary>\n\n{body}\n\n{indent}</details>"
    if kind != ("tip" if title == TIP else "note"):
        raise ValueError(f"{title!r} is of class {kind}: expected tip for {TIP!r}, and note for the others.")
    return "\n".join(f"> {line}".rstrip() for line in [f"**{title}**", "", *body.split("\n")])


@cache
def _bibliography():
    return parse_file(str(BIBLIOGRAPHY))


def _link(key, form):
    if key not in _bibliography().entries:
        raise ValueError(f"{BIBLIOGRAPHY.name} has no work {key!r}.")
    entry = _bibliography().entries[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [_plain(" ".join([*person.prelast_names, *person.last_names])) for person in people]
    authors = {0: _plain(entry.fields["title"]), 1: names and names[0], 2: " and ".join(names)}.get(len(names))
    return f"[{form.format(authors=authors or f'{names[0]} et al.', year=entry.fields['year'])}](#ref-{key})"


def _works(keys):
    """The works as a list, formatted as on the site's page of references."""
    style = find_plugin("pybtex.style.formatting", "plain")()
    backend = find_plugin("pybtex.backends", "markdown")()
    entries = style.sort([_bibliography().entries[key] for key in keys])
    texts = [style.format_entry("", entry).text.render(backend) for entry in entries]
    # The backend escapes every mark that means something anywhere; in the middle of a line these mean nothing.
    texts = [re.sub(r"\\([-.()!+#])", r"\1", text.replace("\n", " ")) for text in texts]
    works = [f'- <a id="ref-{entry.key}"></a>{text}' for entry, text in zip(entries, texts, strict=True)]
    return "\n".join(["## References", "", *works])


def _plain(text):
    """A field of the bibliography without TeX."""
    return str(Text.from_latex(text))
