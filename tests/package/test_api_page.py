"""The API reference: complete, and what it says of a name's arguments is what Python says."""

import inspect
import re
from pathlib import Path

import pytest

import sgutils as sg
from book._ext import api

BOOK = Path(__file__).resolve().parents[2] / "book"

PAGE = (BOOK / "api.md").read_text(encoding="utf-8")
NAMES = [name for found in api.BLOCK.finditer(PAGE) for name in found["names"].split()]


def test_every_public_function_and_class_has_one_entry():
    public = [name for name in sg.__all__ if callable(getattr(sg, name))]
    assert sorted(NAMES) == sorted(public)


def test_every_chapter_that_explains_a_name_exists():
    for found in api.BLOCK.finditer(PAGE):
        assert list(BOOK.glob(f"{found['chapter']}.*")), found["chapter"]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_the_arguments_and_the_docstring_of_the_object(name):
    thing = getattr(sg, name)
    node, module = api.definition(name)
    assert module == thing.__module__
    assert inspect.cleandoc(api.ast.get_docstring(node)) == inspect.getdoc(thing)
    # A letter with a full stop alone would be the head of a list.
    assert not re.search(r"^:param \w+: \w+\.$", "\n".join(api.docstring(node, "function")), re.MULTILINE)
    if inspect.isfunction(thing) or ("__init__" in vars(thing) and not getattr(thing, "_is_protocol", False)):
        said, at = api.signature(node), 0
        for argument in inspect.signature(thing).parameters:  # all of them, in their order
            at = said.index(argument, at) + len(argument)


def test_a_name_without_docstring_or_definition_is_refused():
    with pytest.raises(LookupError, match="no docstring"):
        api.docstring(api.ast.parse("def f(): pass").body[0], "function")
    with pytest.raises(LookupError, match=r"sg\.nothing is not a function or a class"):
        api._defined_in(BOOK.parent / "sgutils" / "gates.py", "nothing")
