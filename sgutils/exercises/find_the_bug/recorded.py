"""What the bugs did to training runs, as `sgutils.widgets.recorders.bugs` recorded it."""

import json
from collections.abc import Sequence
from functools import cache

from ...folders import data_folder
from ...plots import Line
from ...results.ledger import mean_std

ROLES = {
    "teacher_error": ("teacher", "teacher"),
    "student_error": ("students", "student"),
    "pull_on_teacher": ("on the teacher", "teacher"),
    "pull_on_student": ("on the student", "student"),
}
QUANTITIES = {
    "teacher_error": "teacher's test error (%)",
    "student_error": "students' test error (%)",
    "divergence": "their divergence",
    "pull_on_student": "pull on the student",
    "pull_on_teacher": "pull on the teacher",
}


@cache
def recording() -> dict:
    """The recipe, and of each run and curve a list for each seed with one number after each epoch."""
    return json.loads((data_folder() / "explorables" / "bugs.json").read_text(encoding="utf-8"))


def runs(bug: str, mended: bool = False) -> dict[str, list[list[float]]]:
    """The curves of a bug, or of the mended code that it is compared with."""
    made = recording()
    return made["runs"][made["compared_with"][bug] if mended else bug]


def lines(bug: str, *curves: str) -> list[Line]:
    """Mended (dashed) and with the bug: means over the seeds, with a band of one standard deviation to either side."""
    found = []
    for mended in (True, False):
        for curve in curves:
            label, role = ROLES[curve]
            means, spread = zip(
                *(mean_std(list(epoch)) for epoch in zip(*runs(bug, mended)[curve], strict=True)), strict=True
            )
            name, dash = (f"{label}, mended", "dash") if mended else (label, "solid")
            found.append(Line(name, range(1, len(means) + 1), means, role, spread, dash))
    return found


def last(bug: str, curve: str, mended: bool = False) -> list[float]:
    """A curve after the last epoch, one number for each seed."""
    return [values[-1] for values in runs(bug, mended)[curve]]


def table(bug: str) -> str:
    """What is left after the last epoch, in Markdown: mean ± standard deviation over the seeds."""
    rows = ["| after the last epoch | mended | with the bug |", "|---|---|---|"]
    for curve, words in QUANTITIES.items():
        digits = 1 if curve.endswith("error") else 2
        cells = [_said(last(bug, curve, mended), digits) for mended in (True, False)]
        rows.append(f"| {words} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows)


def _said(values: Sequence[float], digits: int) -> str:
    mean, std = mean_std(list(values))
    return f"{mean:.{digits}f}\u00a0±\u00a0{std:.{digits}f}"
