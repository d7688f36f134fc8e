"""The results explorer shows the ledger and the paper, each number from where it says, and nothing else."""

import dataclasses
import gzip
import json

import pytest
from support.layout import WIDTHS, at_width, misplaced_words

from sgutils import widgets
from sgutils.folders import data_folder
from sgutils.methods import METHODS, options
from sgutils.results.labels import row_key
from sgutils.results.paper import TABLES
from sgutils.results.signatures import config_defaults, method_defaults
from sgutils.training.config import Config
from sgutils.widgets import bundle
from sgutils.widgets.results_explorer import ledger

LEDGER = data_folder() / "results"
ALL = ",".join(ledger.SWITCHES)


@pytest.fixture(scope="module")
def recording():
    return ledger.recording()


def runs_of(recording):
    return [(group, key, run) for group in recording["groups"] for key, runs in group["rows"].items() for run in runs]


def test_every_point_is_that_of_its_ledger_file(recording):
    for group, key, run in runs_of(recording):
        record = json.loads((LEDGER / f"{run['file']}.json").read_text())
        assert run["seed"] == record["config"]["seed"]
        assert (group["dataset"], group["model"]) == (record["config"]["dataset"], record["config"]["model"])
        assert key == row_key(record["config"]["method"], record["config"]["options"])
        for shown, curve in (("test", "test_error"), ("train", "train_error")):
            whole = record["curves"][curve]
            assert len(run[shown]) == sum(epoch <= len(whole) for epoch in group["kept"])
            for epoch, value in zip(group["kept"], run[shown], strict=False):
                assert abs(value / 10_000 - whole[epoch - 1]) <= 0.51e-4
        if record["status"] == "finished":
            assert abs(run["test"][-1] / 10_000 - record["last_test_error"]) <= 0.51e-4


def test_every_run_of_the_ledger_is_there_once(recording):
    tested_each_epoch = [  # the map shows the others
        path.stem
        for path in LEDGER.glob("*.json")
        if not json.loads(path.read_text())["config"].get("validation_examples")
    ]
    assert sorted(run["file"] for _, _, run in runs_of(recording)) == sorted(tested_each_epoch)


def test_runs_stand_together_only_where_the_seed_alone_differs(recording):
    for group in recording["groups"]:
        for runs in group["rows"].values():
            configs = [json.loads((LEDGER / f"{run['file']}.json").read_text())["config"] for run in runs]
            assert len({json.dumps({k: v for k, v in c.items() if k != "seed"}, sort_keys=True) for c in configs}) == 1
            assert [c["seed"] for c in configs] == sorted({c["seed"] for c in configs})


def test_a_menu_can_tell_groups_apart(recording):
    names = [(group["dataset"], group["name"]) for group in recording["groups"]]
    assert len(names) == len(set(names))


def test_every_printed_number_is_there(recording):
    columns = {(column["table"], column["dataset"], column["model"]): column["errors"] for column in recording["paper"]}
    counted = 0
    for table in TABLES.values():
        for cell in table.cells:
            config = Config(**cell.setting)
            errors = columns[table.title.split(":")[0], config.dataset, config.model]
            assert errors[row_key(config.method, config.options)]["error"] == round(100 * cell.error)
            counted += 1
    assert counted == sum(map(len, columns.values()))


def test_recipe_and_options_are_those_of_training():
    fields = {field.name: field.default for field in dataclasses.fields(Config) if field.name != "options"}
    assert config_defaults() == fields
    assert set(fields) - set(ledger.RECIPE) == {"dataset", "model", "method", "seed"}
    for name in METHODS:
        assert method_defaults(name) == {key: parameter.default for key, parameter in options(name).items()}


@pytest.mark.parametrize(
    ("epochs", "kept"), [(1, [1]), (24, list(range(1, 25))), (40, list(range(1, 41))), (120, list(range(3, 121, 3)))]
)
def test_a_long_curve_is_thinned_and_keeps_its_last_epoch(epochs, kept):
    assert ledger.kept_epochs(epochs) == kept


def test_it_is_light():
    page = bundle.mount_html("results_explorer") + bundle.module_source("results_explorer")
    assert len(gzip.compress(page.encode(), 6)) < 60_000


