"""The check of *Beyond the paper*: what is kept of a draft that a teacher verifies."""

from collections.abc import Callable

from ..hints import compare, exercise


@exercise("A draft, verified")
def check_verified(verified: Callable) -> None:
    def agreed(draft: list, teacher: list) -> int:
        return next((i for i, token in enumerate(draft) if token != teacher[i]), len(draft))

    def right(draft: list, teacher: list) -> list:
        # What the teacher says stands as long as all before it were its own words.
        return [word for i, word in enumerate(teacher) if draft[:i] == teacher[:i]]

    inputs = [
        ([5, 2, 7, 1], [5, 2, 9, 1, 4]),
        ([3, 8], [3, 8, 6]),
        ([4, 1, 1], [6, 1, 1, 2]),
        ([2, 2, 5], [2, 2, 2, 7]),
    ]
    mistakes = {
        "A draft after the first disagreement does not count, even if the teacher agrees again: it continues a text that is "
        "not kept.": lambda draft, teacher: (
            [token for token, word in zip(draft, teacher[:-1], strict=True) if token == word] + teacher[-1:]
        ),
        "Wherever draft and teacher agree a token is kept: stop at the first disagreement, and take the teacher's token there.": (
            lambda draft, teacher: [token for token, word in zip(draft, teacher[:-1], strict=True) if token == word]
        ),
        "The teacher's own token is missing: its pass has said what comes after the last draft that is kept.": (
            lambda draft, teacher: draft[: agreed(draft, teacher)]
        ),
        "The first draft that the teacher would not have said is kept: its own token stands there.": (
            lambda draft, teacher: draft[: agreed(draft, teacher) + 1]
        ),
        "Where all drafts are kept, the same pass has said one token more: take it as well.": lambda draft, teacher: (
            right(draft, teacher)[: len(draft)]
        ),
        "These are all tokens of the teacher: those behind a rejected draft continue a text that is not kept.": (
            lambda draft, teacher: teacher
        ),
        "That is how many drafts are kept: return the tokens.": agreed,
        "It is the draft as it was: nothing is verified.": lambda draft, teacher: draft,
        "The token of the teacher's that comes next is that at the first disagreement, and not its last one.": (
            lambda draft, teacher: draft[: agreed(draft, teacher)] + teacher[-1:]
        ),
    }
    compare(verified, right, mistakes, inputs, "the tokens")
