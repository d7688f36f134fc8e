"""The training panel without a browser: what a run draws, and that two runs never mix."""

import dataclasses
import re
import threading
from types import SimpleNamespace

import pytest
import torch
from support.waiting import PATIENCE, until

from sgutils import InputError, widgets
from sgutils.widgets.panels import training_run
from sgutils.widgets.panels.runner import RUNNER, Runner
from sgutils.widgets.panels.training_curves import CURVES, TEST_CURVE, TRAINING_CURVES

TINY = {"dataset": "digits", "image_size": None, "train_examples": 64, "test_examples": 20, "batch_size": 16}


def training_threads():
    return [thread for thread in threading.enumerate() if thread.name == "sgutils-training"]


@pytest.fixture
def panel():
    panel = widgets.TrainingPanel(**TINY, epochs=2)
    yield panel
    panel.close()
    until(lambda: not training_threads(), "the training thread ends with its panel")


@pytest.fixture
def slow(monkeypatch):
    """Training whose every step waits to be let go on: `slow.steps` counts them, `slow.go()` lets one step pass."""
    gate = threading.Semaphore(0)
    slow = SimpleNamespace(steps=0, at_once=0, most_at_once=0, go=gate.release)
    real_step = training_run.TrainingRun._step

    def step(run):
        slow.at_once += 1
        slow.most_at_once = max(slow.most_at_once, slow.at_once)
        try:
            slow.steps += 1
            assert gate.acquire(timeout=PATIENCE)
            real_step(run)
        finally:
            slow.at_once -= 1

    monkeypatch.setattr(training_run.TrainingRun, "_step", step)
    yield slow
    for _ in range(1000):
        gate.release()


def drawn(panel):
    """The curves with points, as lists of (epoch, value)."""
    return {
        trace.uid: list(zip(trace.x, trace.y, strict=True)) for trace in panel.figure_box.children[0].data if trace.x
    }


def says(panel):
    return panel.status.value


@pytest.mark.parametrize("method", ["baseline", "stochastic-depth", "self-guidance"])
def test_a_run_draws_every_epoch_of_every_curve(panel, method):
    panel.method.value = method
    panel.start()
    until(lambda: not panel.running, "the run ends")
    curves = drawn(panel)
    assert set(curves) == {TEST_CURVE[method], *TRAINING_CURVES[method].values()}
    for key, points in curves.items():
        # The test error is also measured before training.
        assert [epoch for epoch, _ in points] == ([0, 1, 2] if key == TEST_CURVE[method] else [1, 2])
        assert all(0 <= value <= 1 for _, value in points)
    assert panel.progress.value == 1
    assert "done" in says(panel)
    assert not panel.start_button.disabled and panel.stop_button.disabled and panel.restart_button.disabled


def test_the_curves_are_those_of_the_trainer(panel):
    from sgutils.training.building import make_trainer
    from sgutils.training.config import Config

    panel.sliders["lam"].value, panel.sliders["tau"].value, panel.sliders["p_last"].value = 0.5, 2.0, 0.8
    panel.start()
    until(lambda: not panel.running, "the run ends")
    options = {"lam": 0.5, "tau": 2.0, "p_last": 0.8}
    trainer = make_trainer(Config(method="self-guidance", model="resnet20", epochs=2, options=options, **TINY))
    epochs = list(trainer)
    assert drawn(panel)["teacher_test"][1:] == [(epoch.index, epoch.test_error) for epoch in epochs]
    # KLs are small differences of large numbers, and threads may add them in another order.
    kl = {epoch.index: epoch.train["distill"] for epoch in epochs}
    assert dict(drawn(panel)["distill"]) == pytest.approx(kl, rel=1e-2)


def test_the_same_settings_draw_the_same_curves_again(panel):
    panel.start()
    until(lambda: not panel.running, "the first run ends")
    first = drawn(panel)
    panel.start()
    until(lambda: not panel.running, "the second run ends")
    assert drawn(panel)["teacher_test"] == first["teacher_test"]


def test_a_run_leaves_the_random_numbers_of_the_cells_alone(panel):
    before = torch.get_rng_state()
    panel.start()
    until(lambda: not panel.running, "the run ends")
    assert torch.equal(torch.get_rng_state(), before)


