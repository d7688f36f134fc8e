import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.processes import Command
from support.waiting import until

import sgutils as sg
from sgutils.cli import main
from sgutils.folders import data_folder

SMALL = [
    "--dataset",
    "digits",
    "--model",
    "resnet20",
    "--train-examples",
    "200",
    "--test-examples",
    "50",
    "--epochs",
    "2",
]


def status(arguments):
    """The exit status of the command line with these arguments."""
    try:
        return main(arguments)
    except SystemExit as exit:
        return exit.code


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "run"
    assert main(["train", *SMALL, "--seed", "3", "--lam", "0.5", "--no-detach-teacher", "--out", str(out)]) == 0
    return out


def test_train_passes_on_what_was_asked(trained):
    config = json.loads((trained / "result.json").read_text())["config"]
    assert (config["seed"], config["options"]["lam"], config["options"]["detach_teacher"]) == (3, 0.5, False)
    assert config["options"]["tau"] == 3.0 and config["epochs"] == 2 and config["lr"] == 0.1


def test_the_record_holds_the_command_that_made_it(trained):
    command = json.loads((trained / "result.json").read_text())["command"]
    assert command.startswith("sgutils train --dataset digits") and "--lam 0.5" in command


def test_evaluate_prints_the_error_again(trained, capsys):
    error = json.loads((trained / "result.json").read_text())["last_test_error"]
    assert main(["evaluate", str(trained)]) == 0
    assert f"test error {error:.2%} of 50 images, after 2 of 2 epochs" in capsys.readouterr().out


def test_evaluate_says_that_a_network_has_finished_no_epoch(tmp_path, monkeypatch, capsys):
    def stopped(self, index):
        raise KeyboardInterrupt

    monkeypatch.setattr(sg.Trainer, "_epoch", stopped)
    assert main(["train", *SMALL, "--out", str(tmp_path)]) == 130
    assert f"sgutils resume {tmp_path}" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path)]) == 0 and "after 0 of 2 epochs" in capsys.readouterr().out


def test_resuming_a_finished_run_changes_nothing(trained):
    def files():
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in trained.rglob("*") if path.is_file()}

    before = files()
    assert main(["resume", str(trained)]) == 0 and files() == before


def test_results_prints_the_folder_it_is_given(trained, capsys):
    assert main(["results", "--ledger", str(trained)]) == 0
    text = capsys.readouterr().out
    assert "self-guidance detach_teacher=False lam=0.5" in text and text.endswith(f"\nRuns read from {trained}: 1.\n")


@pytest.mark.parametrize(("name", "words"), [("", "is empty"), (" ", "is empty"), ("new\udcff", "is not UTF-8")])
def test_a_folder_without_a_name_is_one_sentence(name, words, capsys):
    assert status(["train", *SMALL, "--out", name]) == 2 and words in capsys.readouterr().err


def test_an_output_that_is_full_is_one_sentence():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sgutils", "results"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2 and done.stderr.startswith(
        "sgutils: The output cannot be written (No space left on device)"
    )
    assert done.stderr.count("\n") == 1


def test_a_closed_output_is_no_reason_to_fail(tmp_path):
    command = f"{sys.executable} -m sgutils train {' '.join(SMALL)} --out {tmp_path / 'run'} >&- 2>&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr and (tmp_path / "run" / "network.pt").exists()


def test_a_letter_that_the_terminal_lacks_is_written_out(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert main(["results"]) == 0 and capsys.readouterr().err == ""
    assert b"\\xb1" in sys.stdout.buffer.getvalue()


def test_the_home_of_nobody_is_one_sentence(tmp_path, capsys):
    assert main(["train", "--dataset", "folder:~nobody-of-that-name/x", "--out", str(tmp_path / "run")]) == 2
    assert "~nobody-of-that-name/x is missing" in capsys.readouterr().err


def test_results_prints_the_paper_beside_the_ledger_of_the_book(capsys):
    assert main(["results"]) == 0
    text = capsys.readouterr().out
    assert "Table 6" in text and "not run" in text and "Everything measured" in text
    assert f"\nRuns read from {data_folder() / 'results'}: " in text
    assert main(["results", "table2", "--format", "json"]) == 0
    full, small = json.loads(capsys.readouterr().out).values()
    assert [row["paper"] for row in full][:2] == [row["paper"] for row in small][:2] == ["6.34", "30.14"]
    assert main(["results", "figure4", "--scale", "full"]) == 0
    assert capsys.readouterr().out.count("a curve") == 8
    assert status(["results", "table7"]) == 2


def test_a_reader_that_stops_reading_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m sgutils results | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        executable="/bin/bash",
    )
    assert done.stdout.startswith("Table 1") and done.stderr == ""


