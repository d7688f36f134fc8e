"""Anything a person might give: values of wrong kinds and absurd sizes, and what must come of them."""

import string
from pathlib import Path

import numpy as np
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import sgutils as sg

INTEGERS = st.sampled_from([*range(-2, 9), 128, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63), -(10**30)])
FLOATS = st.floats() | st.sampled_from(
    [0.0, -0.0, 0.5, 1.0, 1e-320, 1e-45, 1e38, 1e300, -1e300, float("inf"), float("nan")]
)
TEXTS = st.text(max_size=6) | st.sampled_from(
    ["", " ", "nan", "1e999", "1_000", "../x", "x\n y", "a\0b", "é", "\udcff", "--help"]
)
NUMPYS = st.builds(
    lambda kind, value: kind(value), st.sampled_from([np.float32, np.float64, np.float16]), st.floats(-2, 4)
) | st.builds(
    lambda kind, value: kind(value), st.sampled_from([np.int64, np.int32, np.uint8, np.bool_]), st.integers(0, 9)
)
PLAIN = st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS
JSONS = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
ANYTHING = (
    PLAIN
    | NUMPYS
    | JSONS
    | st.sampled_from(
        [b"bytes", 1j, (), Path("x"), object, np.zeros(2), torch.tensor(0.5), torch.ones(2, 2), {1}, range(3), float]
    )
)
# What an option of the command line may be followed by: argv holds no NUL.
WORDS = st.one_of(
    INTEGERS.map(str),
    FLOATS.map(str),
    TEXTS.filter(lambda text: "\0" not in text),
    st.text(string.printable, max_size=8),
)


def cases(count):
    """Settings for this many cases: the same ones in every run, so that a change that fails failed here first."""
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


class Refused:
    """In the place of a result: the input was refused, in one sentence."""

    def __bool__(self):
        return False


def outcome(call, *arguments, **more):
    """What a call gives, or `Refused` where it raises an `InputError` of one line; everything else it raises is a fault."""
    try:
        return call(*arguments, **more)
    except sg.InputError as error:
        said = str(error)
        assert said.strip() and len(said.splitlines()) == 1, said
        return Refused()


def edited(value, where, new):
    """A copy of nested dicts and lists in which one place, chosen by the numbers in ``where``, holds something else."""
    if isinstance(value, dict) and value and where:
        key = list(value)[where[0] % len(value)]
        return value | {key: edited(value[key], where[1:], new)}
    if isinstance(value, list) and value and where:
        place = where[0] % len(value)
        return [*value[:place], edited(value[place], where[1:], new), *value[place + 1 :]]
    return new


def without(value, where):
    """The same with that place left out."""
    if isinstance(value, dict) and value and where:
        key = list(value)[where[0] % len(value)]
        rest = {name: each for name, each in value.items() if name != key}
        return rest if len(where) == 1 else rest | {key: without(value[key], where[1:])}
    return value
