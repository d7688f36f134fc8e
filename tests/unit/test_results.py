import dataclasses
import json
import math
import re

import pytest
import torch

import sgutils as sg
from sgutils import folders
from sgutils.results import (
    Run,
    as_markdown,
    as_text,
    beside_the_paper,
    describe_setting,
    experiments,
    load_results,
    mean_std,
    measured,
    run_name,
    setting_key,
    tables,
    title_at_scale,
)
from sgutils.results.comparisons import compare, measured_in
from sgutils.results.paper import FIGURES, TABLES
from sgutils.training import distributed
from sgutils.training import record as records
from sgutils.widgets.results_explorer import ledger


def record(seed=0, error=0.2, status="finished", **changes):
    config = sg.Config(dataset="digits", model="resnet20", seed=seed, **changes).as_dict()
    return Run(
        config=config,
        status=status,
        message="",
        command="",
        curves={"test_error": [error]},
        last_test_error=error,
        best_test_error=error,
        parameters={},
        seconds=1.0,
        images_per_second=1.0,
        device="",
        versions={},
        commit="",
    )


def test_a_record_survives_its_file(tmp_path):
    run = record()
    (tmp_path / "a.json").write_text(run.to_json())
    assert load_results(tmp_path) == [run]


def test_an_installed_package_reads_what_it_filled_here_with_what_it_came_with(tmp_path, monkeypatch):
    shipped, here = tmp_path / "package" / "results", tmp_path / "data" / "results"
    monkeypatch.setattr(folders, "data_folder", lambda: shipped.parent)
    monkeypatch.setattr(folders, "ledger_to_fill", lambda: here)
    errors = {shipped: ((0, 0.1), (1, 0.1)), here: ((1, 0.2), (2, 0.2))}
    for folder in errors:
        if folder == here:
            assert folders.ledgers() == [shipped] and len(load_results()) == 2
        folder.mkdir(parents=True)
        for seed, error in errors[folder]:
            run = record(seed, error, epochs=1)
            (folder / f"{run.name}.json").write_text(run.to_json())
    assert folders.ledgers() == [shipped, here]
    assert {run.seed: run.last_test_error for run in load_results()} == {0: 0.1, 1: 0.2, 2: 0.2}
    (group,) = ledger.recording()["groups"]
    (shown,) = group["rows"].values()
    assert {run["seed"]: run["test"][-1] for run in shown} == {0: 1000, 1: 2000, 2: 2000}
    (here / "notes.json").write_text("{}")
    for read in (load_results, ledger.recording):
        with pytest.raises(sg.InputError, match="notes.json is not a record of a run"):
            read()


LONG = {"train_error": [0.5, 0.4], "validation_error": [0.6, 0.5], "test_error": [0.2]}
CONTRADICTIONS = {
    "the longest curve must be of 2 epochs, not of 3": {"curves": LONG | {"train_error": [0.5, 0.4, 0.3]}},
    "the curve 'validation_error' must be of 2 epochs, not of 1": {"curves": LONG | {"validation_error": [0.6]}},
    "the curve 'train_error' must be finite": {"curves": LONG | {"train_error": [0.5, math.nan]}},
    "the curve 'train_error' must be shares from 0 to 1": {"curves": LONG | {"train_error": [0.5, -5]}},
    "last_test_error must be what its curve says": {"last_test_error": 0.001},
    "best_test_error must be what its curve says": {"best_test_error": 0.9},
    "seconds must be a number of at least 0": {"seconds": -1},
    "right must be of 5 images": {"right": {"images": 10, "bits": "/wA="}, "curves": LONG | {"test_error": [0.2]}},
}


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_a_record_that_contradicts_itself_is_refused(words, tmp_path):
    sound = dataclasses.replace(record(epochs=2, test_examples=5), curves=LONG)
    (tmp_path / "a.json").write_text(sound.to_json())
    assert load_results(tmp_path) == [sound]
    (tmp_path / "a.json").write_text(dataclasses.replace(sound, **CONTRADICTIONS[words]).to_json())
    with pytest.raises(sg.InputError, match=re.escape(words)):
        load_results(tmp_path)