def test_every_record_of_a_run_can_be_run_again_from_its_file(trained, tmp_path):
    record = trained / "result.json"
    assert main(["train", "--from", str(record), "--out", str(tmp_path / "again")]) == 0
    before, again = (json.loads((folder / "result.json").read_text()) for folder in (trained, tmp_path / "again"))
    assert (again["config"], again["curves"]) == (before["config"], before["curves"])
    assert main(["train", "--from", str(record), "--seed", "4", "--tau", "2", "--out", str(tmp_path / "other")]) == 0
    other = json.loads((tmp_path / "other" / "result.json").read_text())["config"]
    assert other == before["config"] | {"seed": 4, "options": before["config"]["options"] | {"tau": 2.0}}
    assert main(["train", "--from", str(record), "--method", "baseline", "--out", str(tmp_path / "plain")]) == 0
    plain = json.loads((tmp_path / "plain" / "result.json").read_text())["config"]
    assert plain == before["config"] | {"method": "baseline", "options": {}}


def test_a_record_of_a_run_in_bfloat16_is_run_again_in_bfloat16(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("sgutils.training.precision._processor_has_bfloat16", lambda: True)
    record = tmp_path / "record.json"
    record.write_text(json.dumps(json.loads((trained / "result.json").read_text()) | {"precision": "bfloat16"}))
    assert main(["train", "--from", str(record), "--out", str(tmp_path / "again")]) == 0
    assert json.loads((tmp_path / "again" / "result.json").read_text())["precision"] == "bfloat16"


def test_a_damaged_checkpoint_is_said_and_the_one_before_goes_on(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()
    file = tmp_path / "run" / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:1000])
    done = Command(["resume", str(tmp_path / "run")], tmp_path / "said").done()
    assert done.returncode == 0 and done.stderr.startswith(f"sgutils: {file} is damaged")
    assert done.stderr.splitlines()[0].endswith("The checkpoint before it is used instead.")
    before, again = (json.loads((folder / "result.json").read_text()) for folder in (trained, tmp_path / "run"))
    assert again["curves"] == before["curves"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["train", "--method", "baseline", "--help"],
        ["reproduce", "--help"],
        ["results", "--help"],
    ],
)
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    text = capsys.readouterr().out
    assert exit.value.code == 0 and "usage: sgutils" in text
    assert ("--lam" in text) == (arguments == ["train", "--help"])
    assert ("train --method METHOD --help" in text) == (arguments[0] == "train")


def test_help_comes_without_torch():
    code = "import sys; from sgutils.cli import main\ntry: main({!r})\nfinally: print('torch' in sys.modules)"
    for arguments in (
        ["--help"],
        ["dance"],
        *([name, "--help"] for name in ("resume", "evaluate", "predict", "export")),
    ):
        done = subprocess.run([sys.executable, "-c", code.format(arguments)], capture_output=True, text=True)
        assert done.stdout.endswith("False\n"), arguments


def test_every_command_is_listed_and_is_a_module():
    from sgutils import cli, commands

    modules = {path.stem for path in Path(commands.__file__).parent.glob("*.py")} - {"__init__", "outcome"}
    assert modules == set(cli.COMMANDS)


