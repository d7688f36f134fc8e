import dataclasses
import itertools
import json
import sys

import pytest
import torch

import sgutils as sg
from sgutils.export import trained_network
from sgutils.training import building, runs
from sgutils.training.locking import hold
from sgutils.training.runs import evaluate, resume


def config(**changes):
    small = {
        "dataset": "digits",
        "model": "resnet20",
        "method": "self-guidance",
        "train_examples": 200,
        "test_examples": 50,
    }
    return sg.Config(**{**small, "epochs": 3, "batch_size": 64, **changes})


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """One small run from start to end, with its folder."""
    folder = tmp_path_factory.mktemp("run") / "a"
    return sg.train(config(), folder, command="sgutils train", quiet=True), folder


def same_curves(one, other):
    return one.curves == other.curves


@pytest.mark.parametrize("method", sg.METHODS)
def test_it_learns(method, monkeypatch):
    monkeypatch.setitem(sg.MODELS, "resnet8", lambda **shape: sg.resnet(8, **shape))
    whole = {"model": "resnet8", "train_examples": None, "test_examples": None, "epochs": 4}
    run = sg.train(config(method=method, **whole), quiet=True)
    assert run.status == "finished" and run.last_test_error < 0.2, run.curves["test_error"]


def test_same_seed_same_numbers(undisturbed):
    assert same_curves(sg.train(config(), quiet=True), undisturbed[0])
    assert not same_curves(sg.train(config(seed=1), quiet=True), undisturbed[0])


def test_the_global_generator_decides_nothing(undisturbed):
    torch.manual_seed(123)
    assert same_curves(sg.train(config(), quiet=True), undisturbed[0])


@pytest.mark.parametrize("epochs_before", [0, 1, 2])
def test_a_resumed_run_ends_bit_for_bit_like_one_never_stopped(epochs_before, tmp_path, undisturbed, monkeypatch):
    out, done = tmp_path / "b", 0

    def stop_after_some_epochs(self, loader):
        nonlocal done
        done += 1
        if done == epochs_before + 1:
            raise KeyboardInterrupt
        return error(self, loader)

    error = sg.Trainer.error
    monkeypatch.setattr(sg.Trainer, "error", stop_after_some_epochs)
    stopped = sg.train(config(), out, command="sgutils train", quiet=True)
    monkeypatch.undo()
    assert stopped.status == "interrupted" and not (out / "result.json").exists()
    resumed = resume(out, quiet=True)
    assert same_curves(resumed, undisturbed[0])
    ours, theirs = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (out, undisturbed[1]))
    flat = lambda state: torch.utils._pytree.tree_leaves({**state["trainer"], "history": 0})
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_the_folder_holds_checkpoint_metrics_network_and_result(undisturbed):
    run, folder = undisturbed
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "checkpoint.pt",
        "checkpoint.previous.pt",
        "metrics.jsonl",
        "network.pt",
        "result.json",
        "tensorboard",
    }
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["test_error"] for line in lines] == run.curves["test_error"]
    assert json.loads((folder / "result.json").read_text()) == dataclasses.asdict(run)


def test_tensorboard_shows_the_same_curves(undisturbed):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run, folder = undisturbed
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    for tag, curve in (("test error", "test_error"), ("train/distill", "train_distill")):
        points = [(event.step, event.value) for event in events.Scalars(tag)]
        assert points == [
            (step, pytest.approx(value, abs=1e-5)) for step, value in enumerate(run.curves[curve], start=1)
        ]


def test_tensorboard_shows_each_epoch_once_however_often_a_run_was_stopped(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sg.train(config(), tmp_path / "run", deadline=0.0, quiet=True)
    resume(tmp_path / "run", quiet=True)
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("test error")] == [1, 2, 3]


def test_without_tensorboard_nothing_is_missed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert sg.train(config(epochs=1), tmp_path / "run", quiet=True).status == "finished"
    assert not (tmp_path / "run" / "tensorboard").exists() and (tmp_path / "run" / "metrics.jsonl").read_text()


def test_evaluate_measures_the_same_error_again(undisturbed):
    run, folder = undisturbed
    what, error, trainer = evaluate(folder)
    assert (what, error, len(trainer.history)) == (config(), run.last_test_error, config().epochs)


def test_a_run_never_overwrites_another(undisturbed):
    before = {path.name: path.read_bytes() for path in undisturbed[1].glob("*.*")}
    with pytest.raises(sg.InputError, match="already holds a run.*resume"):
        sg.train(config(), undisturbed[1], quiet=True)
    assert {path.name: path.read_bytes() for path in undisturbed[1].glob("*.*")} == before


