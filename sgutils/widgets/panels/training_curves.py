"""The curves of the training panel: what they are called, whose they are, and what each method has to show."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """How a curve is drawn.

    Attributes:
        name: what it shows, as the legend writes it.
        role: whose it is; its colour.
        dotted: training curves are dotted, test curves are not.
        below: whether it stands in the lower part of the figure, which has its own scale.
    """

    name: str
    role: str
    dotted: bool = False
    below: bool = False


CURVES = {
    "baseline_test": Curve("baseline, test error", "baseline"),
    "baseline_train": Curve("baseline, training error", "baseline", dotted=True),
    "teacher_test": Curve("teacher (all blocks, gates p), test error", "teacher"),
    "teacher_train": Curve("teacher, training error", "teacher", dotted=True),
    "student_train": Curve("students, training error", "student", dotted=True),
    "distill": Curve("KL(teacher ‖ student)", "distill", below=True),
}

# The curve of each term that a method returns, and of its test error. Stochastic depth trains students and deploys what
# Self-Guidance calls the teacher: here, where a colour is a pass of the network, its test error is the teacher's.
TRAINING_CURVES = {
    "baseline": {"error": "baseline_train"},
    "stochastic-depth": {"error": "student_train"},
    "self-guidance": {"error": "teacher_train", "student_error": "student_train", "distill": "distill"},
}
TEST_CURVE = {"baseline": "baseline_test", "stochastic-depth": "teacher_test", "self-guidance": "teacher_test"}


def legend(values):
    """The curves with their newest values, in their colours."""
    rows = []
    for key, value in values.items():
        curve = CURVES[key]
        number = f"{value:.4f}" if curve.below else f"{value:.1%}"
        line = ' class="sg-dotted"' if curve.dotted else ""
        number = f'<dd class="sg-{curve.role}"><i{line}></i>{number}</dd>'
        rows.append(f"<div><dt>{html.escape(curve.name)}</dt>{number}</div>")
    return f'<dl class="sg-figures">{"".join(rows)}</dl>'


def css_roles():
    """The rules that give each curve in the drawing its role's colour: plotly writes its uid into its class."""
    return "".join(f".sg-panel .trace{key} {{ --sg-role: var(--sg-{curve.role}); }}\n" for key, curve in CURVES.items())
