"""What decides a run, in one record; the command line and the ledger are made from it."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..checks import MOST, flag, is_number, number, one_of, shown, whole_number
from ..errors import InputError
from ..methods import options
from ..networks.registry import check_name
from .schedules import SCHEDULES, check_momentum, check_warmup

# What every record names by its value: what the first version of the ledger knew. What came later is named only where it
# differs from its default, so that a run keeps its name, and its place in every table, whatever the code learns. The
# price: the default of a later field or option never changes its meaning.
FIRST_FIELDS = (
    *("dataset", "model", "method", "options", "epochs", "batch_size", "lr", "momentum", "weight_decay", "augment"),
    *("seed", "image_size", "train_examples", "test_examples"),
)
_GUIDED = ("lam", "tau", "p_last", "detach_teacher", "kl_direction", "bn_statistics", "backward_full")
FIRST_OPTIONS = {
    "stochastic-depth": ("p_last",),
    "self-guidance": _GUIDED,
    "mutual-learning": ("tau", "averaged"),
    "native-ensemble": ("tau",),
    "diverse-peers": ("tau",),
    "distillation": ("teacher", "lam", "tau"),
    "cosub": ("lam", "tau", "p_last"),
}

# What a scale changes in every setting. A scaled-down run is another question than the full one: it never stands in
# the full one's place (see `sgutils.results.describe_setting`).
SCALES: dict[str, dict] = {
    "full": {},
    # The largest with which two CPU cores run `every-method` in two hours and the baseline still fits its training
    # images, as it does in the full recipe: with augmentation that would take several times as many epochs.
    "small": {
        "model": "resnet20",
        "image_size": 14,
        "train_examples": 2560,
        "test_examples": 1500,
        "epochs": 24,
        "batch_size": 64,
        "augment": False,
    },
    "smoke": {
        "model": "resnet20",
        "image_size": 8,
        "train_examples": 100,
        "test_examples": 100,
        "epochs": 1,
        "batch_size": 50,
    },
}


@dataclass(frozen=True)
class Config:
    """Everything that decides a run; the defaults are the paper's recipe (sec. 4.1).

    Raises:
        InputError: if a value is outside its range.
    """

    dataset: str = field(default="cifar10", metadata={"help": "data set to train on"})
    model: str = field(default="resnet32", metadata={"help": "network"})
    method: str = field(default="self-guidance", metadata={"help": "training method"})
    options: dict = field(default_factory=dict)
    epochs: int = field(default=300, metadata={"help": "passes over the training images"})
    batch_size: int = field(default=128, metadata={"help": "images per step"})
    lr: float = field(default=0.1, metadata={"help": "the learning rate that the schedule starts from"})
    momentum: float = field(default=0.9, metadata={"help": "Nesterov momentum"})
    weight_decay: float = field(default=1e-4, metadata={"help": "weight decay"})
    augment: bool = field(
        default=True, metadata={"help": "shift by up to 1/8 of the side, and flip left to right where it makes sense"}
    )
    seed: int = field(default=0, metadata={"help": "seed of every random draw"})
    image_size: int | None = field(default=None, metadata={"help": "scale images down to this side"})
    train_examples: int | None = field(default=None, metadata={"help": "use only this many training images"})
    test_examples: int | None = field(default=None, metadata={"help": "use only this many test images"})
    schedule: str = field(default="step", metadata={"help": "how the learning rate falls"})
    warmup_epochs: int = field(default=0, metadata={"help": "epochs in which the learning rate first rises from 0"})
    validation_examples: int | None = field(
        default=None,
        metadata={"help": "hold this many training images out for validation, and test on the test set only once"},
    )

    pretrained: str | None = field(
        default=None,
        metadata={"help": "start from the weights of this file: a state dict, of torch.save or safetensors"},
    )

    def __post_init__(self):
        """Values of Python's own kinds, whatever they were given as: 1 and 1.0 are one run, with one name in the ledger."""
        check_name(self.model)  # whether the library knows it is said when it is built
        if not isinstance(self.dataset, str):
            raise InputError(f"dataset must be the name of a data set, not {shown(self.dataset)}.")
        one_of("schedule", self.schedule, SCHEDULES)
        found: dict[str, Any] = {
            name: whole_number(name, getattr(self, name), least)
            for name, least in (("epochs", 1), ("batch_size", 2), ("seed", 0))
        }
        found["warmup_epochs"] = check_warmup(self.warmup_epochs, found["epochs"])
        for name in ("image_size", "train_examples", "test_examples", "validation_examples"):
            value = getattr(self, name)
            found[name] = None if value is None else whole_number(name, value, 1)
        found["lr"], found["weight_decay"] = number("lr", self.lr, above=0), number("weight_decay", self.weight_decay)
        found["momentum"], found["augment"] = check_momentum(self.momentum), flag("augment", self.augment)
        found["pretrained"] = None if self.pretrained is None else _path("pretrained", self.pretrained)
        for name, value in found.items():
            object.__setattr__(self, name, value)
        known = options(self.method)  # refuses an unknown method
        if not isinstance(self.options, dict):
            raise InputError(f"options must be a dictionary, not {shown(self.options)}.")
        if unknown := [name for name in self.options if name not in known]:
            raise InputError(
                f"Method {self.method!r} has no option {shown(unknown[0])}: it has {', '.join(known) or 'none'}."
            )
        chosen = {name: parameter.default for name, parameter in known.items()} | self.options
        chosen = {name: _option(name, value, known[name].annotation) for name, value in chosen.items()}
        object.__setattr__(self, "options", chosen)

    @classmethod
    def from_dict(cls, values: dict) -> "Config":
        """What `as_dict` gave, read from a file.

        Raises:
            InputError: if a value is outside its range, or one is missing that every version names: a default in its place
                would make another run of it.
        """
        missing = [name for name in FIRST_FIELDS if name not in values]
        if not missing and isinstance(values["options"], dict):
            missing = [name for name in FIRST_OPTIONS.get(values["method"], ()) if name not in values["options"]]
        if missing:
            raise InputError(f"its configuration has no {missing[0]}.")
        return cls(**values)

    @classmethod
    def at_scale(cls, scale: str, **setting) -> "Config":
        """A setting with what one of `SCALES` changes in it.

        Raises:
            InputError: if there is no such scale, or a value is outside its range.
        """
        if scale not in SCALES:
            raise InputError(f"Unknown scale {scale!r}: expected one of {', '.join(SCALES)}.")
        return cls(**{**setting, **SCALES[scale]})

    def as_dict(self) -> dict:
        """As it stands in checkpoints and in the ledger; ``Config(**config.as_dict())`` is the same again.

        What the first version of the ledger knew stands there by its value, and what came later where it differs from its
        default: equal runs have equal dictionaries, whichever version of the code wrote them.
        """
        known, first = options(self.method), FIRST_OPTIONS.get(self.method, ())
        defaults = {field.name: field.default for field in fields(self)}
        written = {name: getattr(self, name) for name in FIRST_FIELDS}
        written |= {
            name: getattr(self, name)
            for name, default in defaults.items()
            if name not in FIRST_FIELDS and getattr(self, name) != default
        }
        written["options"] = {
            name: value for name, value in self.options.items() if name in first or value != known[name].default
        }
        return written


def _path(name: str, value: object) -> str:
    if not isinstance(value, (str, Path)):
        raise InputError(f"{name} must be the path of a file, not {shown(value)}.")
    return str(value)


def _option(name: str, value: object, kind: object) -> object:
    """An option as a record can hold it; whether it is in its range, the method says."""
    if kind is float:
        if not is_number(value):
            raise InputError(f"{name} must be a number, not {shown(value)}.")
        return float(value)  # type: ignore[arg-type]  # a number is one
    if kind is int:
        return whole_number(name, value, -MOST)
    if kind is bool:
        return flag(name, value)
    if isinstance(value, Path):
        return str(value)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{name} must be a text or a number that a record can hold, not {shown(value)}.") from error
    return value
