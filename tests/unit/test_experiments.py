"""Every table and figure of the paper is a list of runs that can be started."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from support.anything import outcome

import sgutils as sg
from sgutils import Trainer
from sgutils.cli import main
from sgutils.results import describe_setting, run_name
from sgutils.results.experiments import EXPERIMENTS, WHOLE, Experiment
from sgutils.results.paper import TABLES
from sgutils.results.reproduce import reproduce
from sgutils.results.unfinished import claim
from sgutils.training.config import SCALES


def test_there_is_an_experiment_for_each_table_and_figure():
    assert {*(f"table{n}" for n in range(1, 7)), *(f"figure{n}" for n in range(2, 6))} <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name.startswith(("table", "figure", "paper"))])
def test_at_full_scale_every_run_is_the_papers_recipe(name):
    for config in EXPERIMENTS[name].configs(2):
        assert describe_setting(config.as_dict())[1] == "full recipe"


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("scale", [scale for scale in SCALES if scale != "full"])
def test_at_another_scale_no_run_passes_for_the_full_recipe_and_none_comes_twice(name, scale):
    configs = list(EXPERIMENTS[name].configs(2, scale))
    assert all(describe_setting(config.as_dict())[1] != "full recipe" for config in configs)
    assert len({str(config.as_dict()) for config in configs}) == len(configs)


def test_the_whole_paper_holds_every_cell_and_begins_with_what_tells_most_in_least_time():
    configs = list(EXPERIMENTS["paper"].configs(1))
    assert all(config in configs for table in TABLES for config in EXPERIMENTS[table].configs(1))
    order = [(config.dataset.startswith("cifar"), config.model) for config in configs]
    cifar = [(True, f"resnet{depth}") for depth in (32, 50, 110)]
    assert [key for key, before in zip(order, [None, *order[:-1]], strict=True) if key != before][:4] == [
        *cifar,
        (False, "resnet32"),
    ]
    assert [(config.dataset, config.method) for config in configs[:6]] == [
        (dataset, method)
        for method in ("baseline", "stochastic-depth", "self-guidance")
        for dataset in ("cifar10", "cifar100")
    ]


def test_runs_come_seed_by_seed():
    seeds = [config.seed for config in EXPERIMENTS["table6"].configs(3)]
    assert seeds == [0] * 5 + [1] * 5 + [2] * 5


def test_figures_3_and_4_are_the_runs_of_table_5():
    curves = [config for name in ("figure3", "figure4") for config in EXPERIMENTS[name].configs(1)]
    assert curves == list(EXPERIMENTS["table5"].configs(1))


def test_the_sweep_of_table_5_is_the_papers():
    lams = [
        cell.setting.get("options", {}).get("lam", 0.25) for cell in TABLES["table5"].cells if "lambda" in cell.label
    ]
    assert lams == [0.0, 0.1, 0.25, 0.5, 1.0, 3.0] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0,), "seeds.*0"), ((1.5,), "seeds.*1.5"), ((1, "tiny"), "Unknown scale 'tiny'.*full")],
)
def test_bad_input_is_one_sentence(arguments, words):
    with pytest.raises(sg.InputError, match=words):
        list(EXPERIMENTS["table1"].configs(*arguments))


TINY = {"dataset": "digits", "model": "resnet20", "train_examples": 100, "test_examples": 20, "epochs": 1}


def test_a_run_that_another_process_is_at_is_left_to_it(tmp_path, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("", ({"method": "baseline", **TINY},)))
    name = run_name(sg.Config(method="baseline", **TINY).as_dict())
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    said = []
    (tmp_path / "work").mkdir()
    with FileLock(tmp_path / "work" / f"{name}.lock"):
        assert reproduce("tiny", **arguments, say=said.append) == [] and "another process" in said[0]
    assert said[-1] == f"0 runs added to {tmp_path / 'ledger'}, 1 left: 1 passed over (another process is at it)."
    assert len(reproduce("tiny", **arguments, say=said.append)) == 1


def test_a_ledger_that_cannot_be_written_is_said_before_any_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sg.InputError, match="file is a file: choose a folder"):
        reproduce("table1", seeds=1, ledger=tmp_path / "file", work=tmp_path / "work")


def test_a_data_set_that_is_missing_or_a_part_is_passed_over_and_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no data lies
    small = {"model": "resnet20", "method": "baseline", "epochs": 1}
    settings = (
        {"dataset": "raf-db", **small},
        {"dataset": "digits", "train_examples": 100, "test_examples": 20, **small},
    )
    monkeypatch.setitem(EXPERIMENTS, "two", Experiment("two", settings))
    arguments = {"seeds": 2, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    said = []
    added = reproduce("two", **arguments, say=said.append)
    assert [(run.config["dataset"], run.seed) for run in added] == [("digits", 0), ("digits", 1)]
    assert said[-2].startswith("Left out: raf-db/basic") and said[-1].endswith(
        "2 left: 2 passed over (its data is missing)."
    )
    with pytest.raises(sg.InputError, match="raf-db/basic.* was not found"):
        reproduce("two", **arguments)
    monkeypatch.setitem(EXPERIMENTS, "part", Experiment("part", ({"dataset": "digits", **small},)))
    monkeypatch.setitem(WHOLE, "digits", (2000, 300))
    with pytest.raises(
        sg.InputError, match="digits has 1,438 training and 359 test images here: expected all 2,000 and 300"
    ):
        reproduce("part", **arguments)


def test_a_row_whose_checkpoint_is_garbage_is_passed_over_and_said(tmp_path, monkeypatch):
    settings = tuple({"method": method, **TINY} for method in ("baseline", "stochastic-depth"))
    monkeypatch.setitem(EXPERIMENTS, "two", Experiment("", settings))
    first, _ = (run_name(config.as_dict()) for config in EXPERIMENTS["two"].configs(1))
    (tmp_path / "work" / first).mkdir(parents=True)
    (tmp_path / "work" / first / "checkpoint.pt").write_text("garbage")
    said = []
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    added = reproduce("two", **arguments, say=said.append)
    assert [run.config["method"] for run in added] == ["stochastic-depth"]
    assert said[0].startswith(f"{first}: passed over. ") and "checkpoint.pt is damaged" in said[0]
    assert said[-1].endswith("1 left: 1 passed over (its files cannot be used).")
    assert (tmp_path / "work" / first / "checkpoint.pt").read_text() == "garbage"


def test_runs_that_go_on_at_once_are_those_that_go_on_one_after_another(tmp_path, monkeypatch):
    """They share torch's one generator, from which weights are drawn, and dropout."""
    foreign = {"model": "torchvision:mobilenet_v3_small", "train_examples": 64, "lr": 0.01}
    settings = (*({"method": method, **TINY} for method in ("baseline", "stochastic-depth")), {**TINY, **foreign})
    monkeypatch.setitem(EXPERIMENTS, "three", Experiment("", settings))
    found = []
    for jobs in (1, 6):
        folders = {name: tmp_path / f"{name}{jobs}" for name in ("ledger", "work")}
        runs = reproduce("three", seeds=2, jobs=jobs, quiet=True, say=lambda text: None, **folders)
        found.append({run.name: run.curves for run in runs})
    assert len(found[0]) == 6 and found[0] == found[1]


