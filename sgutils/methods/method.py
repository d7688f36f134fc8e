"""The protocol that every training method keeps."""

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

from torch import Tensor, nn

from ..checks import shown
from ..errors import InputError

METHODS: dict[str, type["Method"]] = {}
# What a reader's own method may still call its hooks, for one release.
_OLD_HOOKS = {"begin_epoch": "on_epoch_start", "finish": "on_train_end"}


class Method(nn.Module, ABC):
    """A way of training: it owns its network (or networks) and knows its loss; the trainer knows neither.

    A subclass is known by the ``name`` that its class statement gives: ``class Baseline(Method, name="baseline")``. It
    takes its networks first, then its options as keyword-only arguments with defaults: the command line and the ledger
    read them from that signature, and their help from the Args of its docstring. One that draws at random takes
    ``seed`` too.
    """

    # Whether a step may leave a parameter without gradient, as that of a skipped block. Several processes have to look for
    # such parameters in every step (DistributedDataParallel's option of that name); without any that is time lost.
    find_unused_parameters = True
    # Whether a GPU may record one step and replay it: its forward pass draws nothing at random but with a `GateSampler`, and
    # computes the same in every epoch. Each class says so for itself, for a subclass may draw.
    capturable = False

    def __init_subclass__(cls, name: str | None = None, **more):
        super().__init_subclass__(**more)
        cls.capturable = vars(cls).get("capturable", False)
        for old, new in _OLD_HOOKS.items():
            if old in vars(cls):
                message = f"{cls.__name__}.{old} is now {new}; the old name goes in the next release."
                warnings.warn(message, FutureWarning, stacklevel=2)
                setattr(cls, new, vars(cls)[old])
        if name is not None:
            _check_name(cls, name)
            METHODS[name] = cls

    @classmethod
    def build(cls, make_network: Callable[[], nn.Module], **options) -> "Method":
        """The method around one new gated network; methods that own several redefine this."""
        return cls(make_network(), **options)

    def on_epoch_start(self, index: int, epochs: int) -> None:
        """Called before each epoch, ``index`` from 0; for losses whose weights change as training goes on."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The losses of one mini-batch, all from one call.

        Args:
            x: ``(N, C, H, W)`` images.
            y: ``(N,)`` class indices.

        Returns:
            0-dim tensors: ``total``, which is minimised, ``error``, the share of wrong predictions in the batch, and
            the method's own terms.
        """

    @abstractmethod
    def predict(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of what is deployed."""

    @abstractmethod
    def deployed_network(self) -> nn.Module:
        """The one network that is left when training is over: its plain forward is `predict`.

        It can be had at any time, also before the first step, so that a network that cannot be deployed is found out
        before it is trained.
        """

    def on_train_end(self, batches: Iterable[Tensor]) -> None:
        """Called once after the last step with an iterable of ``(N, C, H, W)`` training images; most need nothing."""


def _check_name(cls: type[Method], name: str) -> None:
    """Raise an `InputError` unless a class can be registered by a name: another's runs would pass for its own."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(
            f"The name of {cls.__name__} must be lower-case words with hyphens between, such as my-method, not {shown(name)}."
        )
    taken = METHODS.get(name)
    # The same class again comes of a notebook's cell that runs twice, or of a module that is read again.
    if taken and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InputError(
            f"{name!r} is the name of {taken.__module__}.{taken.__qualname__} already: give {cls.__name__} another one."
        )


def check_nets(nets: Sequence[nn.Module]) -> nn.ModuleList:
    """Networks that learn from one another, or an `InputError` unless there are two or more, each with weights of its own."""
    if len(nets) < 2:
        raise InputError(f"nets must be two networks or more, not {len(nets)}.")
    check_distinct(nets)
    return nn.ModuleList(nets)


def check_distinct(nets: Sequence[nn.Module]) -> None:
    """Raise an `InputError` where one network stands in two places: it would have nothing to learn from itself."""
    if len({frozenset(map(id, net.parameters())) for net in nets}) < len(nets):
        raise InputError(
            f"Two of the {len(nets)} networks are one and the same, or share all weights: make a new one each time."
        )


def error_rate(logits: Tensor, y: Tensor) -> Tensor:
    """Share of wrong predictions, a 0-dim tensor."""
    if y.ndim != 1 or y.is_floating_point():
        raise InputError(
            f"Labels must be one class index for each image, (N,), not {y.dtype} of shape {tuple(y.shape)}."
        )
    return (logits.detach().argmax(dim=1) != y).float().mean()
