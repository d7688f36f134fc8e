"""The checks of the chapter *Find the bug*: the bug fails, the mended code passes, and a usual wrong fix gets its own hint."""

import re
from pathlib import Path

import nbformat
import pytest

from sgutils.errors import InputError
from sgutils.exercises import find_the_bug
from sgutils.exercises.find_the_bug import CHECKS, bugs, recorded
from sgutils.widgets.recorders import bugs as recorder

ROOT = Path(__file__).resolve().parents[2]

BUGS = {bug.name: bug for bug in bugs.BUGS}


@pytest.fixture
def said(capsys):
    def run(name, changes):
        """What the check says of the correct code with these changes."""
        bug = BUGS[name]
        CHECKS[name](getattr(bug.namespace(changes), bug.functions[-1]))
        return capsys.readouterr().out.strip()

    return run


@pytest.mark.parametrize("name", CHECKS)
def test_a_bug_fails_its_check_and_the_mended_code_passes(said, name):
    broken = said(name, BUGS[name].changes)
    assert "not yet" in broken and "stops with" not in broken and "\n" not in broken
    assert said(name, ()).endswith(": right.")


def test_checks_are_numbered_as_the_chapter_numbers_its_bugs(capsys):
    assert list(CHECKS) == [bug.name for bug in bugs.BUGS]
    for number, bug in enumerate(bugs.BUGS, start=1):
        find_the_bug.check(number, getattr(bug.namespace(()), bug.functions[-1]))
        assert capsys.readouterr().out.strip() == f"Bug {number}: right."
        assert bug.name not in bug.cell().splitlines()[-1]
    with pytest.raises(InputError, match="number must be a whole number from 1 to 8, not 9."):
        find_the_bug.check(9, print)


@pytest.mark.parametrize("wrong", [lambda student, teacher, tau: 0.0, 3, None])
def test_another_function_than_the_one_that_is_asked_for_is_told_which(wrong, capsys):
    find_the_bug.check(3, wrong)
    said = capsys.readouterr().out
    assert said.startswith("Bug 3: not yet. Expected was your function ") and "which is called as " in said


CE = "F.cross_entropy(student, y) + F.cross_entropy(teacher, y)"
KEPT = "    with statistics_kept(net):\n        student = net(x, b)\n"
# The teacher first; then batch norm stops remembering, for good.
LEFT_OFF = "    teacher = net(x, p)\n    for module in net.modules():\n        module.track_running_stats = False\n    student = net(x, b)\n"
LOG_STUDENT, SOFT_TEACHER = (
    "F.log_softmax(student_logits / tau, dim=1)",
    "F.softmax(teacher_logits.detach() / tau, dim=1)",
)
KL = 'F.kl_div(log_student, teacher, reduction="batchmean")'
DRAWN = "            b = draw(p, generator)\n"
MODE = ("        net.train()\n        for x, y in batches", "        for x, y in batches")
WRONG = {
    "temperature": [
        ([("tau**2", "tau")], "One factor tau is not enough"),
        ([("tau**2", "9")], "right at tau = 3 alone"),
        ([("* tau**2", "/ tau**2")], "divides by tau squared"),
        ([("lam * tau**2", "tau**2 * lam * tau**2")], "stands twice"),
        ([("ce + lam * tau**2 *", "tau**2 * (ce + lam *"), ("(student, teacher, tau)", "(student, teacher, tau))")], "multiplied by tau squared as well"),
        ([("distillation(student, teacher, tau)", "distillation(student, teacher, 1.0)")], "no longer points"),
        ([("distillation(student, teacher, tau)", "distillation(teacher, student, tau)")], "teacher's logits should be"),
        ([(" + lam * tau**2 * distillation(student, teacher, tau)", "")], "No divergence"),
    ],
    "direction": [
        ([(KL, 'F.kl_div(log_student.exp(), teacher, reduction="batchmean")')], "probabilities first"),
        ([(KL, 'F.kl_div(log_student, teacher.log(), reduction="batchmean")')], "takes the logarithm again"),
        ([(KL, 'F.kl_div(log_student.exp(), teacher.log(), reduction="batchmean")')], "takes the logarithm again"),
        ([(KL, '-F.kl_div(teacher.log(), log_student.exp(), reduction="batchmean")')], "wrong sign"),
        ([(KL, f'({KL} + F.kl_div(teacher.log(), log_student.exp(), reduction="batchmean")) / 2')], "mean of both directions"),
        ([("student_logits / tau", "student_logits.detach() / tau"), ("teacher_logits.detach()", "teacher_logits")], "no gradient reaches the student"),
        ([("teacher_logits.detach()", "teacher_logits")], "teacher is pulled now"),
    ],
    "gradient": [
        ([("student_logits / tau", "student_logits.detach() / tau")], "no longer pulls on the student"),
        ([("net(x, p)", "net(x, p).detach()")], "teacher learns nothing"),
        ([("    teacher = net(x, p)", "    with torch.no_grad():\n        teacher = net(x, p)")], "teacher learns nothing"),
        ([("net(x, b)", "net(x, b).detach()"), ("teacher_logits.detach()", "teacher_logits")], "teacher's logits should be|student no longer learns"),
        ([("F.cross_entropy(student, y)", "F.cross_entropy(student.detach(), y)")], "student no longer learns the labels"),
        ([("tau**2", "tau")], "pull on the student changed"),
    ],
    "reduction": [
        ([('"batchmean"', '"sum"')], "sum over the images"),
        ([('"batchmean"', '"none"')], "for each image and class"),
        ([(KL, 'F.kl_div(log_student, teacher, reduction="none").sum(dim=1)')], "mean over the images is missing"),
        ([(KL, '10 * F.kl_div(log_student, teacher, reduction="mean")')], "10 classes alone"),
        ([(KL, f"{KL} * student_logits.shape[1]")], "once too often"),
        ([("teacher_logits.detach()", "teacher_logits")], "teacher is pulled now"),
    ],
    "statistics": [
        ([("    teacher = net(x, p)", "        teacher = net(x, p)")], "No pass moves"),
        ([(KEPT, "    student = net(x, b)\n    with statistics_kept(net):\n        teacher = net(x, p)\n"), ("    teacher = net(x, p)\n    ce", "    ce")], "student's pass alone moves"),
        ([(KEPT, "    net.eval()\n    student = net(x, b)\n    net.train()\n")], "own images"),
        ([(KEPT, "    with torch.no_grad(), statistics_kept(net):\n        student = net(x, b)\n")], "student learns nothing"),
        ([("    teacher = net(x, p)", "    teacher = net(x, p)\n    net.eval()")], "left in evaluation mode"),
        ([(KEPT, LEFT_OFF), ("    teacher = net(x, p)\n    ce", "    ce")], "batch norm is left switched off"),
    ],
    "gates": [
        ([("[torch.Generator().manual_seed(own) for own in seeds]", "[torch.Generator().manual_seed(seed)] * processes")], "take their turn"),
        ([(DRAWN, f"{DRAWN}            generator.manual_seed(seed)\n")], "same student trains"),
        ([("torch.Generator().manual_seed(own)", "torch.Generator()")], "same students for every seed"),
        ([("b = draw(p, generator)", "b = torch.ones(len(p))")], "not drawn"),
        ([("b = draw(p, generator)", "b = p")], "students' passes"),
        ([(" / processes)", ")")], "the trained weights"),
    ],
    "survival": [
        ([("net(x, b)", "net(x, b / p)")], "goes with a teacher whose gates are 1"),
        ([("net(x, b)", "net(x, b / p)"), ("net(x, p)", "net(x, torch.ones(len(p)))")], "the other convention"),
        ([("net(x, b)", "net(x, p)")], "it is the teacher"),
        ([("net(x, b)", "net(x, torch.ones(len(p)))")], "student's gates are 1 now"),
        ([("net(x, p)", "net(x, torch.ones(len(p)))")], "teacher's gates are 1 now"),
        ([("net(x, p)", "net(x, p * b)")], "teacher skips blocks"),
    ],
    "mode": [
        ([("        net.eval()\n", "")], "move the running ones"),
        ([("        net.train()\n", "        net.eval()\n")], "from the start"),
        ([MODE, ("    errors = []", "    net.train()\n    errors = []"), ("        net.eval()\n", "        net.train()\n")], "move the running ones"),
        ([MODE, ("    errors = []", "    net.train()\n    errors = []"), ("            optimizer.step()\n", "            optimizer.step()\n        net.train()\n")], "it took the running statistics"),
        ([("        errors.append", "    errors.append")], "1 errors"),
    ],
}  # fmt: skip
TRIED = [(name, changes, words) for name, fixes in WRONG.items() for changes, words in fixes]