def test_stop_ends_the_run_within_a_step_and_keeps_its_curves(panel, slow):
    panel.start()
    for _ in range(4):  # one epoch
        slow.go()
    until(lambda: slow.steps == 5, "the second epoch begins")
    panel.stop()
    assert not panel.running
    assert "stopped after 1 epoch." in says(panel)
    kept = drawn(panel)
    slow.go()
    until(lambda: not training_threads(), "the thread ends")
    assert slow.steps == 5
    assert drawn(panel) == kept and len(kept["teacher_test"]) == 2


def test_stop_without_a_run_says_nothing_new(panel):
    before = says(panel)
    panel.stop()
    assert says(panel) == before


def test_start_returns_at_once(panel, slow):
    panel.start()
    assert panel.running
    until(lambda: slow.steps == 1, "the first step begins")
    assert panel.running and not panel.stop_button.disabled and panel.start_button.disabled


def test_two_quick_starts_never_mix(panel, slow):
    panel.start()
    for _ in range(4):
        slow.go()
    until(lambda: slow.steps == 5, "the first run has drawn an epoch and trains the next")
    panel.sliders["epochs"].value = 1
    panel.method.value = "baseline"
    panel.start_button.click()
    panel.start_button.click()
    assert not drawn(panel), "curves of the run that was thrown away"
    for _ in range(100):
        slow.go()
    until(lambda: not panel.running, "the last run ends")
    until(lambda: not training_threads(), "the thread ends")
    curves = drawn(panel)
    assert set(curves) == {"baseline_test", "baseline_train"}
    assert [epoch for epoch, _ in curves["baseline_test"]] == [0, 1]
    assert slow.steps == 5 + 4, "a run that was never to begin has trained"
    assert slow.most_at_once == 1


def test_many_starts_from_many_threads_leave_one_run(panel):
    panel.sliders["epochs"].value = 1
    starters = [threading.Thread(target=panel.start) for _ in range(12)]
    for thread in starters:
        thread.start()
    seen = []

    def over():
        seen.append(len(training_threads()))
        return not panel.running and not any(thread.is_alive() for thread in starters)

    until(over, "the last run ends")
    assert max(seen) == 1
    assert [epoch for epoch, _ in drawn(panel)["teacher_test"]] == [0, 1]
    assert "done" in says(panel)


def test_restart_starts_again_with_the_new_settings(panel, slow):
    panel.start()
    until(lambda: slow.steps == 1, "training begins")
    panel.sliders["lam"].value = 1.0
    panel.restart_button.click()
    assert "λ = 1," in says(panel)
    for _ in range(100):
        slow.go()
    until(lambda: not panel.running, "the run ends")
    assert [epoch for epoch, _ in drawn(panel)["teacher_test"]] == [0, 1, 2]


def test_a_second_panel_ends_the_run_of_the_first(panel, slow):
    other = widgets.TrainingPanel(**TINY, epochs=1)
    panel.start()
    until(lambda: slow.steps == 1, "the first panel trains")
    other.start()
    for _ in range(100):
        slow.go()
    until(lambda: not other.running and not panel.running, "both end")
    assert "another panel began" in says(panel)
    assert "done" in says(other)
    assert slow.most_at_once == 1
    other.close()


def test_closing_the_panel_ends_its_run(slow):
    panel = widgets.TrainingPanel(**TINY)
    panel.start()
    until(lambda: slow.steps == 1, "training begins")
    panel.close()
    slow.go()
    until(lambda: not training_threads(), "the thread ends")
    assert slow.steps == 1


def test_the_thread_does_not_keep_a_kernel_alive(panel, slow):
    panel.start()
    until(lambda: slow.steps == 1, "training begins")
    assert all(thread.daemon for thread in training_threads())


def test_an_error_in_training_is_one_sentence_in_the_panel(panel, monkeypatch, capfd):
    def broken(*args, **kwargs):
        raise RuntimeError("out of <memory>\nwith a second line")

    monkeypatch.setattr(training_run, "build_method", broken)
    panel.start()
    until(lambda: not panel.running, "the run ends")
    assert "The training ended with an error (RuntimeError: out of &lt;memory&gt;)." in says(panel)
    assert 'role="alert"' in says(panel) and "second line" not in says(panel)
    assert capfd.readouterr().err == ""
    monkeypatch.undo()
    panel.start()
    until(lambda: not panel.running, "the next run ends")
    assert "done" in says(panel)