@pytest.mark.parametrize("view", ["last epoch", "curves"])
@pytest.mark.parametrize("width", [328, 800])
def test_every_choice_of_data_can_be_drawn(stage, recording, view, width):
    """No menu leads to an empty picture, a number that is none, or words outside the frame."""
    stage.page.set_viewport_size({"width": width, "height": 800})
    groups = {(group["dataset"], group["name"]) for group in recording["groups"]}
    for dataset, name in sorted(groups | {(column["dataset"], "the paper’s recipe") for column in recording["paper"]}):
        stage.show(
            "results_explorer", {"dataset": dataset, "runs": name, "view": view, "error": "both", "methods": ALL}
        )
        picture = stage.picture()
        assert "NaN" not in picture and "undefined" not in picture
        assert stage.page.locator(".sg-wide select").input_value() == name
        assert stage.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS[:3])
@pytest.mark.parametrize("view", ["last epoch", "curves"])
@pytest.mark.parametrize("methods", [bundle.default_state("results_explorer")["methods"], ALL])
def test_with_every_method_on_all_words_lie_in_the_drawing_and_none_on_another(stage, view, methods, width):
    at_width(stage, width)
    stage.show("results_explorer", {"view": view, "error": "both", "methods": methods})
    assert misplaced_words(stage) == []


def test_every_lambda_is_called_so_where_nothing_was_run(stage, recording):
    not_run = [group for group in recording["groups"] if group["dataset"] != "raf-db"]
    stage.show("results_explorer", {"dataset": "raf-db", "ledger": recording | {"groups": not_run}})
    stage.picture()
    words = stage.page.locator("svg text").all_text_contents()
    assert {f"λ = {lam:g}" for lam in ledger.LAMBDAS} <= set(words)
    assert "not run" in words and not any("±" in said for said in words)  # no heading over what is not there


@pytest.mark.parametrize(
    ("error", "said"), [("test", "test error,"), ("training", "training error,"), ("both", "test error,")]
)
def test_the_numbers_say_which_error_they_are(stage, error, said):
    stage.show("results_explorer", {"error": error})
    stage.picture()
    assert said in stage.page.locator("svg text").all_text_contents()


@pytest.mark.parametrize("view", ["last epoch", "curves"])
def test_without_a_method_there_is_no_axis_and_a_sentence_says_what_to_do(stage, view):
    stage.show("results_explorer", {"view": view, "methods": ""})
    stage.picture()
    assert stage.page.locator("svg:visible").count() == 0
    assert "switch on" in stage.page.locator(".sg-source").inner_text()


def test_on_a_wide_page_no_menu_is_cut(stage, recording):
    at_width(stage, WIDTHS[0])
    for dataset in sorted({group["dataset"] for group in recording["groups"]}):
        stage.show("results_explorer", {"dataset": dataset})
        stage.picture()
        wanted = stage.page.evaluate(
            """() => [...document.querySelectorAll('select')].map((menu) => {
              const free = menu.cloneNode(true);
              free.style.cssText = 'width: auto; position: absolute';
              menu.parentElement.append(free);
              const short = free.offsetWidth - menu.offsetWidth;
              free.remove();
              return short;
            })"""
        )
        assert max(wanted) <= 0, dataset


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_on_a_phone_the_runs_are_named_in_full(stage, recording, width):
    at_width(stage, width)
    for dataset in sorted({group["dataset"] for group in recording["groups"]}):
        stage.show("results_explorer", {"dataset": dataset})
        stage.picture()
        menu, words = stage.page.locator(".sg-wide select"), stage.page.locator(".sg-words")
        assert words.inner_text() == menu.evaluate("(menu) => menu.selectedOptions[0].textContent")
        assert words.evaluate(
            "(node) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight"
        ), dataset
        hit, seen = menu.bounding_box(), words.bounding_box()
        assert all(abs(hit[side] - seen[side]) < 1 for side in seen)  # pressed where it is seen


def test_what_was_not_run_says_so(stage, recording):
    small = recording | {"groups": [group for group in recording["groups"] if group["dataset"] != "cifar100"]}
    chosen = {"dataset": "cifar100", "paper": "Table 6, ResNet-110", "methods": "plain,0.25,KD"}
    stage.show("results_explorer", {"ledger": small} | chosen)
    stage.picture()
    words = stage.page.locator("svg text").all_text_contents()
    assert words.count("not run") == 4  # the three rows, and the whole panel
    assert "25.33" in words and "21.60" in words and words.count("–") == 1