def test_a_row_whose_files_are_of_another_run_or_no_files_is_passed_over_and_the_others_run(tmp_path, monkeypatch):
    """Each in its way: none passes for the run, nothing is lost, and the last row runs."""
    setting = {"method": "baseline", **TINY}
    monkeypatch.setitem(EXPERIMENTS, "many", Experiment("", (setting,)))
    ledger, work = tmp_path / "ledger", tmp_path / "work"
    names = [run_name(config.as_dict()) for config in EXPERIMENTS["many"].configs(11)]
    ledger.mkdir()
    other = sg.train(sg.Config(method="baseline", **TINY | {"train_examples": 90}), work / names[0], quiet=True)
    for number, taken in enumerate(("network.pt", "metrics.jsonl", "result.json", "checkpoint.pt"), start=1):
        (work / names[number] / taken).mkdir(parents=True)
    (work / names[5]).write_text("a file")
    (work / names[6]).symlink_to(names[6])
    (work / names[7]).mkdir()
    (work / names[7] / "tensorboard").write_text("a file")
    (work / f"{names[8]}.lock").mkdir()
    (ledger / f"{names[9]}.json").write_text(dataclasses.replace(other, status="stopped").to_json())
    (ledger / f"{names[10]}.json").symlink_to("/dev/null")
    said = []
    added = reproduce("many", seeds=12, ledger=ledger, work=work, quiet=True, say=said.append)
    assert [run.seed for run in added] == [11]
    for name in names:
        (line,) = (text for text in said if text.startswith(name))
        assert line.startswith(f"{name}: passed over. ") and "\n" not in line
    assert said[-1].endswith("11 left: 11 passed over (its files cannot be used).")
    assert "holds another run" in said[0] + said[1] + said[2] and (work / names[0] / "result.json").exists()
    record = ledger / f"{names[9]}.json"
    record.write_text(added[0].to_json())
    reproduce("many", seeds=10, ledger=ledger, work=work, quiet=True, say=said.append)
    assert any(text.startswith(f"{names[9]}: passed over. {record} is the record of another run") for text in said)
    record.write_text(dataclasses.replace(added[0], config=added[0].config | {"seed": 9}, status="stopped").to_json())
    reproduce("many", seeds=10, ledger=ledger, work=work, quiet=True, say=said.append)
    assert any("is the record of a run that did not end (stopped)" in text for text in said)


