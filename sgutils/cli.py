"""The command line: ``sgutils COMMAND``, also ``python -m sgutils COMMAND``."""

import argparse
import dataclasses
import inspect
import json
import os
import re
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import get_args

from .data import DATASETS
from .errors import InputError
from .export import export_onnx, image_channels, trained_network
from .folders import ledger_to_fill, ledgers
from .methods import METHODS, options
from .networks import MODELS
from .results.experiments import EXPERIMENTS
from .results.ledger import load_results
from .results.paper import FIGURES, TABLES
from .results.reproduce import reproduce
from .results.tables import as_markdown, as_text, beside_the_paper, measured, title_at_scale
from .safetensors import load_saved_network
from .training.config import SCALES, Config
from .training.distributed import cleanup, rank, world_size
from .training.record import Run, load_run
from .training.runs import CHECKPOINT, NETWORK, evaluate, resume, resume_command, train
from .training.schedules import SCHEDULES
from .training.trainer import PRECISIONS

_CHOICES = {"dataset": DATASETS, "model": MODELS, "method": METHODS, "schedule": SCHEDULES}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage of every option above it."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it did what was asked, 2 on bad input, 1 if training failed, 130 if it was stopped."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    command = shlex.join(["sgutils", *arguments])
    usual, warnings.formatwarning = warnings.formatwarning, lambda message, *_: f"sgutils: {message}\n"
    first = threading.current_thread() is threading.main_thread()
    # A cluster's end of time is like Ctrl-C; and a shell's background ignores Ctrl-C, but not one that is sent to it.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        if first:  # no other thread may
            for number in before:
                signal.signal(number, signal.default_int_handler)
        parser = _parser(*_defaults(arguments))
        given, unknown = parser.parse_known_args(arguments)
        if unknown:
            parser.error(_where_it_belongs(unknown, given))
        if world_size() > 1 and given.do not in (_train, _resume):
            raise InputError(f"Only train and resume work in several processes: start `{command}` without torchrun.")
        return given.do(given, command)
    except InputError as error:
        if os.environ.get("LOCAL_RANK", "0") == "0":  # the first of each machine, whose own data may be what is missing
            print(f"sgutils: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sgutils: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # of `sgutils results | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        warnings.formatwarning = usual
        if first:
            for number, handler in before.items():
                signal.signal(number, handler)
        cleanup()


def _train(given: argparse.Namespace, command: str) -> int:
    values = vars(given)
    config = Config(
        **{field.name: values[field.name] for field in dataclasses.fields(Config) if field.name != "options"},
        options={name: values[name] for name in options(given.method)},
    )
    return _report(train(config, given.out, precision=given.precision, command=command), given.out)


def _resume(given: argparse.Namespace, command: str) -> int:
    return _report(resume(given.run), given.run)


def _evaluate(given: argparse.Namespace, command: str) -> int:
    if given.run.suffix == ".safetensors":
        saved = load_saved_network(given.run)
        images = f"{saved.test_examples:,} images of {saved.dataset}"
        print(
            f"{saved.method}, from the page: test error {saved.test_error():.2%} of {images}, after {saved.steps} steps"
        )
        return 0
    config, error, trainer = evaluate(given.run)
    epochs = f"{len(trainer.history)} of {trainer.epochs} epochs"
    images = f"{len(trainer.test.y):,} images"
    print(f"{config.method}, {config.model}, {config.dataset}: test error {error:.2%} of {images}, after {epochs}")
    return 0


def _reproduce(given: argparse.Namespace, command: str) -> int:
    reproduce(
        given.experiment,
        seeds=given.seeds,
        scale=given.scale,
        precision=given.precision,
        jobs=given.jobs,
        ledger=given.ledger,
        work=given.work,
        budget_minutes=given.budget_minutes,
        command=command,
    )
    return 0


def _results(given: argparse.Namespace, command: str) -> int:
    runs = load_results(given.ledger)
    parts = {
        title_at_scale(name, scale): beside_the_paper(name, runs, scale)
        for name in (TABLES | FIGURES if given.table is None else [given.table])
        for scale in (("full", "small") if given.scale is None else [given.scale])
    }
    if given.table is None and given.scale is None:
        parts["Everything measured"] = measured(runs)
    if given.format == "json":
        print(json.dumps(parts, indent=1, ensure_ascii=False))
        return 0
    heading, write = ("## ", as_markdown) if given.format == "markdown" else ("", as_text)
    print(
        "\n\n".join(f"{heading}{title}\n\n{write(rows) if rows else 'Nothing yet.'}" for title, rows in parts.items())
    )
    folders = ledgers() if given.ledger is None else [given.ledger]
    print(f"\nRuns read from {' and '.join(str(folder.absolute()) for folder in folders)}: {len(runs)}.")
    return 0


def _export(given: argparse.Namespace, command: str) -> int:
    net, p = trained_network(given.source)
    export_onnx(net, given.out)
    print(f"{given.out}: inputs images (N, {image_channels(net)}, H, W) and gates ({net.num_blocks}); output logits.")
    if p is None:
        print("Gates of 1 make it the network that is deployed.")
    else:
        print(f"These gates make it the teacher: {', '.join(f'{survival:.4g}' for survival in p)}.")
    return 0


def _report(run: Run, folder: Path) -> int:
    if rank() > 0:
        return 0
    if run.status == "interrupted":
        print(f"{run.message} Go on with: {resume_command(folder)}", file=sys.stderr)
        return 130
    if run.status == "diverged":
        print(f"sgutils: {run.message} The settings and the curves up to there are in {folder}.", file=sys.stderr)
        return 1
    print(f"Test error {run.last_test_error:.2%} after the last epoch (best {run.best_test_error:.2%}), in {folder}.")
    return 0


def _where_it_belongs(unknown: list[str], given: argparse.Namespace) -> str:
    """What to say of arguments that this command or method does not have."""
    name = unknown[0].split("=")[0].removeprefix("--").removeprefix("no-").replace("-", "_")
    if given.do is _train and (owners := [method for method in METHODS if name in options(method)]):
        return f"--{name.replace('_', '-')} is an option of {', '.join(owners)}, not of {given.method}"
    return f"unrecognized arguments: {' '.join(unknown)}"


def _parser(defaults: Config, precision: str | None) -> argparse.ArgumentParser:
    parser = _Parser(prog="sgutils", description="Train, evaluate and compare Self-Guidance and its peers.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, do, help: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.set_defaults(do=do)
        return made

    made = command("train", _train, "Train one network; the defaults are the paper's recipe.")
    made.epilog = "To see another method's options: sgutils train --method METHOD --help"
    for field in dataclasses.fields(Config):
        if field.name != "options":
            choices = f": {', '.join(_CHOICES[field.name])}" if field.name in _CHOICES else ""
            _add_option(made, field.name, field.type, getattr(defaults, field.name), field.metadata["help"] + choices)
    made.add_argument(
        "--from", dest="record", metavar="FILE", help="a record of the ledger, whose settings become the defaults"
    )
    made.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=precision,
        help="of the convolutions; bfloat16 on a GPU that has it if not given",
    )
    made.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics and result")
    documentation = inspect.getdoc(METHODS[defaults.method])
    group = made.add_argument_group(f"options of --method {defaults.method}", documentation.splitlines()[0])
    for name, parameter in options(defaults.method).items():
        _add_option(group, name, parameter.annotation, defaults.options[name], _documented(name, documentation))

    made = command("resume", _resume, "Go on with a run that was stopped.")
    made.add_argument("run", type=Path, help="its folder")

    made = command("evaluate", _evaluate, f"Test error of a trained network, from the {CHECKPOINT} of its folder.")
    made.add_argument(
        "run", type=Path, help="the folder that was given to train as --out, or a network that the page saved"
    )

    made = command("export", _export, "Write a trained network as ONNX, its gates an input beside the images.")
    made.add_argument(
        "source", type=Path, metavar="RUN", help=f"a run's folder, or its {NETWORK}, where gates are folded in"
    )
    made.add_argument("--out", type=Path, required=True, help="the file to write, such as network.onnx")

    made = command("reproduce", _reproduce, "Run what the ledger lacks of an experiment.")
    titles = "; ".join(f"{name}: {experiment.title}" for name, experiment in EXPERIMENTS.items())
    made.add_argument("experiment", metavar="EXPERIMENT", help=titles)
    default = " (default: %(default)s)"
    made.add_argument(
        "--scale", default="full", help=f"{', '.join(SCALES)}; anything but full is a reduced-scale result{default}"
    )
    made.add_argument(
        "--seeds", type=int, help="seeds per setting (default: as many as the experiment is planned with)"
    )
    made.add_argument(
        "--precision", choices=PRECISIONS, help="of the convolutions; bfloat16 on a GPU that has it if not given"
    )
    made.add_argument("--jobs", type=int, default=1, help=f"runs at once on one GPU, in threads{default}")
    made.add_argument("--budget-minutes", type=float, help="stop cleanly after so many minutes; no limit if not given")
    made.add_argument("--ledger", type=Path, default=ledger_to_fill(), help=f"folder of finished records{default}")
    made.add_argument(
        "--work",
        type=Path,
        default=Path("runs/ledger"),
        help=f"folder of unfinished runs, and of the networks of finished ones{default}",
    )

    made = command(
        "results", _results, "Print the paper's tables beside what the ledger holds, then all that it holds."
    )
    made.add_argument(
        "table",
        nargs="?",
        choices=(*TABLES, *FIGURES),
        metavar="TABLE",
        help="table1 to table6, figure2 to figure5; all if not given",
    )
    made.add_argument("--scale", choices=SCALES, help="full and small if not given")
    made.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    read = " and ".join(map(str, ledgers()))
    made.add_argument("--ledger", type=Path, help=f"folder of finished records (default: {read.replace('%', '%%')})")
    return parser


def _add_option(group, name: str, kind: type, default: object, help: str) -> None:
    """One command line option for a field of `Config` or an option of a method."""
    flag = "--" + name.replace("_", "-")
    help = help if default is None else f"{help} (default: %(default)s)"
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=help)
        return
    if isinstance(kind, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    group.add_argument(flag, type=kind, default=default, help=help, metavar=kind.__name__.upper())


def _documented(name: str, documentation: str) -> str:
    """What the Args section of a docstring says of one argument, up to its first full stop or semicolon."""
    text = re.search(rf"^    {name}: (.+?)(?=^    \w|^\w|\Z)", documentation, re.MULTILINE | re.DOTALL).group(1)
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