def test_data_names_the_folder_for_one_command(tmp_path, capsys, monkeypatch):
    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    given = ["train", "--dataset", "cifar10", "--out", str(tmp_path / "run"), "--data", str(tmp_path / "empty")]
    assert main(given) == 2
    assert f"not found under {tmp_path / 'empty'} or " in capsys.readouterr().err and "SGUTILS_DATA" not in os.environ
    monkeypatch.setenv("SGUTILS_DATA", str(tmp_path / "other"))
    assert main(given) == 2 and f"not found under {tmp_path / 'empty'} or " in capsys.readouterr().err
    assert os.environ["SGUTILS_DATA"] == str(tmp_path / "other")
    assert main(given[:-2]) == 2 and f"not found under {tmp_path / 'other'} or " in capsys.readouterr().err


@pytest.mark.tried("A folder that already holds a run or a part of one", "It is not written over.")
@pytest.mark.parametrize(
    "name", ["checkpoint.pt", "checkpoint.previous.pt", "result.json", "network.pt", "metrics.jsonl"]
)
def test_a_folder_that_holds_any_part_of_a_run_is_not_written_over(name, tmp_path, capsys):
    (tmp_path / name).write_text("of another run")
    assert main(["train", *SMALL, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "already holds" in said and said.count("\n") == 1
    assert ("sgutils resume" in said) == (name not in ("network.pt", "metrics.jsonl"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of another run"]


def test_a_folder_belongs_to_one_process(tmp_path, capsys):
    from sgutils.training.locking import hold

    with hold(tmp_path):
        assert main(["train", *SMALL, "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert f"Another process is training in {tmp_path}" in said and said.count("\n") == 1
        assert list(tmp_path.iterdir()) == []
    assert main(["train", *SMALL, "--epochs", "1", "--out", str(tmp_path)]) == 0
    (tmp_path / "result.json").unlink()
    with hold(tmp_path):
        assert main(["resume", str(tmp_path)]) == 2


@pytest.mark.tried("Two runs that write into one folder", "The second is refused; the first is whole.")
def test_of_two_that_start_at_once_in_one_folder_one_is_refused(tmp_path):
    out = tmp_path / "run"
    both = [Command(["train", *SMALL, "--out", str(out)], tmp_path / name) for name in ("one", "other")]
    first, refused = sorted((command.done() for command in both), key=lambda done: done.returncode)
    assert (first.returncode, refused.returncode) == (0, 2)
    assert "Another process is training in" in refused.stderr or "already holds a run" in refused.stderr


@pytest.mark.tried("Mistyped, contradictory and absurd options", "One sentence, and nothing is left behind.")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tau", "0"], "tau (the temperature) must be a number above 0"),
        (["--tau", "nan"], "tau must be a number, not nan"),
        (["--lam", "-1"], "lam (lambda"),
        (["--p-last", "1.5"], "p_last must be a number from 0 to 1, not 1.5"),
        (["--kl-direction", "up"], "kl_direction must be one of"),
        (["--dataset", "mnist"], "Unknown dataset 'mnist'"),
        (["--model", "vgg"], "Unknown model 'vgg'"),
        (["--method", "magic"], "Unknown method 'magic'"),
        (["--epochs", "0"], "epochs must be a whole number of at least 1"),
        (["--epochs", "many"], "--epochs"),
        (["--lr", "nan"], "lr must be a number above 0"),
        (["--train-examples", "9999"], "There are 1438 training images"),
        (
            ["--method", "baseline", "--lam", "1"],
            "--lam is an option of cosub, distillation, self-guidance, not of baseline",
        ),
        (["--no-averaged"], "--averaged is an option of mutual-learning, not of self-guidance"),
        (["--method", "baseline", "--p-last=0.2"], "--p-last is an option of"),
        (["--unheard-of"], "--unheard-of"),
        (["--epoch", "3"], "--epoch 3 (did you mean --epochs?); see sgutils train --help"),
        (["--pretrained", "nowhere.pt"], "nowhere.pt is missing"),
        (["--model", "torchvision:resnet19"], "torchvision has no network 'resnet19'"),
        (["--dataset", "folder:nowhere"], "nowhere is missing: expected a folder with a folder of image files"),
        (["--dataset", "folder:"], "folder: names no folder"),
        (["--dataset", "digit"], "Unknown dataset 'digit' (did you mean digits?)"),
        (["--dataset", "cifar10", "--data", "nowhere"], "nowhere is not a folder: --data"),
    ],
)
def test_a_bad_argument_is_one_sentence_and_leaves_nothing_behind(arguments, words, tmp_path, capsys):
    code = status(["train", *SMALL, "--out", str(tmp_path / "run"), *arguments])
    said = capsys.readouterr()
    assert code == 2 and said.out == ""
    assert said.err.startswith("sgutils") and words in said.err and said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tried("Mistyped, contradictory and absurd options", "One sentence, and nothing is left behind.")
@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["dance"], ["evaluate", "nowhere"], ["resume", "nowhere"], ["results", "--ledger", "nowhere"], ["train"]),
        *(["train", "--from", "nowhere.json", "--out", "x"], ["train", "--from"], ["results", "--scale", "tiny"]),
        *(["reproduce", "table1", "--budget-minutes", minutes] for minutes in ("0", "-1", "nan", "inf", "ten")),
    ],
)
def test_other_bad_commands_are_one_sentence(arguments, capsys):
    assert status(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("local", "times"), [("0", 1), ("1", 0)])
def test_of_several_processes_the_first_of_each_machine_says_what_is_wrong(local, times, monkeypatch, capsys):
    for name, value in {"WORLD_SIZE": "4", "RANK": "2", "LOCAL_RANK": local}.items():
        monkeypatch.setenv(name, value)
    assert main(["resume", "nowhere"]) == 2
    assert capsys.readouterr().err.count("nowhere") == times


@pytest.mark.parametrize(
    "arguments", [["evaluate", "x"], ["export", "x", "--out", "y"], ["results"], ["reproduce", "table1"]]
)
def test_what_one_process_does_is_not_done_by_several(arguments, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.endswith(f"start `sgutils {' '.join(arguments)}` without torchrun.\n")


def test_warnings_look_as_before_after_a_command(capsys):
    before = warnings.formatwarning
    assert main(["evaluate", "nowhere"]) == 2 and status(["dance"]) == 2
    assert warnings.formatwarning is before


def test_an_unwritable_folder_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["train", *SMALL, "--out", str(tmp_path / "file" / "run")]) == 2
    said = capsys.readouterr().err
    assert "Cannot write to" in said and said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def full_disk():
    """It takes the first checkpoint, and not the next with its momentum."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))


@pytest.mark.tried("A disk that is full", "One sentence that says how to go on; no cut file under a final name.")
def test_a_full_disk_is_one_sentence_that_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    done = Command(["train", *SMALL, "--out", str(out)], tmp_path / "said", before=full_disk).done()
    assert done.returncode == 2 and "Traceback" not in done.stderr
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"sgutils: Cannot write {out / 'checkpoint.pt'} (") and said.endswith(
        f"sgutils resume {out}"
    )
    assert not list(out.glob("*.part")) and main(["evaluate", str(out)]) == 0


@pytest.mark.tried(
    "Ctrl-C, and the signal by which a cluster ends a job",
    "A checkpoint is written, and the command that goes on is printed.",
)
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_end_of_a_clusters_time_stop_with_a_checkpoint_and_say_how_to_go_on(sent, tmp_path):
    out = tmp_path / "run"
    command = Command(["train", *SMALL, "--epochs", "500", "--out", str(out)], tmp_path / "said")
    metrics = out / "metrics.jsonl"
    until(lambda: metrics.exists() and metrics.read_text(), "the first epoch is over")
    os.kill(command.process.pid, sent)
    done = command.done()
    assert done.returncode == 130 and f"sgutils resume {out}" in done.stderr and "Traceback" not in done.stderr
    epochs = len((out / "metrics.jsonl").read_text().splitlines())
    assert epochs >= 1 and not (out / "result.json").exists()
    assert main(["evaluate", str(out)]) == 0


def test_reproduce_fills_a_ledger_and_never_runs_a_finished_row_twice(tmp_path, monkeypatch, capsys):
    from sgutils import cli
    from sgutils.results import experiments

    scale = {"dataset": "digits", "model": "resnet20", "train_examples": 100, "test_examples": 20, "epochs": 1}
    tiny = experiments.Experiment("tiny", ({"method": "baseline", **scale}, {"method": "self-guidance", **scale}))
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    arguments = ["reproduce", "tiny", "--ledger", str(tmp_path / "ledger"), "--work", str(tmp_path / "work")]
    assert main([*arguments, "--seeds", "1", "--budget-minutes", "1e-9"]) == 0
    assert list((tmp_path / "ledger").iterdir()) == []
    assert capsys.readouterr().out.endswith(
        f"0 runs added to {tmp_path / 'ledger'}, 2 left: time is up, call it again.\n"
    )
    assert main([*arguments, "--seeds", "2"]) == 0
    assert capsys.readouterr().out.endswith(f"4 runs added to {tmp_path / 'ledger'}, nothing is missing.\n")
    runs = sg.load_results(tmp_path / "ledger")
    assert len(runs) == 4 and {run.seed for run in runs} == {0, 1}
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "ledger").iterdir()}
    assert main([*arguments, "--seeds", "2"]) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "ledger").iterdir()} == stamps
    assert capsys.readouterr().out.endswith("0 runs added to " + str(tmp_path / "ledger") + ", nothing is missing.\n")
    work = {path.relative_to(tmp_path / "work").as_posix() for path in (tmp_path / "work").rglob("*")}
    assert work == {".sgutils-ledger", *(name for run in runs for name in (run.name, f"{run.name}/network.pt"))}
    assert cli.main(["results", "--ledger", str(tmp_path / "ledger")]) == 0


def test_reproduce_goes_on_inside_a_run_that_its_budget_cut(tmp_path, monkeypatch):
    from sgutils.results import experiments, reproduce
    from sgutils.training import runs, trainer

    scale = {"dataset": "digits", "model": "resnet20", "train_examples": 100, "test_examples": 20, "epochs": 3}
    monkeypatch.setitem(
        experiments.EXPERIMENTS, "cut", experiments.Experiment("cut", ({"method": "baseline", **scale},))
    )
    # A clock that stands still but for the hour that every epoch takes.
    now, error = [0.0], sg.Trainer.error

    def an_hour_later(self, loader):
        now[0] += 3600
        return error(self, loader)

    for module in (reproduce, runs, trainer):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0], perf_counter=lambda: now[0]))
    monkeypatch.setattr(sg.Trainer, "error", an_hour_later)
    arguments = {"seeds": 1, "ledger": tmp_path / "ledger", "work": tmp_path / "work", "quiet": True}
    said = []
    for minutes, epochs in ((90, 1), (90, 2), (30, 2)):
        assert reproduce.reproduce("cut", **arguments, budget_minutes=minutes, say=said.append) == []
        assert (
            now == [3600 * epochs]
            and f"Stopped after {epochs} of 3 epochs" in said[-2]
            and "1 left: time is up" in said[-1]
        )
    assert len(reproduce.reproduce("cut", **arguments, budget_minutes=90, say=said.append)) == 1
    assert len(sg.load_results(tmp_path / "ledger")[0].curves["test_error"]) == 3


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WORLD_SIZE": "abc"}, "WORLD_SIZE, which torchrun sets, must be a whole number, not 'abc'"),
        ({"WORLD_SIZE": "1", "RANK": "x"}, "RANK, which torchrun sets, must be a whole number, not 'x'"),
        ({"LOCAL_RANK": "-1"}, "LOCAL_RANK, which torchrun sets, must be a whole number, not '-1'"),
        ({"WORLD_SIZE": "2"}, "there are 2 processes, and RANK is not set"),
        ({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1"}, "and MASTER_PORT is not set"),
    ],
)
def test_half_of_what_torchrun_sets_is_one_sentence(variables, words, tmp_path, monkeypatch, capsys):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["train", *SMALL, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("arguments", [["results"], ["--import", "mine", "results"], ["evaluate", "run"]])
def test_a_folder_that_is_gone_is_one_sentence(arguments, tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    status = main(arguments)
    monkeypatch.chdir(tmp_path)
    assert status == 2 and "The current folder is not there any more" in capsys.readouterr().err