def test_a_folder_that_cannot_be_written_is_one_sentence_before_any_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(sg.InputError, match="Cannot write to .*file"):
        sg.train(config(), tmp_path / "file" / "run", quiet=True)
    with pytest.raises(sg.InputError, match="file is a file: choose a folder"):
        sg.train(config(), tmp_path / "file", quiet=True)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_disk_that_takes_no_more_is_one_sentence_with_what_to_type_then(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(sg.InputError, match="No space left.*: sgutils resume .*run$"):
        patched.setattr("sgutils.training.runs.Log.write", full)  # TensorBoard writes in a way of its own
        sg.train(config(), tmp_path / "run", quiet=True)
    with monkeypatch.context() as patched, pytest.raises(sg.InputError, match="Cannot write to .*run .No space left"):
        patched.setattr("sgutils.folders.tempfile.TemporaryFile", lambda **given: full())
        resume(tmp_path / "run", quiet=True)
    assert resume(tmp_path / "run", quiet=True).status == "finished"


def test_a_file_is_no_run(undisturbed):
    for do in (evaluate, resume):
        with pytest.raises(sg.InputError, match="checkpoint.pt is a file: expected the folder of a run"):
            do(undisturbed[1] / "checkpoint.pt")


def test_bad_input_leaves_no_folder_behind(tmp_path):
    for bad in ({"options": {"tau": 0}}, {"train_examples": 10**6}, {"image_size": 1}):
        with pytest.raises(sg.InputError):
            sg.train(config(**bad), tmp_path / "run", quiet=True)
        assert not (tmp_path / "run").exists()


def test_divergence_is_said_with_its_place_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    steps, forward = 0, sg.Baseline.forward

    def poisoned(self, x, y):
        nonlocal steps
        steps += 1
        losses = forward(self, x, y)
        return losses | {"total": losses["total"] * (float("nan") if steps == 6 else 1.0)}

    monkeypatch.setattr(sg.Baseline, "forward", poisoned)
    monkeypatch.setattr(runs, "SAVING", 0)  # after every epoch, however short
    run = sg.train(config(method="baseline"), tmp_path / "run", quiet=True)  # 4 steps per epoch
    assert run.status == "diverged" and "epoch 2, step 2" in run.message and "learning rate 0.1" in run.message
    assert len(run.curves["test_error"]) == 1
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert len(state["trainer"]["history"]) == 1
    assert all(value.isfinite().all() for value in state["trainer"]["method"].values() if value.is_floating_point())
    assert json.loads((tmp_path / "run" / "result.json").read_text())["status"] == "diverged"


def test_weights_that_explode_in_the_last_step_of_an_epoch_are_noticed(tmp_path, monkeypatch):
    step = torch.optim.SGD.step
    steps = 0

    def explode(self, *arguments):
        nonlocal steps
        steps += 1
        step(self, *arguments)
        if steps == 8:  # of 4 per epoch
            self.param_groups[0]["params"][0].data.fill_(float("inf"))

    monkeypatch.setattr(torch.optim.SGD, "step", explode)
    run = sg.train(config(method="baseline"), tmp_path / "run", quiet=True)
    assert run.status == "diverged" and "last step of epoch 2" in run.message
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert all(value.isfinite().all() for value in state["trainer"]["method"].values() if value.is_floating_point())


def test_a_deadline_stops_between_epochs_and_can_be_resumed(tmp_path, undisturbed):
    stopped = sg.train(config(), tmp_path / "run", deadline=0.0, quiet=True)
    assert stopped.status == "stopped" and len(stopped.curves["test_error"]) == 1
    assert same_curves(resume(tmp_path / "run", quiet=True), undisturbed[0])


def test_a_resumed_run_does_no_epoch_that_would_end_after_the_deadline(tmp_path):
    sg.train(config(), tmp_path / "run", deadline=0.0, quiet=True)
    again = resume(tmp_path / "run", deadline=0.0, quiet=True)
    assert (again.status, again.message) == ("stopped", "Stopped after 1 of 3 epochs.")


OTHER_VERSIONS = {
    "an unknown setting": lambda state: state["config"].update(unheard_of=1),
    "no trainer": lambda state: state.update(trainer=None),
    "no precision": lambda state: state["trainer"].pop("precision"),
    "a weight less": lambda state: state["trainer"]["method"].popitem(),
    "no weights": lambda state: state["trainer"].update(method=None),
    "an epoch that knows more": lambda state: state["trainer"]["history"][0].update(unheard_of=1),
    "no groups": lambda state: state["trainer"]["optimizer"].update(param_groups=[]),
    "other draws": lambda state: state["trainer"].update(train=3),
}


@pytest.mark.parametrize("what", OTHER_VERSIONS)
def test_a_checkpoint_of_another_version_is_one_sentence(what, tmp_path, undisturbed):
    state = torch.load(undisturbed[1] / "checkpoint.pt", weights_only=True)
    OTHER_VERSIONS[what](state)
    torch.save(state, tmp_path / "checkpoint.pt")
    words = "checkpoint.pt is another kind of file or of another version: expected the checkpoint of a run"
    for use in (resume, evaluate):
        with pytest.raises(sg.InputError, match=words) as caught:
            use(tmp_path)
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def first_weight(state):
    return next(iter(state["trainer"]["method"].values()))


EDITED = {
    "an epoch that is a text": lambda state: state["trainer"]["history"][1].update(index="2"),
    "a negative epoch": lambda state: state["trainer"]["history"][0].update(index=-1),
    "more epochs than there are": lambda state: state["config"].update(epochs=2),
    "an epoch twice": lambda state: state["trainer"]["history"].insert(0, state["trainer"]["history"][0]),
    "a test error that is a text": lambda state: state["trainer"]["history"][0].update(test_error="0.5"),
    "a test error above 1": lambda state: state["trainer"]["history"][0].update(test_error=1.5),
    "no test error": lambda state: state["trainer"]["history"][0].update(test_error=None),
    "seconds that are not a number": lambda state: state["trainer"]["history"][0].update(seconds=float("nan")),
    "a loss that is a text": lambda state: state["trainer"]["history"][1]["train"].update(total="low"),
    "a loss less": lambda state: state["trainer"]["history"][1]["train"].pop("total"),
    "losses that are a list": lambda state: state["trainer"]["history"][0].update(train=[1.0]),
    "another precision": lambda state: state["trainer"].update(precision="float8"),
    "devices that are numbers": lambda state: state["trainer"].update(devices=[1]),
    "a command that is a number": lambda state: state.update(command=7),
    "no epochs": lambda state: state["config"].pop("epochs"),
    "an option less": lambda state: state["config"]["options"].pop("lam"),
    "a learning rate that is NaN": lambda state: state["config"].update(lr=float("nan")),
    "epochs that are a text": lambda state: state["config"].update(epochs="3"),
    "a configuration that is a list": lambda state: state.update(config=[1]),
    "a weight of another shape": lambda state: first_weight(state).resize_(1),
    "a weight of another kind": lambda state: state["trainer"]["method"].update(
        {next(iter(state["trainer"]["method"])): first_weight(state).double()}
    ),
    "a momentum of another shape": lambda state: state["trainer"]["optimizer"]["state"][0].update(
        momentum_buffer=torch.ones(2)
    ),
    "a momentum that is a text": lambda state: state["trainer"]["optimizer"]["state"][0].update(momentum_buffer="1"),
    "another weight decay": lambda state: state["trainer"]["optimizer"]["param_groups"][0].update(weight_decay=9.0),
    "a momentum that is NaN": lambda state: state["trainer"]["optimizer"]["param_groups"][0].update(
        momentum=float("nan")
    ),
    "a mean that is NaN": lambda state: state["inputs"].update(mean=[float("nan")]),
}


@pytest.mark.parametrize("what", EDITED)
def test_a_checkpoint_that_was_edited_is_one_sentence_and_nothing_is_written(what, tmp_path, undisturbed):
    state = torch.load(undisturbed[1] / "checkpoint.pt", weights_only=True)
    EDITED[what](state)
    torch.save(state, tmp_path / "checkpoint.pt")
    torch.save(state, tmp_path / "checkpoint.previous.pt")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for use in (resume, evaluate):
        with pytest.raises(
            sg.InputError, match="checkpoint.pt (cannot be used: |is another kind of file or of ano)"
        ) as caught:
            use(tmp_path)
        assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("what", ["an unknown setting", "no trainer", "no weights"])
def test_nor_is_its_network_exported(what, tmp_path, undisturbed):
    state = torch.load(undisturbed[1] / "checkpoint.pt", weights_only=True)
    OTHER_VERSIONS[what](state)
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(sg.InputError, match="checkpoint.pt is another kind of file or of another version"):
        trained_network(tmp_path)


def test_a_checkpoint_of_a_method_nobody_imported_says_which(tmp_path, undisturbed):
    state = torch.load(undisturbed[1] / "checkpoint.pt", weights_only=True)
    state["config"].update(method="magic")
    torch.save(state, tmp_path / "checkpoint.pt")
    for use in (resume, evaluate, trained_network):
        with pytest.raises(
            sg.InputError, match="checkpoint.pt cannot be used: Unknown method 'magic': expected one of"
        ):
            use(tmp_path)


def test_a_teacher_sees_the_images_that_its_student_is_given(monkeypatch, tmp_path):
    dataset = sg.load_dataset("digits", train_examples=64, test_examples=20)
    monkeypatch.setattr(building, "build_dataset", None)  # nobody reads others
    run = sg.train(config(method="distillation", epochs=1), tmp_path / "run", quiet=True, dataset=dataset)
    assert run.status == "finished" and json.loads((tmp_path / "run/teacher/result.json").read_text())["fit_error"]


def test_a_run_needs_the_file_of_its_teacher_only_until_its_first_checkpoint(tmp_path):
    teacher = sg.resnet(8, in_channels=1, widths=(4, 4, 4))
    sg.save_network(tmp_path / "teacher.pt", teacher)
    options = {"teacher": str(tmp_path / "teacher.pt")}
    run = sg.train(config(method="distillation", options=options, epochs=1), tmp_path / "run", quiet=True)
    (tmp_path / "teacher.pt").unlink()
    _, error, trainer = evaluate(tmp_path / "run")
    assert error == run.last_test_error
    kept = trainer.method.teacher.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in teacher.state_dict().items())


