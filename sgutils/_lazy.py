"""Packages whose names are looked up when they are first used, so that importing them loads nothing heavy."""

import importlib
import warnings
from collections.abc import Callable, Mapping


def lazy_names(
    package: str, home: Mapping[str, str], modules: tuple[str, ...] = (), renamed: Mapping[str, str] = {}
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package that finds each name in its module at its first use.

    Args:
        package: its ``__name__``.
        home: public name -> the module, relative to the package, that defines it.
        modules: those that are attributes themselves.
        renamed: old name -> new name, of what keeps working for one release with a warning.
    """
    namespace = vars(importlib.import_module(package))

    def find(name: str) -> object:
        if name in renamed:
            new = renamed[name]
            warnings.warn(
                f"{package}.{name} is now {new}; the old name goes in the next release.", FutureWarning, stacklevel=2
            )
            return find(new)
        if name in home:
            value = getattr(importlib.import_module(f".{home[name]}", package), name)
        elif name in modules:
            value = importlib.import_module(f".{name}", package)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        namespace[name] = value
        return value

    def names() -> list[str]:
        return sorted({*namespace, *home, *modules})

    return find, names
