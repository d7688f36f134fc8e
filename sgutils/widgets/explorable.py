"""The base of every explorable: an anywidget whose cell output also works on the static site and under strict nbval."""

import math
import reprlib

import anywidget
import traitlets

from ..errors import InputError
from .bundle import default_state, module_source, mount_html, stylesheet


class Explorable(anywidget.AnyWidget):
    """A picture to be moved by hand; its state is the traits named in the explorable's JSON file.

    A subclass names its module (`class Temperature(Explorable, module="temperature")`) and declares one trait for each
    entry of that state.
    """

    module = ""
    _css = stylesheet()
    # ipywidgets 7, which Colab has, displays by this where it is a method, and never asks for the bundle below.
    _ipython_display_ = None

    def __init_subclass__(cls, module=None, **kwargs):
        if module is not None:  # ipywidgets derives nameless subclasses of its own, which inherit
            cls.module, cls._esm = module, module_source(module)
        super().__init_subclass__(**kwargs)

    def __init__(self, **state):
        unknown = sorted(set(state) - set(default_state(self.module)) - {"layout"})
        if unknown:
            known = ", ".join(default_state(self.module))
            raise InputError(f"{type(self).__name__} has no setting called {unknown[0]!r}; it has {known}.")
        super().__init__(**state)

    @property
    def state(self):
        """The state as JSON values, what the static page starts from."""
        return {name: getattr(self, name) for name in default_state(self.module)}

    def __repr__(self):
        # The default repr holds an address, and a cell's text must be the same at every run.
        usual = default_state(self.module)
        changed = (f"{name}={value!r}" for name, value in self.state.items() if value != usual[name])
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_mimebundle_(self, **kwargs):
        bundle, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # The text whole, which older versions of anywidget cut.
        bundle |= {"text/plain": repr(self), "text/html": mount_html(self.module, self.state)}
        return bundle, metadata


class Setting(traitlets.TraitType):
    """A synced trait that starts from its entry in the explorable's JSON file and refuses bad values in one sentence.

    `check(value)` returns the value to keep, or None where it cannot be used; `expected` ends the sentence
    "tau must be ...".
    """

    def __init__(self, expected, check):
        super().__init__(traitlets.Undefined)
        self.expected, self.check = expected, check
        self.tag(sync=True)

    def default(self, obj=None):
        return default_state(obj.module)[self.name]

    def validate(self, obj, value):
        kept = self.check(value)
        if kept is None:
            raise InputError(f"{self.name} must be {self.expected}, but it was {reprlib.repr(value)}.")
        return kept


def number(low, high):
    """A number between two bounds, both allowed."""
    return Setting(f"a number from {low:g} to {high:g}", lambda value: _number(value, low, high))


def whole_number(low, high):
    """An integer between two bounds, both allowed."""
    return Setting(f"a whole number from {low} to {high}", lambda value: _whole_number(value, low, high))


def one_of(*values):
    """One of these values."""
    listed = ", ".join(repr(value) for value in values[:-1]) + f" or {values[-1]!r}"
    return Setting(listed, lambda value: value if value in values else None)


def text(expected, *, longest):
    """A text of at most ``longest`` letters; ``expected`` says which."""
    return Setting(expected, lambda value: value if isinstance(value, str) and len(value) <= longest else None)


def switch():
    """True or False."""
    return Setting("True or False", lambda value: value if isinstance(value, bool) else None)


def gate_string(longest):
    """Which blocks run, as the paper writes it: "110111011"."""

    def check(value):
        return value if isinstance(value, str) and len(value) <= longest and not value.strip("01") else None

    return Setting(f"a string of at most {longest} zeros and ones", check)


def numbers(length, low, high):
    """A list of this many numbers between two bounds."""

    def check(value):
        kept = [_number(item, low, high) for item in value] if _is_list(value) else [None]
        return kept if len(kept) == length and None not in kept else None

    return Setting(f"a list of {length} numbers from {low:g} to {high:g}", check)


def _is_list(value):
    return isinstance(value, (list, tuple)) or hasattr(value, "tolist")


def _number(value, low, high):
    try:
        value = float(value) if not isinstance(value, (bool, str)) else math.nan
    except (TypeError, ValueError):
        return None
    return value if low <= value <= high else None


def _whole_number(value, low, high):
    value = _number(value, low, high)
    return int(value) if value is not None and value == int(value) else None