@pytest.mark.parametrize(("name", "changes", "words"), TRIED, ids=[f"{name}: {words}" for name, _, words in TRIED])
def test_a_usual_wrong_fix_gets_a_hint_of_its_own(said, name, changes, words):
    found = said(name, changes)
    assert "not yet" in found and any(word in found for word in words.split("|")), found


def test_each_check_was_tried_with_five_wrong_fixes_or_more():
    assert WRONG.keys() == CHECKS.keys() == BUGS.keys() and all(len(fixes) >= 5 for fixes in WRONG.values())


def chapter():
    return {cell.id: cell.source for cell in nbformat.read(ROOT / "book" / "find-the-bug.ipynb", as_version=4).cells}


@pytest.mark.parametrize(("number", "bug"), list(enumerate(bugs.BUGS, start=1)), ids=BUGS)
def test_the_chapter_shows_the_code_that_was_run_and_mends_it(number, bug):
    cells = chapter()
    assert cells[f"code-{number}"] == bug.cell()
    (mended,) = re.findall(r"~~~python\n(.*?)\n~~~", cells[f"solution-{number}"], re.DOTALL)
    assert mended in bug.code(broken=False) and mended not in bug.code()


def test_nothing_of_a_cell_beside_its_code_tells_what_the_bug_is():
    cells = chapter()
    for number, bug in enumerate(bugs.BUGS, start=1):
        assert bug.cell().startswith(bugs.IMPORTS) and bug.cell().endswith(
            f"find_the_bug.check({number}, {bug.functions[-1]})"
        )
        for cell in (f"symptom-{number}", f"left-{number}"):
            assert re.match(rf"\w+\({number}[,)]", cells[cell]) and bug.name not in cells[cell].split('"')[0]


def test_what_was_recorded_is_of_these_bugs_and_this_recipe():
    made = recorded.recording()
    assert made["recipe"] == recorder.recipe()
    assert set(made["runs"]) == {*BUGS, *recorder.MENDED} and set(made["compared_with"].values()) == {*recorder.MENDED}
    for curves in made["runs"].values():
        for seeds in curves.values():
            assert len(seeds) == len(recorder.SEEDS) and {len(epochs) for epochs in seeds} == {recorder.EPOCHS}


def test_a_change_that_does_not_fit_the_code_is_not_a_silent_one():
    with pytest.raises(ValueError, match="0 times"):
        bugs.changed("a = 1", [("b", "c")])