def test_one_thread_is_not_called_threads(monkeypatch):
    for count, words in ((1, " 1 thread"), (2, " 2 threads")):
        monkeypatch.setattr(torch, "get_num_threads", lambda: count)
        assert distributed.device_name(torch.device("cpu")).endswith(words)


def test_runs_of_one_setting_differ_in_nothing_but_the_seed():
    runs = [record(1), record(0), record(0, method="baseline"), record(0, options={"lam": 0.5})]
    groups = sg.by_setting(runs)
    assert [[run.seed for run in group] for group in groups.values()].count([0, 1]) == 1 and len(groups) == 3
    assert setting_key(runs[0].config) == setting_key(runs[1].config) != setting_key(runs[3].config)


def test_a_table_says_how_many_of_its_runs_were_in_bfloat16():
    runs = [record(0), record(1), record(2)]
    assert measured(runs)[0]["seeds"] == "3"
    low = dataclasses.replace(runs[2], precision="bfloat16")
    assert measured([*runs[:2], low])[0]["seeds"] == "3, 1 in bfloat16"
    assert measured([low])[0]["seeds"] == "1, all in bfloat16"


def test_equal_configurations_have_equal_names_and_others_do_not():
    names = [
        run_name(record(**changes).config) for changes in ({}, {}, {"seed": 1}, {"lr": 0.2}, {"options": {"tau": 2.0}})
    ]
    assert names[0] == names[1] and len(set(names)) == 4


def test_a_default_that_is_spelled_out_is_the_same_setting():
    assert run_name(record(options={"lam": 0.25}).config) == run_name(record().config)


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"dataset": "folder:/data/my pictures/"}, "folder-my-pictures_resnet32_"),
        ({"dataset": "folder:../../x:y"}, "folder-x-y_"),
        ({"dataset": "folder:" + "ü/" * 300 + "n" * 300}, "folder-nnn"),
        ({"dataset": "folder:."}, "folder-._"),
        ({"model": "torchvision:resnet18"}, "cifar10_torchvision-resnet18_"),
    ],
)
def test_name_of_a_run_on_ones_own_data_is_a_valid_file_name(changes, start, tmp_path):
    config = sg.Config().as_dict() | changes
    name = run_name(config)
    assert name.startswith(start) and (tmp_path / f"{name}.json").parent == tmp_path
    (tmp_path / f"{name}.json").write_text("")
    assert name != run_name(config | {"dataset": "folder:another"})


def test_a_number_without_fraction_is_the_same_setting_as_an_int_and_as_a_float():
    whole, fraction = (record(lr=one, options={"lam": one, "tau": 2 * one}).config for one in (1, 1.0))
    assert run_name(whole) == run_name(fraction) and setting_key(whole) == setting_key(fraction)


def test_mean_and_sample_deviation_by_hand():
    mean, std = sg.mean_std([1.0, 2.0, 6.0])
    assert mean == 3.0 and std == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert sg.mean_std([4.0]) == (4.0, None)


@pytest.mark.parametrize("package", [sg, sg.results])
def test_the_old_name_of_mean_std_works_for_one_release_and_says_the_new_one(package):
    with pytest.warns(
        FutureWarning, match=r"mean_and_deviation is now mean_std; the old name goes in the next release"
    ):
        assert package.mean_and_deviation is sg.mean_std


def test_measured_rows_show_seeds_spread_and_divergence():
    runs = [record(0, 0.10), record(1, 0.12), record(2, None, "diverged"), record(0, 0.3, method="baseline")]
    plain, guided = measured(runs)
    assert (plain["method"], plain["test error, %"], plain["seeds"]) == ("baseline", "30.00", "1")
    assert (guided["test error, %"], guided["seeds"], guided["scale"]) == (
        "11.00 ± 1.41, 1 diverged",
        "3",
        "full recipe",
    )


def test_the_paper_stands_beside_full_recipe_runs_and_nothing_else():
    cell = TABLES["table1"].cells[0]
    full = [dataclasses.replace(record(), config=sg.Config(**cell.setting, seed=seed).as_dict()) for seed in (0, 1)]
    scaled = dataclasses.replace(record(), config=sg.Config(**TABLES["table1"].cells[1].setting, epochs=10).as_dict())
    first, second, *others = beside_the_paper("table1", [*full, scaled])
    assert (first["paper"], first["measured"], first["seeds"]) == ("6.34", "20.00 ± 0.00", "2")
    assert (second["paper"], second["measured"]) == ("30.14", "not run")
    assert all(row["measured"] == "not run" for row in others)


