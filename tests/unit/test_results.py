import dataclasses
import json
import math

import pytest

import sgutils as sg
from sgutils.results import Run, describe_setting, load_results, run_name, setting, table


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


def test_runs_of_one_setting_differ_in_nothing_but_the_seed():
    runs = [record(1), record(0), record(0, method="baseline"), record(0, options={"lam": 0.5})]
    groups = sg.by_setting(runs)
    assert [[run.seed for run in group] for group in groups.values()].count([0, 1]) == 1 and len(groups) == 3
    assert setting(runs[0].config) == setting(runs[1].config) != setting(runs[3].config)


def test_equal_configurations_have_equal_names_and_others_do_not():
    names = [run_name(record(**changes).config) for changes in ({}, {}, {"seed": 1}, {"lr": 0.2}, {"options": {"tau": 2.0}})]
    assert names[0] == names[1] and len(set(names)) == 4


def test_a_default_that_is_spelled_out_is_the_same_setting():
    assert run_name(record(options={"lam": 0.25}).config) == run_name(record().config)


def test_mean_and_sample_deviation_by_hand():
    mean, deviation = sg.mean_and_deviation([1.0, 2.0, 6.0])
    assert mean == 3.0 and deviation == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert sg.mean_and_deviation([4.0]) == (4.0, None)


def test_the_table_shows_seeds_spread_and_divergence():
    text = table([record(0, 0.10), record(1, 0.12), record(2, None, "diverged"), record(0, 0.3, method="baseline")])
    lines = text.splitlines()
    assert "11.00 ± 1.41, 1 diverged" in text and any("30.00" in line and "±" not in line for line in lines)
    assert "full recipe" in text


def test_an_empty_ledger_says_so(tmp_path):
    assert table(load_results(tmp_path)) == "The ledger holds no run yet."


def test_a_scaled_down_run_never_calls_itself_the_full_recipe():
    assert describe_setting(sg.Config().as_dict()) == ("self-guidance", "full recipe")
    method, scale = describe_setting(sg.Config(epochs=3, train_examples=1280, image_size=14, options={"lam": 0.0}).as_dict())
    assert method == "self-guidance lam=0.0"
    assert scale == "3 epochs, 14 x 14 pixels, 1,280 training images"


@pytest.mark.parametrize("content", ["", "[]", '{"config": {}}', "not json"])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(sg.InputError, match="bad.json is no record"):
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
        assert len(run.curves["test_error"]) == (config.epochs if run.status == "finished" else len(run.curves["test_error"]))


def test_ledger_files_carry_the_name_of_their_configuration():
    from sgutils.folders import data_folder

    for path in (data_folder() / "results").glob("*.json"):
        assert path.stem == run_name(json.loads(path.read_text())["config"])


def test_the_record_names_everything_that_decided_the_run():
    assert set(record().config) == {field.name for field in dataclasses.fields(sg.Config)}