def test_a_run_that_diverges_says_where(panel, monkeypatch):
    from sgutils.training.building import trainer_of

    def hot(method, dataset, config, **more):
        return trainer_of(method, dataset, dataclasses.replace(config, lr=1e6), **more)

    monkeypatch.setattr(training_run, "trainer_of", hot)
    panel.start()
    until(lambda: not panel.running, "the run ends")
    assert re.search(r"The (loss|weights) became NaN or infinite in (the last step of )?epoch \d", says(panel))


def test_an_error_of_a_button_is_a_sentence_too(panel, monkeypatch):
    monkeypatch.setattr(RUNNER, "submit", lambda job: (_ for _ in ()).throw(RuntimeError("no threads left")))
    panel.start_button.click()
    assert "no threads left" in says(panel)


def test_a_job_that_fails_does_not_end_the_runner(caplog):
    runner, done = Runner(), threading.Event()
    failing = type("Failing", (), {"stop": lambda self: None, "__call__": lambda self: 1 / 0})()
    working = type("Working", (), {"stop": lambda self: None, "__call__": lambda self: done.set()})()
    runner.submit(failing)
    runner.submit(working)
    assert done.wait(30)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dataset": "nothing"}, "Unknown dataset 'nothing'"),
        ({"model": "resnet21"}, "Unknown model 'resnet21'"),
        ({"method": "magic"}, "Unknown method 'magic'"),
        ({"lam": -1}, "lam must be a number from 0 to 3, not -1."),
        ({"lam": float("nan")}, "lam must be a number from 0 to 3, not nan."),
        ({"tau": 0}, "tau must be a number from 0.5 to 20, not 0."),
        ({"p_last": 1.5}, "p_last must be a number from 0 to 1, not 1.5."),
        ({"p_last": "half"}, "p_last must be a number from 0 to 1, not 'half'."),
        ({"epochs": 0}, "epochs must be a whole number from 1 to 60, not 0."),
        ({"epochs": 2.5}, "epochs must be a whole number from 1 to 60, not 2.5."),
        ({"train_examples": 10**6}, "ask for 1 to"),
        ({"batch_size": 1}, "batch_size must be a whole number of at least 2"),
    ],
)
def test_a_bad_argument_is_one_sentence(wrong, said):
    with pytest.raises(InputError) as caught:
        widgets.TrainingPanel(**TINY | wrong)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_only_the_sliders_that_count_can_be_moved(panel):
    usable = {}
    for method in TEST_CURVE:
        panel.method.value = method
        usable[method] = {name for name, slider in panel.sliders.items() if not slider.disabled}
    assert usable == {
        "baseline": {"epochs"},
        "stochastic-depth": {"p_last", "epochs"},
        "self-guidance": {"lam", "tau", "p_last", "epochs"},
    }


def test_the_cell_shows_the_same_text_every_time(panel):
    again = widgets.TrainingPanel(**TINY)
    texts = [{kind: one._repr_mimebundle_()[kind] for kind in ("text/plain", "text/html")} for one in (panel, again)]
    assert texts[0] == texts[1]
    page = texts[0]["text/html"]
    assert "needs a running kernel" in page and "Colab" in page
    assert not any(control in page for control in ("<button", "<input", "<select", "<script"))
    again.close()


def test_plotly_waits_for_the_first_start(panel):
    """Its 5 MB are in no committed notebook, and a page gets them only from a reader who trains."""
    assert panel.figure_box.children == ()
    panel.start()
    assert len(panel.figure_box.children) == 1


def test_closing_the_panel_closes_what_is_in_it(panel):
    panel.start()
    figure = panel.figure_box.children[0]
    panel.close()
    assert figure.comm is None and panel.start_button.comm is None


def test_a_page_that_is_loaded_again_gets_the_curves(panel):
    panel.start()
    until(lambda: not panel.running, "the run ends")
    state = panel.figure_box.children[0].get_state()
    points = {trace["uid"]: list(trace["y"]) for trace in state["_widget_data"] if len(trace.get("y", ()))}
    assert points == {key: [value for _, value in values] for key, values in drawn(panel).items()}
    assert list(state["_widget_layout"]["xaxis"]["range"]) == [0, 2]


def test_every_curve_has_its_roles_color(panel):
    style = panel.children[0].value
    for key, curve in CURVES.items():
        assert f".trace{key} {{ --sg-role: var(--sg-{curve.role}); }}" in style
