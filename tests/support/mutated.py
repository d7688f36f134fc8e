"""A reader's mistake: the text of a solution with some of it exchanged."""

import inspect
import sys


def source(function):
    return inspect.getsource(function)


def mutated(function, *changes, scope=None):
    """The function with some of its text exchanged, in the scope of its own module, where `scope` has other functions."""
    text = source(function)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    scope = vars(sys.modules[function.__module__]) | (scope or {})
    exec(text, scope)
    return scope[function.__name__]
