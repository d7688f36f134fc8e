"""Predictions: a question of class ``Predict first`` and the folded answer below it, which the page makes one form of.

Stored, and read without scripts, is plain Markdown. A question has choices, each answered with Yes or No and why, or asks for
a number (to as many digits as the ends have), with which its answer begins; a full stop, a colon or a comma parts it and its unit from
the rest, because the page gives the number in its verdict and begins the explanation with the explanation::

    > **Predict first**                      > **Predict first**
    >                                        >
    > Who teaches?                           > How many of its blocks does a student run?
    >                                        >
    > 1. The full network.                   > A number from 0 to 100 %.
    > 2. A student.
                                             <details class="answer" id="blocks"><summary>Answer</summary>
    <details class="answer" id="who"><summary>Answer</summary>
                                             **73** %: the first ones nearly always.
    1. **Yes.** It runs every block.
    2. **No.** A student listens.            - *Lower:* The last block still runs in every second student.
                                             - *Higher:* Then hardly anything would be skipped.
    </details>
                                             </details>

``_static/predict.js`` keeps the answer until a reader commits. A slider has no value before it is moved, so nobody commits to where
it happened to lie. A number that the chapter measured is not typed: behind it
stands, in a comment, the cell that printed it and where, and ``book/_tools/notebooks.py`` puts it there.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

QUESTION = re.compile(r"^> \*\*Predict first\*\*\n>\n((?:>.*\n)+)", re.MULTILINE)
ANSWER = re.compile(
    r'\n<details class="answer" id="([\w-]+)"><summary>Answer</summary>\n\n(.*?)\n\n</details>$',
    re.MULTILINE | re.DOTALL,
)
_CHOICE = re.compile(r"^(\d)\. (.+(?:\n   .+)*)", re.MULTILINE)
_REASON = re.compile(r"\*\*(Yes|No)\.\*\* ")
_RANGE = re.compile(r"^A number from ([\d,.]+) to ([\d,.]+)(?: (.+?))?\.$", re.MULTILINE)
_TRUTH = re.compile(r"\A\*\*([\d,.]+)\*\*(?:<!-- .+? -->)?(.*?)[.:,]\s")
_ASIDE = re.compile(r"^- \*(Lower|Higher):\* (.+(?:\n  .+)*)", re.MULTILINE)
# A number between stars, and the cell and the place in what it printed where it stands.
_QUOTED = re.compile(r"\*\*[^*\n]+\*\*<!-- ([\w-]+): (.+?) -->")
_FOLDED_OUTPUT = re.compile(r'<details class="admonition hide (?:below-input|above-output)">.*?</summary>', re.DOTALL)


class Prediction(NamedTuple):
    name: str
    choices: dict[int, str]
    reasons: dict[int, str]  # why each is right or wrong
    right: int | None
    span: tuple[float, float] | None  # of a number
    truth: float | None


def predictions(text: str) -> list[Prediction]:
    """The predictions of a chapter's Markdown.

    Raises:
        ValueError: if a question has no answer that fits it.
    """
    found = []
    for question in QUESTION.finditer(text):
        answer = ANSWER.match(text, question.end())
        if not answer:
            raise ValueError(f"No folded answer stands below the question {question[0]!r}.")
        name, body = answer.groups()
        asked = "\n".join(line.removeprefix(">").removeprefix(" ") for line in question[1].splitlines())
        made = _number(name, asked, body) if _RANGE.search(asked) else _choice(name, asked, body)
        if not made:
            raise ValueError(f"The answer {name!r} does not fit its question: book/_ext/predict.py says how.")
        found.append(made)
    return found


def _choice(name, asked, body):
    choices = {int(number): text for number, text in _CHOICE.findall(asked)}
    reasons = {int(number): text for number, text in _CHOICE.findall(body)}
    right = [number for number, text in reasons.items() if text.startswith("**Yes.** ")]
    explained = all(_REASON.match(text) for text in reasons.values())
    if len(choices) < 2 or list(choices) != list(reasons) or len(right) != 1 or not explained:
        return None
    return Prediction(name, choices, reasons, right[0], None, None)


def _number(name, asked, body):
    low, high, unit = _RANGE.search(asked).groups()
    asides = dict(_ASIDE.findall(body))
    truth = _TRUTH.match(body)
    if (
        set(asides) != {"Lower", "Higher"}
        or not truth
        or truth[2].strip() not in ("", unit)
        or not _as_number(low) <= _as_number(truth[1]) <= _as_number(high)
    ):
        return None
    return Prediction(name, {}, asides, None, (_as_number(low), _as_number(high)), _as_number(truth[1]))


def _as_number(text):
    return float(text.replace(",", ""))


def quote_numbers(notebook) -> None:
    """Write into the chapter's text the numbers that its cells printed.

    Raises:
        ValueError: if a cell is not there or printed nothing of the kind.
    """
    printed = {cell.id: _printed(cell) for cell in notebook.cells if cell.cell_type == "code"}

    def quoted(found):
        place = re.search(found[2], printed.get(found[1], ""))
        if not place:
            raise ValueError(f"Cell {found[1]!r} printed nothing like {found[2]!r}.")
        return f"**{place[1]}**<!-- {found[1]}: {found[2]} -->"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _QUOTED.sub(quoted, cell.source)


def _printed(cell):
    kinds = ("text/plain", "text/markdown")
    return "\n".join(
        output.get("text", "") + "\n".join(output.get("data", {}).get(kind, "") for kind in kinds)
        for output in cell.outputs
    )


def count(app):
    """How many predictions each chapter asks for, for the marks in the table of contents."""
    app.sg_predictions = {
        path.stem: number
        for path in sorted(Path(app.srcdir, "book").glob("*.ipynb"))
        if (number := len(ANSWER.findall(_prose(json.loads(path.read_text(encoding="utf-8"))))))
    }


def _prose(notebook):
    return "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def add_script(app, pagename, templatename, context, doctree):
    # What a cell printed is no code, where it alone is folded.
    context["body"] = _FOLDED_OUTPUT.sub(
        lambda found: found[0].replace("the code of ", "").replace("the code", "the result"), context.get("body", "")
    )
    counts = " ".join(f"{name}:{number}" for name, number in app.sg_predictions.items())
    static = context["pathto"]("_static", 1)
    context["metatags"] = (
        f"{context.get('metatags', '')}"
        f'<meta name="sg-predictions" content="{counts}">\n<script defer src="{static}/predict.js"></script>\n'
    )


def setup(app):
    app.connect("builder-inited", count)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