def test_an_empty_file_is_no_record_and_files_of_a_person_stay(tmp_path, monkeypatch):
    setting = {"method": "distillation", **TINY}
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("", (setting,)))
    name = run_name(sg.Config(**setting).as_dict())
    mine = [tmp_path / "work" / name / path for path in ("notes.txt", "tensorboard/mine.txt", "figures/one.png")]
    for path in (*mine, tmp_path / "ledger" / f"{name}.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    (run,) = reproduce("tiny", **arguments, say=lambda text: None)
    assert (tmp_path / "ledger" / f"{name}.json").read_text() == run.to_json()
    left = {path for path in (tmp_path / "work").rglob("*") if path.is_file()}
    assert left == {*mine, tmp_path / "work" / name / "network.pt", tmp_path / "work" / ".sgutils-ledger"}


def test_a_file_that_is_not_a_record_is_said_and_kept_and_the_other_rows_run(tmp_path, monkeypatch):
    settings = tuple({"method": method, **TINY} for method in ("baseline", "stochastic-depth"))
    monkeypatch.setitem(EXPERIMENTS, "two", Experiment("", settings))
    first, _ = (run_name(config.as_dict()) for config in EXPERIMENTS["two"].configs(1))
    record = tmp_path / "ledger" / f"{first}.json"
    record.parent.mkdir()
    record.write_text('{"half": ')
    said = []
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    added = reproduce("two", **arguments, say=said.append)
    assert [run.config["method"] for run in added] == ["stochastic-depth"]
    assert said[0].startswith(f"{first}: passed over. {record} is not a record of a run")
    assert said[-1].endswith("1 left: 1 passed over (its files cannot be used).") and record.read_text() == '{"half": '


def test_a_part_of_a_data_set_is_enough_for_the_rows_that_ask_for_no_more(tmp_path, monkeypatch):
    monkeypatch.setitem(WHOLE, "digits", (2000, 359))
    small = {"dataset": "digits", "model": "resnet20", "method": "baseline", "epochs": 1, "batch_size": 500}
    monkeypatch.setitem(EXPERIMENTS, "two", Experiment("", (small, small | {"train_examples": 100})))
    said = []
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    added = reproduce("two", **arguments, say=said.append)
    assert [run.config["train_examples"] for run in added] == [100]
    assert any(text.startswith("Left out: digits has 1,438 training") for text in said)


def test_rows_that_were_passed_over_are_counted_with_their_reasons_and_are_no_success(tmp_path, monkeypatch, capsys):
    settings = ({"method": "baseline", **TINY}, {"method": "baseline", **TINY, "dataset": "raf-db"})
    monkeypatch.setitem(EXPERIMENTS, "two", Experiment("", settings))
    monkeypatch.chdir(tmp_path)  # where no data lies
    names = [run_name(config.as_dict()) for config in EXPERIMENTS["two"].configs(4) if config.dataset == "digits"]
    ledger, work = tmp_path / "ledger", tmp_path / "work"
    for folder in (ledger, work / names[1]):
        folder.mkdir(parents=True)
    (ledger / f"{names[0]}.json").write_text("garbage")
    (work / names[1] / "checkpoint.pt").write_text("garbage")
    arguments = ["reproduce", "two", "--seeds", "4", "--ledger", str(ledger), "--work", str(work)]
    with FileLock(work / f"{names[2]}.lock"):
        assert main(arguments) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        f"1 run added to {ledger}, 7 left: 4 passed over (its data is missing), 1 passed over (another process is at it), "
        "2 passed over (its files cannot be used)."
    )
    assert (ledger / f"{names[3]}.json").exists()