def test_the_images_of_a_distillation_are_read_once(monkeypatch):
    reads, read = [], building.load_dataset
    monkeypatch.setattr(building, "load_dataset", lambda name, **more: reads.append(name) or read(name, **more))
    sg.train(config(method="distillation", epochs=1), quiet=True)
    assert len(reads) == 1


def test_a_device_that_there_is_not_is_one_sentence():
    with pytest.raises(sg.InputError, match="'gpu' is not a device of this machine"):
        building.make_trainer(config(), device="gpu")


@pytest.mark.slow
def test_a_network_with_dropout_trains_the_same_from_one_seed_and_after_a_stop(tmp_path):
    def dropping(seed):
        return config(
            model="torchvision:mobilenet_v3_small",
            method="baseline",
            train_examples=64,
            batch_size=32,
            lr=0.01,
            seed=seed,
        )

    whole = sg.train(dropping(0), quiet=True)
    torch.rand(7)  # whatever ran before
    asked = itertools.count()
    stopped = sg.train(dropping(0), tmp_path / "run", quiet=True, stop=lambda: next(asked) >= 1)
    torch.rand(7)
    before = torch.get_rng_state()
    resumed = resume(tmp_path / "run", quiet=True)
    assert stopped.status == "stopped" and resumed.curves == whole.curves
    assert torch.equal(torch.get_rng_state(), before), "a run leaves the generator as it found it"
    assert sg.train(dropping(1), quiet=True).curves != whole.curves


