"""What the results explorer shows: every run of the ledger and every number of the paper, small enough for a page.

Only the standard library is used, so that the site is built without torch. Errors are whole hundredths of a percent.
"""

import json
import math

from ..folders import data_folder
from ..paper import FIGURES, TABLES

# A curve keeps so many epochs at most: every second, third, ... counted back from the last.
LONGEST = 40

# The paper's recipe, and what a method's options usually are: as in `Config` and in each method's signature, which need
# torch. The tests hold them together.
RECIPE = {
    "epochs": 300,
    "batch_size": 128,
    "lr": 0.1,
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "augment": True,
    "image_size": None,
    "train_examples": None,
    "test_examples": None,
}
USUAL = {
    "baseline": {},
    "stochastic-depth": {"p_last": 0.5},
    "self-guidance": {
        "lam": 0.25,
        "tau": 3.0,
        "p_last": 0.5,
        "detach_teacher": True,
        "kl_direction": "teacher||student",
        "bn_statistics": "teacher",
        "backward_full": True,
    },
    "mutual-learning": {"tau": 1.0, "averaged": False},
    "native-ensemble": {"tau": 3.0},
    "diverse-peers": {"tau": 3.0},
    "distillation": {"teacher": None, "lam": 1.0, "tau": 4.0},
    "cosub": {"lam": 0.5, "tau": 1.0, "p_last": 0.5},
}

# What the explorable can switch on and off, each one row or several.
LAMBDAS = (0.0, 0.1, 0.25, 0.5, 1.0, 3.0)
PEERS = {"mutual-learning": "DML", "native-ensemble": "ONE", "diverse-peers": "OKDDip", "distillation": "KD", "cosub": "cosub"}
SWITCHES = (
    *("plain", "stochastic depth"),
    *(f"{lam:g}" for lam in LAMBDAS),
    *("w/o backward full", "variants"),
    *PEERS.values(),
)

_OPTION_WORDS = {
    ("detach_teacher", False): "attached",
    ("kl_direction", "student||teacher"): "S‖T",
    ("bn_statistics", "both"): "BN of both",
    ("bn_statistics", "recalibrate"): "BN recalibrated",
    ("backward_full", False): "w/o backward full",
    ("averaged", True): "averaged",
}
_LETTERS = {"lam": "λ", "tau": "τ", "p_last": "p_L"}
_NETWORKS = {"resnet20": "ResNet-20", "resnet32": "ResNet-32", "resnet50": "ResNet-50", "resnet56": "ResNet-56", "resnet110": "ResNet-110"}


def recording():
    """All of it, as JSON values.

    `rows` are the methods with their options, `groups` the ledger's runs that differ in nothing but row and seed, and
    `paper` the printed columns. In a group, `rows` maps a row's key to its runs: seed, digest of the ledger file, and
    test and training error at the epochs in `kept`.
    """
    rows, groups = {}, {}
    for path in sorted((data_folder() / "results").glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        config = run["config"]
        row = _row(config["method"], config["options"], rows)
        name = (config["dataset"], config["model"], *(config[key] for key in RECIPE))
        group = groups.setdefault(name, _group(config))
        group["rows"].setdefault(row, []).append(_run(run, path.stem, group["kept"]))
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


def row_key(method, options):
    """A method with what differs from its usual options: "self-guidance lam=3 kl_direction=student||teacher"."""
    return " ".join([method, *(f"{name}={_plain(value)}" for name, value in _unusual(method, options).items())])


def scale_name(config):
    """A run's network and scale in words, "the paper's recipe" where nothing is scaled down."""
    words = [_NETWORKS.get(config["model"], config["model"])]
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
    words += [f"{key} {config[key]:g}" for key, value in RECIPE.items() if key not in named and config[key] != value]
    return ", ".join(words)


def kept_epochs(epochs):
    """The epochs, from 1, that a curve of so many keeps; the last is always among them."""
    step = math.ceil(epochs / LONGEST)
    return [epoch for epoch in range(1, epochs + 1) if (epochs - epoch) % step == 0]


def _row(method, options, rows):
    """The row's key; its label, its switch and its place among the rows of that switch are added to `rows`."""
    key, unusual = row_key(method, options), _unusual(method, options)
    # lam comes first: it is what the others are compared at.
    words = [
        _OPTION_WORDS.get((name, unusual[name]), f"{_LETTERS.get(name, name)} = {_plain(unusual[name])}")
        for name in sorted(unusual, key=lambda name: name != "lam")
    ]
    if method == "self-guidance":
        lam = options.get("lam", USUAL[method]["lam"])
        alone = not set(unusual) - {"lam"}
        switch = f"{lam:g}" if alone and lam in LAMBDAS else words[0] if words == ["w/o backward full"] else "variants"
        words = words or [f"λ = {lam:g}"]
    else:
        switch = {"baseline": "plain", "stochastic-depth": "stochastic depth"}.get(method) or PEERS.get(method, "variants")
        words = [method if switch == "variants" else switch, *words]
    rows[key] = (", ".join(words), switch, len(unusual))
    return key


def _unusual(method, options):
    usual = USUAL.get(method, {})
    # By name, so that the order in which a record lists its options does not matter.
    return {name: options[name] for name in sorted(options) if options[name] != usual.get(name)}


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
    columns = {}
    for name, table in TABLES.items():
        for cell in table.cells:
            dataset, model = cell.setting["dataset"], cell.setting["model"]
            figures = [title.title.split(":")[0] for title in FIGURES.values() if _shows(title, dataset, model)]
            column = columns.setdefault((name, dataset, model), {
                "table": table.title.split(":")[0],
                "dataset": dataset,
                "model": model,
                "name": f"{table.title.split(':')[0]}, {_NETWORKS[model]}",
                "figures": figures,
                "errors": {},
            })
            key = _row(cell.setting["method"], cell.setting.get("options", {}), rows)
            column["errors"][key] = {"error": round(100 * cell.error), **({"note": cell.note} if cell.note else {})}
    return list(columns.values())


def _shows(figure, dataset, model):
    """Whether a figure of the paper has training curves of that network; Figure 5 has none."""
    return "urves" in figure.title and any((c.setting["dataset"], c.setting["model"]) == (dataset, model) for c in figure.cells)


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else str(value)