@pytest.mark.tried(
    "Two ledgers that are filled out of one folder of unfinished runs", "The second is refused; nothing is lost."
)
def test_unfinished_runs_are_of_one_ledger(tmp_path, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("", ({"method": "baseline", **TINY, "epochs": 2},)))
    one, other, work = (tmp_path / name for name in ("one", "other", "work"))
    monkeypatch.setattr(Trainer, "__iter__", stopping_after_one_epoch(Trainer.__iter__))
    with pytest.raises(KeyboardInterrupt):
        reproduce("tiny", seeds=1, ledger=one, work=work, quiet=True, say=lambda text: None)
    monkeypatch.undo()
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("", ({"method": "baseline", **TINY, "epochs": 2},)))
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    with pytest.raises(sg.InputError, match="work has the unfinished runs of the ledger .*one: choose another"):
        reproduce("tiny", seeds=1, ledger=other, work=work, quiet=True)
    assert before == {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    one.rename(tmp_path / "moved")  # it is the same ledger wherever it lies
    (run,) = reproduce("tiny", seeds=1, ledger=tmp_path / "moved", work=work, quiet=True, say=lambda text: None)
    assert len(run.curves["test_error"]) == 2 and (tmp_path / "moved" / f"{run.name}.json").exists()


def stopping_after_one_epoch(epochs):
    def stopping(self):
        yield next(iter(epochs(self)))
        raise KeyboardInterrupt

    return stopping


def test_of_two_ledgers_that_ask_at_once_for_one_folder_one_gets_it(tmp_path):
    ledgers = [tmp_path / str(number) for number in range(4)]
    for ledger in ledgers:
        ledger.mkdir()
    for turn in range(20):
        (work := tmp_path / f"work{turn}").mkdir()
        with ThreadPoolExecutor(4) as pool:
            got = list(pool.map(lambda ledger: bool(outcome(lambda: claim(work, ledger) or True)), ledgers))
        assert sum(got) == 1 and Path((work / ".sgutils-ledger").read_text()) == ledgers[got.index(True)]


def test_more_jobs_than_rows_start_no_more_threads(tmp_path, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("", ({"method": "baseline", **TINY},)))
    folders = {name: tmp_path / name for name in ("ledger", "work")}
    assert len(reproduce("tiny", seeds=1, jobs=10**12, quiet=True, say=lambda text: None, **folders)) == 1
