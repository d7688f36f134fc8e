"""The eight bugs of the chapter *Find the bug*, each a change of correct code.

From this one list come the code that the chapter shows, the runs that it draws (`sgutils.widgets.recorders.bugs`), and what
the tests of the checks try first.
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from .. import solution
from . import trainers

Change = tuple[str, str]

# The same in every cell: a list of what a cell uses, or should have used, would tell what is wrong in it.
IMPORTS = "from sgutils.exercises.solution import distillation, draw, objective, statistics_kept"


@dataclass(frozen=True)
class Bug:
    """A change of correct code that makes it wrong.

    Attributes:
        name: what the recordings call it.
        module: whose code it changes.
        functions: those that the chapter shows, in their order.
        changes: texts of the module, and what stands in their place.
    """

    name: str
    module: ModuleType
    functions: tuple[str, ...]
    changes: tuple[Change, ...]

    def cell(self) -> str:
        """The chapter's cell: the broken code, and the check that fails, by the bug's number: its name would tell what it is."""
        return f"{IMPORTS}\n\n\n{self.code()}\n\n\nfind_the_bug.check({BUGS.index(self) + 1}, {self.functions[-1]})"

    def code(self, broken: bool = True) -> str:
        """The functions as the chapter shows them, broken or mended."""
        source = "\n\n\n".join(inspect.getsource(getattr(self.module, name)).rstrip() for name in self.functions)
        return changed(source, self.changes) if broken else source

    def namespace(self, changes: Iterable[Change] | None = None) -> ModuleType:
        """The whole module with the bug in it, or with other changes: what it calls of itself is changed as well."""
        made = ModuleType(f"{self.module.__name__}_changed")
        made.__package__ = self.module.__package__
        exec(changed(inspect.getsource(self.module), self.changes if changes is None else changes), vars(made))
        return made


def changed(source: str, changes: Iterable[Change]) -> str:
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in the code that it is to change, not once.")
        source = source.replace(old, new)
    return source


BUGS = (
    Bug("temperature", solution, ("objective",), ((" * tau**2", ""),)),
    Bug(
        "direction",
        solution,
        ("distillation",),
        (
            ("    log_student = F.log_softmax(student_logits / tau, dim=1)\n", "    student = F.softmax(student_logits / tau, dim=1)\n"),
            ("    teacher = F.softmax(teacher_logits.detach()", "    log_teacher = F.log_softmax(teacher_logits.detach()"),
            ("F.kl_div(log_student, teacher,", "F.kl_div(log_teacher, student,"),
        ),
    ),
    Bug("gradient", solution, ("distillation", "objective"), (("teacher_logits.detach()", "teacher_logits"),)),
    Bug("reduction", solution, ("distillation",), (('"batchmean"', '"mean"'),)),
    Bug(
        "statistics",
        solution,
        ("objective",),
        (("    with statistics_kept(net):\n        student = net(x, b)", "    student = net(x, b)"),),
    ),
    Bug("gates", trainers, ("train_in_processes",), (("[seed for rank", "[seed + rank for rank"),)),
    Bug("survival", solution, ("objective",), (("net(x, b)", "net(x, p * b)"),)),
    Bug(
        "mode",
        trainers,
        ("train_and_test",),
        (("    errors = []\n    for batches in epochs:\n        net.train()\n", "    errors = []\n    net.train()\n    for batches in epochs:\n"),),
    ),
)  # fmt: skip
