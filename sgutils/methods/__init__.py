"""The training methods, by name. A new method is one file beside these and one import here."""

# ruff: noqa: F401  (importing a method's file is what registers it)

import inspect
import warnings
from collections.abc import Callable

from torch import nn

from ..checks import unknown
from ..errors import InputError
from .baseline import Baseline
from .cosub import Cosub
from .distillation import Distillation
from .diverse_peers import DiversePeers
from .method import METHODS, Method
from .mutual_learning import MutualLearning
from .native_ensemble import NativeEnsemble
from .sampler import GateSampler
from .self_guidance import SelfGuidance
from .stochastic_depth import StochasticDepth


def options(name: str) -> dict[str, inspect.Parameter]:
    """The options of a method with their types and defaults, read from its signature.

    Raises:
        InputError: if there is no such method.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise unknown("method", name, METHODS)
    return {key: p for key, p in _keywords(name).items() if key != "seed"}


def build_method(name: str, make_network: Callable[[], nn.Module], *, seed: int = 0, **chosen) -> Method:
    """A method around new networks.

    Args:
        name: a key of `METHODS`.
        make_network: makes one new gated network of the chosen architecture; called as often as the method needs one.
        seed: of the method's own random draws.
        chosen: the method's options; those not given keep their defaults.

    Raises:
        InputError: if there is no such method or option, or an option is outside its range.
    """
    known = options(name)
    for key in chosen:
        if key not in known:
            expected = f"its options are {', '.join(known)}" if known else "it has none"
            raise InputError(f"Method {name!r} has no option {key!r}: {expected}.")
    seeded = {"seed": seed} if "seed" in _keywords(name) else {}
    return METHODS[name].build(make_network, **seeded, **chosen)


def _keywords(name: str) -> dict[str, inspect.Parameter]:
    cls = METHODS[name]
    try:
        # Types as such, also where a module writes them as text (`from __future__ import annotations`).
        parameters = inspect.signature(cls, eval_str=True).parameters
    except NameError as error:
        raise InputError(f"The type of an option of {cls.__name__} is not known: {error}.") from error
    found = {key: p for key, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    for key, p in found.items():
        if key != "seed" and p.default is p.empty:
            raise InputError(
                f"The option {key} of {cls.__name__} has no default: give it one, which the ledger leaves out."
            )
    return found


def __getattr__(name: str):
    if name == "StudentSampler":
        message = "StudentSampler is now GateSampler; the old name goes in the next release."
        warnings.warn(message, FutureWarning, stacklevel=2)
        return GateSampler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
