"""What the results explorer shows: every run of the ledger and every number of the paper, small enough for a page.

Only the standard library is used, so that the site is built without torch. Errors are whole hundredths of a percent.
"""

import json
import math

from ...errors import InputError
from ...folders import ledgers, records
from ...results.labels import NETWORKS, PEERS, label, row_key, unusual, written
from ...results.paper import FIGURES, TABLES
from ...results.signatures import config_defaults, method_defaults

# A curve keeps this many epochs at most: every second, third, ... counted back from the last.
LONGEST = 40

# What of a record's configuration is not part of a group's recipe: the row, and what stands beside it.
NOT_RECIPE = ("dataset", "model", "method", "options", "seed")
RECIPE = {key: value for key, value in config_defaults().items() if key not in NOT_RECIPE}
# What the explorable can switch on and off, each one row or several.
LAMBDAS = (0.0, 0.1, 0.25, 0.5, 1.0, 3.0)
SWITCHES = (
    *("plain", "stochastic depth"),
    *(f"{lam:g}" for lam in LAMBDAS),
    *("w/o backward full", "variants"),
    *PEERS.values(),
)


def recording():
    """All of it, as JSON values.

    `rows` are the methods with their options, `groups` the ledger's runs that differ in nothing but row and seed, and
    `paper` the printed columns. In a group, `rows` maps a row's key to its runs: seed, name of the ledger file, and
    test and training error at the epochs in `kept`.

    Raises:
        InputError: if a file of the ledger is not a record of a run.
    """
    rows: dict = {}
    groups: dict = {}
    for path in records(ledgers()):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            config = config_defaults() | run["config"]
            if config["validation_examples"]:
                continue  # it was tested once, after its last epoch, and has no curve to show; the map shows it
            row = _row(config["method"], config["options"], rows)
            name = (config["dataset"], config["model"], *(config[key] for key in RECIPE))
            group = groups.setdefault(name, _group(config))
            group["rows"].setdefault(row, []).append(_run(run, path.stem, group["kept"]))
        except InputError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is not a record of a run: expected a JSON file that `sgutils train` wrote."
            ) from error
    for group in groups.values():
        for runs in group["rows"].values():
            runs.sort(key=lambda run: run["seed"])
    paper = _paper(rows)
    order = sorted(rows, key=lambda key: (SWITCHES.index(rows[key][1]), rows[key][2], key))
    return {
        "switches": list(SWITCHES),
        "rows": [{"key": key, "label": rows[key][0], "switch": rows[key][1]} for key in order],
        "groups": sorted(groups.values(), key=lambda group: (group["dataset"], group["name"])),
        "paper": paper,
    }


def scale_name(config):
    """A run's network and scale in words, "the paper's recipe" where nothing is scaled down."""
    words = [NETWORKS.get(config["model"], config["model"])]
    if all(config[key] == value for key, value in RECIPE.items()):
        return f"{words[0]}, the paper’s recipe"
    if config["image_size"]:
        words.append("{0} × {0} pixels".format(config["image_size"]))
    if config["train_examples"]:
        words.append(f"{config['train_examples']:,} images")
    words.append(f"{config['epochs']} epochs")
    if not config["augment"]:
        words.append("no augmentation")
    named = {"image_size", "train_examples", "test_examples", "epochs", "batch_size", "augment"}
    words += [
        f"{key} {written(config[key])}" for key, value in RECIPE.items() if key not in named and config[key] != value
    ]
    return ", ".join(words)


def kept_epochs(epochs):
    """The epochs, from 1, that a curve of this many keeps; the last is always among them."""
    step = math.ceil(epochs / LONGEST)
    return [epoch for epoch in range(1, epochs + 1) if (epochs - epoch) % step == 0]


def _row(method, options, rows):
    """The row's key; its label, its switch and its place among the rows of that switch are added to `rows`."""
    key, found = row_key(method, options), unusual(method, options)
    lam = found.get("lam", method_defaults("self-guidance")["lam"])
    if method != "self-guidance":
        switch = PEERS.get(method) or label(method, {})
    elif not set(found) - {"lam"} and lam in LAMBDAS:
        switch = f"{lam:g}"
    else:
        switch = label(method, options)
    rows[key] = (label(method, options), switch if switch in SWITCHES else "variants", len(found))
    return key


def _group(config):
    return {
        "dataset": config["dataset"],
        "model": config["model"],
        "name": scale_name(config),
        "full": all(config[key] == value for key, value in RECIPE.items()),
        "epochs": config["epochs"],
        "kept": kept_epochs(config["epochs"]),
        "rows": {},
    }


def _run(run, name, kept):
    """A run in short. A curve that ends early has fewer values than there are epochs to keep."""
    short = {"seed": run["config"]["seed"], "file": name}
    for key, curve in (("test", "test_error"), ("train", "train_error")):
        values = run["curves"].get(curve, [])
        short[key] = [round(10_000 * values[epoch - 1]) for epoch in kept if epoch <= len(values)]
    if run["status"] != "finished":
        short["status"] = run["status"]
    return short


def _paper(rows):
    """The printed numbers by table, data set and network, each with the row that it belongs to."""
    columns: dict = {}
    for name, table in TABLES.items():
        for cell in table.cells:
            dataset, model = cell.setting["dataset"], cell.setting["model"]
            figures = [title.title.split(":")[0] for title in FIGURES.values() if _shows(title, dataset, model)]
            column = columns.setdefault(
                (name, dataset, model),
                {
                    "table": table.title.split(":")[0],
                    "dataset": dataset,
                    "model": model,
                    "name": f"{table.title.split(':')[0]}, {NETWORKS[model]}",
                    "figures": figures,
                    "errors": {},
                },
            )
            if cell.error is None:  # a table prints a number in each cell; only curves have none
                continue
            key = _row(cell.setting["method"], cell.setting.get("options", {}), rows)
            column["errors"][key] = {"error": round(100 * cell.error), **({"note": cell.note} if cell.note else {})}
    return list(columns.values())


def _shows(figure, dataset, model):
    """Whether a figure of the paper has training curves of that network; Figure 5 has none."""
    return "urves" in figure.title and any(
        (c.setting["dataset"], c.setting["model"]) == (dataset, model) for c in figure.cells
    )