def test_a_mark_names_the_file_that_it_comes_from(stage, recording):
    group = max(recording["groups"], key=lambda group: max(map(len, group["rows"].values())))
    stage.show("results_explorer", {"dataset": group["dataset"], "runs": group["name"], "methods": ALL})
    stage.picture()
    marks = stage.page.locator(".sg-mark")
    told = [marks.nth(i).get_attribute("aria-label") for i in range(marks.count())]
    for key, runs in group["rows"].items():
        for run in runs if len(runs) > 1 else ():
            (said,) = [words for words in told if words.endswith(f"data/results/{run['file']}.json")]
            assert f"seed {run['seed']}:" in said and f"{run['test'][-1] / 100:.2f} %" in said, key
    marks.nth(1).hover()
    assert stage.page.locator(".sg-source").inner_text() == told[1]


def test_marks_are_walked_by_arrow_keys_and_are_one_stop_for_tab(stage):
    stage.show("results_explorer")
    stage.picture()
    marks = stage.page.locator(".sg-mark")
    assert marks.count() > 3 and stage.page.locator(".sg-mark[tabindex='0']").count() == 1
    marks.first.focus()
    for key, expected in (
        ("ArrowRight", 1),
        ("ArrowDown", 2),
        ("ArrowLeft", 1),
        ("End", marks.count() - 1),
        ("Home", 0),
    ):
        stage.page.keyboard.press(key)
        assert stage.page.locator(".sg-source").inner_text() == marks.nth(expected).get_attribute("aria-label")
    assert stage.page.locator(".sg-mark[tabindex='0']").count() == 1


def test_curves_are_walked_by_arrow_keys(stage, recording):
    group = max(recording["groups"], key=lambda group: len(group["rows"]))
    stage.show(
        "results_explorer",
        {
            "dataset": group["dataset"],
            "runs": group["name"],
            "view": "curves",
            "seeds": "0",
            "methods": "plain,stochastic depth",
        },
    )
    stage.picture()
    stage.page.keyboard.press("Tab")
    stage.page.locator(".sg-field").focus()
    stage.page.keyboard.press("Home")
    for key, row, at in (("End", "baseline", -1), ("ArrowLeft", "baseline", -2), ("ArrowDown", "stochastic-depth", -2)):
        stage.page.keyboard.press(key)
        run = next(run for run in group["rows"][row] if run["seed"] == 0)
        said = stage.page.locator(".sg-source").inner_text()
        assert said.endswith(f"data/results/{run['file']}.json")
        assert f"epoch {group['kept'][at]}: test error {run['test'][at] / 100:.2f} %" in said


@pytest.mark.parametrize(
    "damage",
    [
        {"groups": None},
        {"rows": [{"key": 1}]},
        {"switches": "plain"},
        {"paper": [{"errors": {}}]},
        {"groups": [{"kept": [0.5]}]},
    ],
)
def test_a_damaged_ledger_is_a_sentence(stage, recording, damage):
    stage.show("results_explorer", {"ledger": recording | damage})
    assert "needs the ledger" in stage.page.locator(".sg-x").inner_text()


def test_what_a_state_wishes_and_the_ledger_lacks_falls_back(stage):
    stage.show("results_explorer")
    usual = stage.picture()
    stage.show("results_explorer", {"runs": "a network of dreams", "paper": "Table 9", "seeds": "77"})
    assert stage.picture() == usual


def test_settings_are_checked_in_a_sentence():
    for state, sentence in (
        ({"dataset": "imagenet"}, "dataset must be 'cifar10'"),
        (
            {"methods": "plain,magic"},
            "methods must be a list, with commas, of some of: plain, stochastic depth, 0, 0.1",
        ),
        ({"view": "bars"}, "view must be 'last epoch' or 'curves', but it was 'bars'."),
        ({"ledger": []}, "ledger must be what sgutils.widgets.results_explorer.ledger.recording makes"),
    ):
        with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
            widgets.ResultsExplorer(**state)