def test_at_a_reduced_scale_runs_have_a_table_of_their_own_that_names_it():
    small = dataclasses.replace(
        record(), config=sg.Config.at_scale("small", **TABLES["table2"].cells[0].setting).as_dict()
    )
    assert all(row["measured"] == "not run" for row in beside_the_paper("table2", [small]))
    first, *others = beside_the_paper("table2", [small], "small")
    assert (first["paper"], first["run here"], first["measured"]) == ("6.34", "resnet20", "20.00")
    assert all(row["measured"] == "not run" for row in others)
    assert "14 x 14 pixels" in title_at_scale("table2", "small") and "scale" not in title_at_scale("table2", "full")


@pytest.mark.parametrize("name", [*TABLES, *FIGURES])
def test_every_row_and_curve_shows_what_was_run_or_that_nothing_was(name):
    for scale in ("full", "small"):
        rows = beside_the_paper(name, [], scale)
        assert len(rows) == len((TABLES | FIGURES)[name].cells) and {row["measured"] for row in rows} == {"not run"}


def test_the_papers_numbers_are_those_it_prints():
    """A sum over each table, added up from the printed page: no number can change unseen."""
    sums = {name: round(sum(cell.error for cell in table.cells), 2) for name, table in TABLES.items()}
    assert sums == {
        "table1": 192.77,
        "table2": 137.74,
        "table3": 295.82,
        "table4": 248.83,
        "table5": 310.17,
        "table6": 115.32,
    }
    assert [cell.note for cell in TABLES["table5"].cells if cell.error == 90.0] == ["loss blow up"]


def test_rows_as_text_and_as_markdown():
    rows = [{"a": "x", "long name": "1"}, {"a": "wide|cell", "long name": "2"}]
    assert as_text(rows).splitlines() == ["a          long name", "x          1", "wide|cell  2"]
    assert as_markdown(rows).splitlines() == ["| a | long name |", "| --- | --- |", "| x | 1 |", "| wide\\|cell | 2 |"]


def test_a_scaled_down_run_never_calls_itself_the_full_recipe():
    assert describe_setting(sg.Config().as_dict()) == ("self-guidance", "full recipe")
    method, scale = describe_setting(
        sg.Config(epochs=3, train_examples=1280, image_size=14, options={"lam": 0.0}).as_dict()
    )
    assert method == "self-guidance lam=0"
    assert scale == "3 epochs, 14 x 14 pixels, 1,280 training images"


@pytest.mark.parametrize("content", ["", "[]", '{"config": {}}', "not json"])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(sg.InputError, match="bad.json is not a record"):
        load_results(tmp_path)


def test_a_missing_ledger_is_named(tmp_path):
    with pytest.raises(sg.InputError, match="nowhere"):
        load_results(tmp_path / "nowhere")


def test_every_record_that_ships_can_be_run_again_from_itself():
    runs = load_results()
    assert runs
    for run in runs:
        config = sg.Config(**run.config)
        assert config.as_dict() == run.config
        assert run.curves["test_error"][-1] == run.last_test_error
        assert run.best_test_error == min(run.curves["test_error"])
        # With held-out images it is tested once, after the last epoch.
        every_epoch = run.curves["test_error" if config.validation_examples is None else "validation_error"]
        assert (len(every_epoch) == config.epochs) == (run.status == "finished")


def test_no_record_that_ships_names_a_folder_of_the_machine_that_made_it():
    for run in load_results():
        assert not [word for word in run.command.split() if word.startswith(("/", "~"))], run.name


def test_ledger_files_carry_the_name_of_their_configuration():
    from sgutils.folders import data_folder

    for path in (data_folder() / "results").glob("*.json"):
        assert path.stem == run_name(json.loads(path.read_text())["config"])


def test_a_record_names_what_decided_the_run_and_reading_fills_in_the_rest():
    config = sg.Config(dataset="digits", schedule="cosine")
    written = config.as_dict()
    assert {"schedule": "cosine"}.items() <= written.items() and "warmup_epochs" not in written
    assert sg.Config(**written) == config


