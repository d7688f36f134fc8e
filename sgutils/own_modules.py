"""A reader's own module: imported by its name, so that the methods, networks and data sets that it registers are known."""

import importlib
import os
import sys

from .errors import InputError

# Those that the command line was given, for the commands that it suggests.
imported: list[str] = []


def import_own(name: str) -> None:
    """Import a module, also one that lies in the current folder.

    Raises:
        InputError: if there is none of this name, or it cannot be imported.
    """
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise InputError(
            f"--import takes the name of a module, such as my_module for the file my_module.py, not {name!r}."
        )
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):  # something that the module itself needs
            raise InputError(
                f"The module {name} cannot be imported, for it needs {error.name}: install that."
            ) from error
        raise InputError(f"There is no module {name}: looked for in {here} and among what is installed.") from error
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ").rstrip(".")
        raise InputError(f"The module {name} cannot be imported: {said}.") from error
    if name not in imported:
        imported.append(name)
