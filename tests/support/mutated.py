"""A reader's mistake: the text of a solution with some of it exchanged."""

import inspect
import sys


def source(function):
    return inspect.getsource(function)


def mutated(function, *changes):
    """The function with some of its text exchanged, in the scope of its own module."""
    text = source(function)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    scope = dict(vars(sys.modules[function.__module__]))
    exec(text, scope)
    return scope[function.__name__]