class Grown(sg.SelfGuidance):
    """Self-Guidance after somebody has given it one more option."""

    def __init__(self, net, *, lam: float = 0.25, tau: float = 3.0, p_last: float = 0.5, detach_teacher: bool = True,
                 kl_direction: str = "teacher||student", bn_statistics: str = "teacher", backward_full: bool = True,
                 sharpness: float = 1.0, seed: int = 0):  # fmt: skip
        super().__init__(net, lam=lam, tau=tau, seed=seed)


@pytest.fixture
def a_later_version(monkeypatch):
    """The code after it has grown: a method's option, a field of the configuration, another network by default."""
    from sgutils.training import config as module

    @dataclasses.dataclass(frozen=True)
    class Later(sg.Config):
        model: str = dataclasses.field(default="resnet20", metadata={"help": "network"})
        clip: float | None = dataclasses.field(default=None, metadata={"help": "largest gradient"})

    monkeypatch.setitem(sg.METHODS, "self-guidance", Grown)
    for place in (module, sg, records, tables, experiments):
        monkeypatch.setattr(place, "Config", Later)
    return Later


def every_table(runs):
    shown = {
        (name, scale): beside_the_paper(name, runs, scale) for name in TABLES | FIGURES for scale in ("full", "small")
    }
    return shown | {"measured": measured(runs), "explorable": ledger.recording()}


def test_no_row_changes_when_the_code_grows(request):
    before = every_table(load_results())
    assert any(row["measured"] != "not run" for row in before["table5", "small"])
    later = request.getfixturevalue("a_later_version")
    assert every_table(load_results()) == before
    for path in (folders.data_folder() / "results").glob("*.json"):
        config = later(**json.loads(path.read_text())["config"])
        assert run_name(config.as_dict()) == path.stem
    # What the new option and field do is another run.
    names = {
        run_name(later(dataset="digits", **more).as_dict())
        for more in ({}, {"clip": 1.0}, {"options": {"sharpness": 2.0}}, {"model": "resnet32"})
    }
    assert len(names) == 4


def test_one_run_under_two_names_is_not_two_seeds(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(record().to_json())
    with pytest.raises(sg.InputError, match="a.json and .*b.json are records of one and the same run"):
        load_results(tmp_path)


def test_hidden_files_are_nobodys_records(tmp_path):
    (tmp_path / "a.json").write_text(record().to_json())
    (tmp_path / "._a.json").write_text("of another system")
    assert len(load_results(tmp_path)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "great success"}, "status must be one of finished"),
        ({"schema": 99}, "schema must be a whole number from 1 to"),
        ({"last_test_error": 0.5, "right": {"images": 8, "bits": "/w=="}}, "last_test_error must be the share"),
    ],
)
def test_a_record_that_contradicts_itself_or_this_version_is_refused(changes, words, tmp_path):
    (tmp_path / "a.json").write_text(dataclasses.replace(record(), **changes).to_json())
    with pytest.raises(sg.InputError, match=words):
        load_results(tmp_path)


def test_runs_that_did_not_finish_are_called_what_they_are():
    (row,) = measured([record(0), record(1, status="stopped"), record(2, status="diverged")])
    assert row["test error, %"] == "20.00, 1 diverged, 1 stopped"


def test_what_is_asked_for_and_does_not_exist_is_one_sentence(tmp_path):
    for call, words in (
        (lambda: beside_the_paper("table7", []), "name must be one of table1"),
        (lambda: measured_in("every-thing", []), "experiment must be one of"),
        (lambda: compare({"plain": [record()]}, "plain", "guided"), "must be one of plain, not 'guided'"),
        (lambda: mean_std([]), "at least one"),
        (lambda: mean_std([1.0, float("nan")]), "finite numbers"),
    ):
        with pytest.raises(sg.InputError, match=words):
            call()
    (tmp_path / "a.json").mkdir()
    with pytest.raises(sg.InputError, match="it is not a file"):
        load_results(tmp_path)


def test_a_name_with_control_characters_stays_in_its_row():
    run = record()
    odd = dataclasses.replace(run, config=run.config | {"dataset": "digits\n\x1b[31m"})
    (row,) = measured([odd])
    assert row["data set"].isprintable()