@pytest.mark.tried(
    "The folder of a run that trains, moved away and another put into its place", "Nothing is written there."
)
@pytest.mark.parametrize("method", ["baseline", "distillation"])  # the latter trains a teacher in a folder inside
@pytest.mark.parametrize("swap", ["another folder", "no folder", "a file"])
def test_a_run_whose_folder_was_swapped_writes_nothing_into_the_other(method, swap, tmp_path, monkeypatch):
    asked = itertools.count()
    other = {name: f"{name} of somebody else" for name in ("checkpoint.pt", "metrics.jsonl", "teacher/checkpoint.pt")}

    def swapping():
        if next(asked) == 1:
            (tmp_path / "run").rename(tmp_path / "moved")
            if swap == "a file":
                (tmp_path / "run").write_text("a file")
            for name, content in other.items() if swap == "another folder" else ():
                (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "run" / name).write_text(content)
            (tmp_path / "run" / "tensorboard").mkdir(parents=True) if swap == "another folder" else None
        return False

    monkeypatch.setattr(runs, "SAVING", 0)
    with pytest.raises(sg.InputError, match="run is not the folder any more in which this training began") as caught:
        sg.train(config(method=method), tmp_path / "run", quiet=True, stop=swapping)
    assert "\n" not in str(caught.value) and str(caught.value).count("sgutils resume") == 1
    found = {
        path.relative_to(tmp_path / "run").as_posix(): path.read_text() for path in (tmp_path / "run").rglob("*.*")
    }
    assert found == (other if swap == "another folder" else {})
    assert not list((tmp_path / "run" / "tensorboard").glob("*")) if swap == "another folder" else True
    assert resume(tmp_path / "moved", quiet=True).status == "finished"


def test_only_who_holds_a_folder_puts_the_checkpoint_before_in_its_place(tmp_path, undisturbed):
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).write_bytes((undisturbed[1] / name).read_bytes())
    (tmp_path / "checkpoint.pt").write_bytes(b"damaged")
    with hold(tmp_path), pytest.raises(sg.InputError, match="Another process is training"):
        resume(tmp_path, quiet=True)
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"damaged"
    with pytest.warns(UserWarning, match="The checkpoint before it is used instead"):
        assert resume(tmp_path, quiet=True).status == "finished"


def test_going_on_where_there_is_no_run_makes_no_folder(tmp_path):
    with pytest.raises(sg.InputError, match="checkpoint.pt is missing: expected the checkpoint of a run"):
        resume(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
