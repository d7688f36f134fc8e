"""``sgutils train``."""

import argparse
import dataclasses
import inspect
import re
from collections.abc import Sequence
from types import UnionType
from typing import get_args

from ..data import DATASETS
from ..errors import InputError
from ..methods import METHODS, options
from ..networks import MODELS
from ..training.config import Config
from ..training.precision import PRECISIONS
from ..training.record import load_run
from ..training.runs import train
from ..training.schedules import SCHEDULES
from . import a_folder, add_data
from .outcome import report

_CHOICES = {
    "dataset": (*DATASETS, "folder:PATH"),
    "model": (*MODELS, "torchvision:NAME", "timm:NAME"),
    "method": METHODS,
    "schedule": SCHEDULES,
}


def add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """A field of `Config` an option, then those of the method that the arguments name."""
    defaults, precision = _defaults(arguments)
    parser.epilog = "To see another method's options: sgutils train --method METHOD --help"
    for field in dataclasses.fields(Config):
        if field.name != "options":
            choices = f": {', '.join(_CHOICES[field.name])}" if field.name in _CHOICES else ""
            _add_option(parser, field.name, field.type, getattr(defaults, field.name), field.metadata["help"] + choices)
    parser.add_argument(
        "--from", dest="record", metavar="FILE", help="a record of the ledger, whose settings become the defaults"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=precision,
        help="of the convolutions; bfloat16 on a GPU that has it if not given",
    )
    parser.add_argument("--out", type=a_folder, required=True, help="folder for checkpoint, metrics and result")
    add_data(parser)
    documentation = inspect.getdoc(METHODS[defaults.method]) or ""
    group = parser.add_argument_group(f"options of --method {defaults.method}", documentation.splitlines()[0])
    for name, parameter in options(defaults.method).items():
        try:
            _add_option(group, name, parameter.annotation, defaults.options[name], _documented(name, documentation))
        except argparse.ArgumentError as error:
            method = METHODS[defaults.method].__name__
            raise InputError(
                f"{method} cannot have the option {name}: train has it already. Give it another name."
            ) from error


def run(given: argparse.Namespace, command: str) -> int:
    values = vars(given)
    config = Config(
        **{field.name: values[field.name] for field in dataclasses.fields(Config) if field.name != "options"},
        options={name: values[name] for name in options(given.method)},
    )
    return report(train(config, given.out, precision=given.precision, command=command), given.out)


def where_it_belongs(option: str, given: argparse.Namespace) -> str | None:
    """What to say of an option that another method has; None if none has it."""
    name = option.removeprefix("--").removeprefix("no-").replace("-", "_")
    owners = [method for method in METHODS if name in options(method)]
    return f"--{name.replace('_', '-')} is an option of {', '.join(owners)}, not of {given.method}" if owners else None


def _add_option(group, name: str, kind, default: object, help: str) -> None:
    """One command line option for a field of `Config` or an option of a method."""
    flag = "--" + name.replace("_", "-")
    help = help if default is None else f"{help} (default: %(default)s)"
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=help)
        return
    if isinstance(kind, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if kind not in (int, float, str):
        raise InputError(f"The option {name} must be annotated as bool, int, float or str, or one of them or None.")
    group.add_argument(flag, type=kind, default=default, help=help, metavar=kind.__name__.upper())


def _documented(name: str, documentation: str) -> str:
    """What the Args section of a docstring says of one argument, up to its first full stop or semicolon."""
    found = re.search(rf"^    {name}: (.+?)(?=^    \w|^\w|\Z)", documentation, re.MULTILINE | re.DOTALL)
    text = found.group(1) if found else ""
    return " ".join(re.split(r"[.;]\s", text)[0].replace("`", "").split()).rstrip(".").replace("%", "%%")


def _defaults(arguments: Sequence[str]) -> tuple[Config, str | None]:
    """What these arguments start from, with its precision: a record, or the paper's recipe for the method they name."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--method", nargs="?")
    finder.add_argument("--from", dest="record", nargs="?")
    given = finder.parse_known_args(arguments)[0]
    record = None if given.record is None else load_run(given.record)
    start, precision = (Config(), None) if record is None else (Config(**record.config), record.precision)
    if given.method in METHODS and given.method != start.method:
        start = dataclasses.replace(start, method=given.method, options={})
    return start, precision
