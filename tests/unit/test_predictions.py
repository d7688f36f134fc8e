"""Each question of a chapter has an answer that fits it, and each wrong one is explained."""

import nbformat
import pytest

from book._ext.predict import predictions, quote_numbers
from book._tools.notebooks import chapters

CHOICE = """\
> **Predict first**
>
> Who teaches?
>
> 1. The full network.
> 2. A student,
>    drawn at random.

<details class="answer" id="who"><summary>Answer</summary>

1. **Yes.** It runs every block.
2. **No.** A student listens.

</details>
"""
NUMBER = """\
> **Predict first**
>
> How many images?
>
> A number from 0 to 2,000 images.

<details class="answer" id="images"><summary>Answer</summary>

**1,280** images.

- *Lower:* More.
- *Higher:* Fewer.

</details>
"""


def read(path):
    notebook = nbformat.read(path, as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_each_prediction_of_a_chapter_has_its_truth_and_a_reason_for_each_wrong_answer(path):
    text = read(path)
    found = predictions(text)
    assert len(found) == text.count("**Predict first**") == text.count('<details class="answer"')
    assert len({each.name for each in found}) == len(found)
    for each in found:
        assert all(len(reason.split()) >= 4 for reason in each.reasons.values()), each
        assert each.right or each.span[0] <= each.truth <= each.span[1]


def test_a_choice_and_a_number_are_read():
    choice, number = predictions(CHOICE + "\n" + NUMBER)
    assert (choice.name, list(choice.choices), choice.right) == ("who", [1, 2], 1)
    assert (number.name, number.span, number.truth) == ("images", (0, 2000), 1280)


@pytest.mark.parametrize(
    ("whole", "part", "instead"),
    [
        (CHOICE, "<details", "<section"),
        (CHOICE, "**No.**", "**Yes.**"),
        (CHOICE, "**Yes.**", "**No.**"),
        (CHOICE, "2. **No.** A student listens.\n", ""),
        (CHOICE, "**No.** A", "A"),
        (NUMBER, "- *Lower:* More.\n", ""),
        (NUMBER, "**1,280**", "1,280"),
        (NUMBER, "images.\n\n-", "images in all.\n\n-"),
        (NUMBER, "2,000", "1,000"),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(whole, part, instead):
    assert part in whole
    with pytest.raises(ValueError, match="below the question|does not fit"):
        predictions(whole.replace(part, instead))


def test_a_number_is_taken_from_what_a_cell_printed():
    cell = nbformat.v4.new_code_cell(id="run", outputs=[nbformat.v4.new_output("stream", text="wrong on ≈ 63 %\n")])
    prose = nbformat.v4.new_markdown_cell(r"**1**<!-- run: wrong on ≈ (\d+) --> %, **bold**")
    notebook = nbformat.v4.new_notebook(cells=[cell, prose])
    quote_numbers(notebook)
    assert prose.source == r"**63**<!-- run: wrong on ≈ (\d+) --> %, **bold**"
    prose.source = r"**1**<!-- run: right on (\d+) -->"
    with pytest.raises(ValueError, match="right on"):
        quote_numbers(notebook)
