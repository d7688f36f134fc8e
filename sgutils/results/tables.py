"""The paper's tables beside what the ledger holds, and the ledger as a table, in text and in Markdown."""

from collections import Counter

from ..checks import in_one_line, one_of
from ..training.config import Config
from ..training.record import Run, setting_key
from .labels import row_key
from .ledger import by_setting, mean_std
from .paper import FIGURES, TABLES


def describe_setting(config: dict) -> tuple[str, str]:
    """A configuration in words: the method with what differs from its defaults, and the scale.

    The scale is "full recipe" for the paper's own (sec. 4.1), and says how it differs for any other, so that a
    scaled-down run never passes for a full one.
    """
    full = Config()
    words = {
        "train_examples": "{:,} training images",
        "test_examples": "{:,} test images",
        "image_size": "{0} x {0} pixels",
        "epochs": "{} epochs",
        "batch_size": "batch {}",
        "augment": "no augmentation",
    }
    recipe = ("dataset", "model", "method", "options", "seed")
    scale = [
        words.get(name, name + " {}").format(value)
        for name, value in config.items()
        if name not in recipe and value != getattr(full, name)
    ]
    return row_key(config["method"], config["options"]), ", ".join(scale) or "full recipe"


def beside_the_paper(name: str, runs: list[Run], scale: str = "full") -> list[dict[str, str]]:
    """A table or figure of the paper, each printed number beside what the ledger's runs measured, or "not run".

    Args:
        name: one of `sgutils.results.paper.TABLES` or `sgutils.results.paper.FIGURES`.
        runs: the ledger; runs at any other scale are ignored.
        scale: one of `sgutils.training.config.SCALES`.

    Returns:
        Rows of equal keys, ready for `as_text` and `as_markdown`. At a reduced scale the network is not the row's own.

    Raises:
        InputError: if there is no such table.
    """
    one_of("name", name, TABLES | FIGURES)
    groups = by_setting(runs)
    rows = []
    for cell in (TABLES | FIGURES)[name].cells:
        config = Config.at_scale(scale, **cell.setting).as_dict()
        group = groups.get(setting_key(config), [])
        printed = "a curve" if cell.error is None else f"{cell.error:.2f}"
        row = {"row": cell.label, "data set": config["dataset"]}
        row |= {"paper": printed + (f" ({cell.note})" if cell.note else "")}
        row |= {} if scale == "full" else {"run here": config["model"]}
        rows.append(row | {"measured": _error(group) if group else "not run", "seeds": _seeds(group)})
    return rows


def title_at_scale(name: str, scale: str) -> str:
    """The title of a table or figure of the paper, with what is changed at a reduced scale."""
    table = (TABLES | FIGURES)[name]
    if scale == "full":
        return table.title
    return f"{table.title} (scale {scale}: {describe_setting(Config.at_scale(scale).as_dict())[1]})"


def measured(runs: list[Run]) -> list[dict[str, str]]:
    """The last-epoch test error of every setting, mean and standard deviation over its seeds, with its scale."""
    rows = []
    for group in by_setting(runs).values():
        config = group[0].config
        method, scale = describe_setting(config)
        rows.append(
            {
                # Of a record that somebody wrote by hand: in one line, whatever is in it.
                "data set": in_one_line(config["dataset"]),
                "network": in_one_line(config["model"]),
                "method": in_one_line(method),
                "test error, %": _error(group),
                "seeds": _seeds(group),
                "scale": scale,
            }
        )
    return sorted(rows, key=lambda row: (row["data set"], row["network"], row["scale"], row["method"]))


def as_text(rows: list[dict[str, str]]) -> str:
    """Rows of equal keys as aligned columns; of none, an empty text."""
    if not rows:
        return ""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def as_markdown(rows: list[dict[str, str]]) -> str:
    """Rows of equal keys as a Markdown table; of none, an empty text."""
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _error(group: list[Run]) -> str:
    """Mean and standard deviation in percent of the runs that finished, and how many did not."""
    finished = [run.error for run in group if run.finished]
    cells = []
    if finished:
        mean, std = mean_std(finished)
        cells.append(f"{mean:.2f}" + ("" if std is None else f" ± {std:.2f}"))
    others = Counter(run.status for run in group if not run.finished)
    cells += [f"{count} {status}" for status, count in sorted(others.items())]
    return ", ".join(cells)


def _seeds(group: list[Run]) -> str:
    """How many runs, and how many of them trained in bfloat16, if any."""
    low = sum(run.precision != "float32" for run in group)
    return str(len(group)) + (f", {'all' if low == len(group) else low} in bfloat16" if low else "")
