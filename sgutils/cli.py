"""The command line: ``sgutils COMMAND``, also ``python -m sgutils COMMAND``."""

import argparse
import difflib
import errno
import importlib
import io
import os
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .checks import in_one_line, shown
from .errors import InputError
from .folders import DATA_VARIABLE

# What there is, by the name of its module in `sgutils.commands`.
COMMANDS = {
    "train": "Train one network; the defaults are the paper's recipe.",
    "resume": "Go on with a run that was stopped.",
    "evaluate": "Test error of a trained network, from the checkpoint.pt of its folder.",
    "predict": "Class and probability of image files, by a trained network.",
    "export": "Write a trained network as ONNX, its gates an input beside the images.",
    "reproduce": "Run what the ledger lacks of an experiment.",
    "results": "Print the paper's tables beside what the ledger holds, then all that it holds.",
}
IMPORT = "--import"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)
# Numbers that torchrun tells its processes.
OF_TORCHRUN = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT")
OF_SEVERAL_PROCESSES = ("train", "resume")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage of every option above it."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {in_one_line(message)}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it did what was asked, 2 on bad input, 1 if training failed or runs were passed over, 130 if it was stopped."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    command = shlex.join(["sgutils", *arguments])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that its encoding lacks is written out
            stream.reconfigure(errors="backslashreplace")
    usual, warnings.formatwarning = warnings.formatwarning, lambda message, *_: f"sgutils: {message}\n"
    first = threading.current_thread() is threading.main_thread()
    # A cluster's end of time is like Ctrl-C; and a shell's background ignores Ctrl-C, but not one that is sent to it.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        if first:  # no other thread may
            for number in before:
                signal.signal(number, signal.default_int_handler)
        _check_surroundings()
        given = _parsed(_without_imports(arguments))
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and given.name not in OF_SEVERAL_PROCESSES:
            raise InputError(f"Only train and resume work in several processes: start `{command}` without torchrun.")
        with _data_in(getattr(given, "data", None)):
            status = given.module.run(given, command)
            if sys.stdout is not None:  # closed by whoever started it
                sys.stdout.flush()  # what cannot be written is said here
            return status
    except InputError as error:
        if (
            not os.environ.get("LOCAL_RANK", "0").strip("0").isdecimal()
        ):  # the first of each machine, whose own data may be what is missing
            print(f"sgutils: {in_one_line(str(error))}", file=sys.stderr)
        return 2
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # of `sgutils results | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if error.filename is None and error.errno not in NO_ROOM:
            raise
        if error.filename is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"sgutils: The output cannot be written ({error.strerror}): write it elsewhere.", file=sys.stderr)
            return 2
        said = f"{os.fsdecode(error.filename)} cannot be used ({error.strerror}): choose another path."
        print(f"sgutils: {in_one_line(said)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sgutils: stopped.", file=sys.stderr)
        return 130
    finally:
        warnings.formatwarning = usual
        if first:
            for number, handler in before.items():
                signal.signal(number, handler)
        if distributed := sys.modules.get(f"{__package__}.training.distributed"):
            distributed.cleanup()


def _check_surroundings() -> None:
    """Raise an `InputError` where a command could not even begin: its folder is gone, or torchrun's variables hold anything."""
    try:
        os.getcwd()
    except OSError as error:
        raise InputError("The current folder is not there any more: change into another one.") from error
    for name in OF_TORCHRUN:
        if not (value := os.environ.get(name, "0")).isdecimal():
            raise InputError(
                f"The variable {name}, which torchrun sets, must be a whole number, not {shown(value)}: unset it."
            )


def _without_imports(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments from the command on; the modules that ``--import`` names before it have been imported."""
    while arguments and arguments[0].split("=")[0] == IMPORT:
        _, equals, name = arguments[0].partition("=")
        if not equals and len(arguments) == 1:
            break  # said by the parser
        from .own_modules import import_own

        import_own(name if equals else arguments[1])
        arguments = arguments[1:] if equals else arguments[2:]
    return arguments


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked, with the module that does it. Only that module is imported, so that help comes at once."""
    parser = _Parser(prog="sgutils", description="Train, evaluate and compare Self-Guidance and its peers.")
    parser.add_argument(
        IMPORT,
        metavar="MODULE",
        help="import a module of your own first, whose methods, networks and data sets are then known by name",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    asked: argparse.ArgumentParser = parser
    module = None
    for name, help in COMMANDS.items():
        made = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        if arguments and arguments[0] == name:
            module = importlib.import_module(f".commands.{name}", __package__)
            module.add_arguments(made, arguments)
            made.set_defaults(name=name, module=module)
            asked = made
    given, unknown = parser.parse_known_args(arguments)
    if unknown or module is None:  # without a module the command did not come first
        asked.error(_about(unknown, asked, module, given))
    return given


def _about(unknown: Sequence[str], parser: argparse.ArgumentParser, module, given: argparse.Namespace) -> str:
    """What to say of arguments that this command or method does not have."""
    if not unknown:
        return "the command comes first"
    option = unknown[0].split("=")[0]
    if option == IMPORT:
        return f"{IMPORT} comes before the command: sgutils {IMPORT} MODULE {given.name} ..."
    if (elsewhere := getattr(module, "where_it_belongs", None)) and (said := elsewhere(option, given)):
        return said
    known = [flag for action in parser._actions for flag in action.option_strings]
    near = difflib.get_close_matches(option, known, n=1, cutoff=0.7)
    return f"unrecognized arguments: {' '.join(unknown)}" + (f" (did you mean {near[0]}?)" if near else "")


@contextmanager
def _data_in(folder: Path | None) -> Iterator[None]:
    """Within it data sets are looked for in this folder; None leaves them where they were."""
    before = os.environ.get(DATA_VARIABLE)
    try:
        if folder is not None:
            os.environ[DATA_VARIABLE] = str(folder)
        yield
    finally:
        if before is None:
            os.environ.pop(DATA_VARIABLE, None)
        else:
            os.environ[DATA_VARIABLE] = before
