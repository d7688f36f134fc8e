"""What the paper claims beside whoever measured it: gains over plain training, by the paper, by public code and here.

Errors of different recipes do not share an axis; gains over the plain network of the same source do.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..training.config import Config
from ..training.record import Run, setting_key
from .comparisons import compare, measured_in
from .labels import DATASETS, NETWORKS, label, point_label
from .ledger import by_setting
from .map import MeasuredPoint, measured_points
from .paper import TABLES
from .public import PUBLIC, Source

# A gain of the paper's that is off every scale: lambda = 3 on CIFAR-10 blew up.
OFF_THE_SCALE = 50.0


@dataclass(frozen=True)
class Gain:
    """How much more a method errs than plain training, in points: below 0 it gains.

    Attributes:
        method: as `sgutils.results.labels.label` names it, with its network where a table has several.
        source: who measured it.
        kind: ``"paper"``, ``"public"`` or ``"ours"``.
        points: the difference.
        low: lower end of its 95 % interval; None where nothing says how far it could be off.
        high: as ``low``.
    """

    method: str
    source: str
    kind: str
    points: float
    low: float | None = None
    high: float | None = None


def gains_of(table: str, dataset: str, runs: Sequence[Run]) -> list[Gain]:
    """Every gain over plain training that a table of the paper prints, with those of public code and of this book.

    Args:
        table: a key of `sgutils.results.paper.TABLES`.
        dataset: one of those that it has.
        runs: the ledger.

    Returns:
        Method by method, in the order of the table; of each the paper's first, then public ones, then ours.
    """
    cells = [cell for cell in TABLES[table].cells if cell.setting["dataset"] == dataset and cell.error is not None]
    plain = {cell.setting["model"]: cell.error for cell in cells if cell.setting["method"] == "baseline"}
    points = [point for point in measured_points(runs) if point.dataset == dataset and point.large]
    found = []
    for cell in cells:
        config = Config(**cell.setting)
        if config.method == "baseline" or config.model not in plain:
            continue
        name = label(config.method, config.options)
        shown = f"{NETWORKS[config.model]}, {name}" if len(plain) > 1 else name
        difference = (cell.error or 0.0) - (plain[config.model] or 0.0)
        if abs(difference) < OFF_THE_SCALE:
            found.append(Gain(shown, "the paper", "paper", difference))
        found += [Gain(shown, *rest) for rest in _public(dataset, config.model, name)]
        found += [Gain(shown, *rest) for rest in _at_full_recipe(config, runs)]
        if config.model == cells[0].setting["model"]:  # ours below the full recipe have one network, and stand once
            found += [Gain(name, *rest) for rest in _ours(name, dataset, runs, points)]
    return found


def labelled(table: str, datasets: Sequence[str], runs: Sequence[Run]) -> dict[str, Gain]:
    """The same for several data sets, each gain under the name that a figure gives its row."""
    gains = [(dataset, gain) for dataset in datasets for gain in gains_of(table, dataset, runs)]
    prefix = {dataset: f"{DATASETS[dataset]}, " if len(datasets) > 1 else "" for dataset in datasets}
    return {f"{prefix[dataset]}{gain.method}: {gain.source}": gain for dataset, gain in gains}


def not_run(tables: Iterable[str], runs: Sequence[Run]) -> str:
    """One line: how many of these tables' cells this book has measured at the paper's recipe, and what measures the others."""
    names = sorted(tables)
    done = by_setting([run for run in runs if run.finished])
    cells = [cell for name in names for cell in TABLES[name].cells if cell.error is not None]
    count = sum(setting_key(Config(**cell.setting).as_dict()) in done for cell in cells)
    *most, last = (int(name.removeprefix("table")) for name in names)
    in_a_row = len(most) > 1 and [*most, last] == list(range(most[0], last + 1))
    listed = f"{most[0]} to {last}" if in_a_row else f"{', '.join(map(str, most))} and {last}"
    of = f"{len(cells)} cells of " + (f"Tables {listed}" if most else f"Table {last}")
    if count == len(cells):
        return f"All {of} were run here at the paper's recipe."
    have = f"{count} of the {of} were" if count else f"None of the {of} was"
    what = (
        f"`sgutils reproduce {names[0]}` runs {'the rest' if count else 'the first of them' if most else 'the table'}"
    )
    return f"{have} run here at the paper's recipe; {what}."


def _public(dataset: str, model: str, method: str) -> Iterator[tuple]:
    """Of sources that also print their plain network."""
    here = [one for one in PUBLIC if (one.dataset, one.model) == (dataset, model)]
    plain = {one.source: one.error for one in here if one.method == "plain"}
    for one in here:
        if one.method == method != "plain" and one.source in plain:
            yield one.source.name, "public", one.error - plain[one.source]


def _at_full_recipe(config: Config, runs: Sequence[Run]) -> Iterator[tuple]:
    done = by_setting(list(runs))
    plain = Config(dataset=config.dataset, model=config.model, method="baseline")
    groups = {name: done.get(setting_key(c.as_dict()), []) for name, c in (("plain", plain), ("it", config))}
    if (found := compare(groups, "it", "plain")) is not None:
        yield "here, the paper's recipe", "ours", found.mean, found.low, found.high


def _ours(method: str, dataset: str, runs: Sequence[Run], points: Sequence[MeasuredPoint]) -> Iterator[tuple]:
    for point in points:
        for name in point.groups:
            found = point.against("plain", name) if point_label(name) == method else None
            if found is not None:
                recipe = point.point.recipe
                source = f"here, {recipe['epochs']} epochs"
                yield source, "ours", found.mean, found.low, found.high
    small = measured_in("every-method", runs, "small", dataset)
    if small.get(method) and small.get("plain") and (found := compare(small, method, "plain")) is not None:
        yield "here, small scale", "ours", found.mean, found.low, found.high


def printed_errors(dataset: str, model: str, method: str) -> list[tuple[str, float, float | None, str]]:
    """What the paper and public code print for one network and method.

    Returns:
        Of each: who prints it, with a star where it is another network of that depth; the error in per cent; its standard
        deviation; and its kind, as in `Gain`.
    """
    printed = {
        cell.error: name
        for name, table in reversed(TABLES.items())
        for cell in table.cells
        if cell.error is not None
        and (cell.setting["dataset"], cell.setting["model"]) == (dataset, model)
        and label(cell.setting["method"], cell.setting.get("options", {})) == method
    }
    rows: list[tuple[str, float, float | None, str]] = [
        (f"the paper, {name.replace('table', 'Table ')}", error, None, "paper")
        for error, name in sorted(printed.items(), key=lambda item: item[1])
    ]
    for one in PUBLIC:
        if (one.dataset, one.model, one.method) == (dataset, model, method):
            rows.append((f"{one.source.name}{' *' if one.shape else ''}", one.error, one.spread, "public"))
    return rows


def sources_sentence(dataset: str) -> str:
    """Who the public sources are, with links and what differs in their recipes."""
    seen: dict[Source, set[str]] = {}
    for one in PUBLIC:
        if one.dataset == dataset:
            seen.setdefault(one.source, set()).add(one.shape)
    parts = []
    for source, shapes in seen.items():
        shape = "; ".join(sorted(filter(None, shapes)))
        parts.append(f"[{source.name}]({source.link}): {source.recipe}{f' (starred: {shape})' if shape else ''}")
    return f"{DATASETS[dataset]}, public sources. " + ". ".join(parts) + "."
