"""The ledger: one JSON file per run, from which every number in the book comes."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..checks import is_number, path_of, shown
from ..errors import InputError
from ..folders import data_folder, ledgers, records
from ..training.record import Run, load_run, setting_key


def load_results(folder: str | Path | None = None) -> list[Run]:
    """All runs of a ledger, in the order of their file names.

    Args:
        folder: of JSON files; None is what ships with the book and, for an installed package, what ``data/results`` here
            holds: of two files with one name, the one that is here.

    Raises:
        InputError: if there is no such folder, a file in it is not a record of a run, or two are of one run.
    """
    found: dict[str, Path] = {}
    runs = []
    for path in records(ledgers() if folder is None else [path_of("folder", folder)]):
        run = load_run(path)
        if run.name in found:  # it would count as two seeds
            raise InputError(
                f"{found[run.name]} and {path} are records of one and the same run (configuration and seed): keep one of them."
            )
        found[run.name] = path
        runs.append(run)
    return runs


def load_benchmark(name: str) -> dict | None:
    """What ``make bench`` measured, from a file of ``data/benchmarks``; None if it was not run.

    Args:
        name: of the file, without ending, such as ``"steps-cpu"``.
    """
    path = data_folder() / "benchmarks" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def by_setting(runs: list[Run]) -> dict[str, list[Run]]:
    """Runs that differ in nothing but the seed, together, in order of seed; keyed by `setting_key`."""
    groups = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.seed):
        groups[setting_key(run.config)].append(run)
    return dict(groups)


def mean_std(values: Iterable[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation; the latter is None for a single value.

    Raises:
        InputError: if there is none, or one is not a finite number.
    """
    numbers = list(values) if isinstance(values, Iterable) else []
    if not numbers or not all(map(is_number, numbers)):
        raise InputError(f"A mean needs finite numbers, at least one, not {shown(values)}.")
    numbers = list(map(float, numbers))
    return statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None
