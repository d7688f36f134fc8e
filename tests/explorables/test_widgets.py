"""The Python side: state that is checked in one sentence, the same output at every run."""

import gc

import ipywidgets
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

import sgutils as sg
from sgutils import widgets
from sgutils.widgets import bundle

BAD = [
    (widgets.Temperature, {"tau": 0}, "tau must be a number from 0.5 to 20, but it was 0."),
    (widgets.Temperature, {"tau": float("nan")}, "tau must be a number"),
    (widgets.Temperature, {"tau": "hot"}, "but it was 'hot'."),
    (widgets.Temperature, {"teacher": [1, 2]}, "teacher must be a list of 5 numbers from -5 to 9, but it was [1, 2]."),
    (widgets.Temperature, {"student": [1, 2, 3, 4, None]}, "student must be a list of 5 numbers"),
    (widgets.Temperature, {"student": 3}, "student must be a list of 5 numbers"),
    (widgets.Temperature, {"tau_squared": 1}, "tau_squared must be True or False, but it was 1."),
    (widgets.Temperature, {"temperature": 2}, "Temperature has no setting called 'temperature'; it has tau, teacher,"),
    (widgets.Survival, {"p_last": 1.2}, "p_last must be a number from 0 to 1, but it was 1.2."),
    (widgets.Survival, {"p_last": -0.1}, "p_last must be a number from 0 to 1"),
    (widgets.Survival, {"num_blocks": 10}, "num_blocks must be 9, 15, 24 or 36, but it was 10."),
    (widgets.Survival, {"schedule": "steep"}, "schedule must be 'linear' or 'uniform', but it was 'steep'."),
    (widgets.Survival, {"draws": 1.5}, "draws must be a whole number from 0 to 1000, but it was 1.5."),
    (widgets.Survival, {"gates": "10a"}, "gates must be a string of at most 36 zeros and ones, but it was '10a'."),
    (widgets.Objective, {"lam": -1}, "lam must be a number from 0 to 3, but it was -1."),
    (widgets.Objective, {"label": 3}, "label must be a whole number from 0 to 2, but it was 3."),
    (
        widgets.Objective,
        {"kl_direction": "both"},
        "kl_direction must be 'teacher||student' or 'student||teacher', but it was 'both'.",
    ),
    (
        widgets.Peers,
        {"method": "cosub"},
        "method must be 'distillation', 'mutual-learning', 'native-ensemble', 'diverse-peers' or 'self-guidance'",
    ),
    (widgets.Peers, {"peer_1": [1, 2]}, "peer_1 must be a list of 3 numbers from -8 to 8, but it was [1, 2]."),
    (
        widgets.Playground,
        {"b_method": "sgd"},
        "b_method must be 'baseline', 'stochastic-depth', 'self-guidance' or 'without-backward-full', but",
    ),
    (widgets.Playground, {"gates": "1" * 13}, "gates must be a string of at most 12 zeros and ones"),
    (widgets.Expressions, {"mix": [1]}, "mix must be a list of 7 numbers from 0 to 100, but it was [1]."),
    (widgets.Expressions, {"setting": 3}, "setting must be a text of at most 80 letters, but it was 3."),
    (
        widgets.LiveNetwork,
        {"gates": "1" * 8},
        "gates must be 'p' or a string of 9 zeros and ones, but it was '11111111'.",
    ),
    (
        widgets.LiveNetwork,
        {"drawing": "AAAA"},
        "drawing must be '' or the 524 letters of a drawing made in the picture",
    ),
    (widgets.Overview, {"recording": []}, "recording must be a recording made by sgutils.widgets.recorders.overview"),
]


@pytest.mark.parametrize(("kind", "state", "sentence"), BAD)
def test_bad_state_is_refused_in_a_sentence(kind, state, sentence):
    with pytest.raises(sg.InputError) as refused:
        kind(**state)
    assert sentence in str(refused.value)
    name, value = next(iter(state.items()))
    if name in bundle.default_state(kind.module):
        widget = kind()
        with pytest.raises(sg.InputError):
            setattr(widget, name, value)
        assert getattr(widget, name) == bundle.default_state(kind.module)[name]


def class_name(name):
    return name.title().replace("_", "")


@pytest.mark.parametrize("name", bundle.NAMES)
def test_traits_are_the_state_and_start_from_its_defaults(name):
    kind = getattr(widgets, class_name(name))
    widget = kind()
    assert widget.state == bundle.default_state(name)
    assert kind(**widget.state).state == widget.state
    assert all(widget.traits()[key].metadata["sync"] for key in widget.state)


def test_arrays_and_tensors_are_taken_as_lists():
    for values in (np.arange(5), torch.arange(5), (0, 1, 2, 3, 4)):
        assert widgets.Temperature(teacher=values).teacher == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_states_of_two_widgets_are_apart():
    one, other = widgets.Temperature(), widgets.Temperature()
    one.teacher[0] = 9.0
    assert other.teacher == widgets.Temperature().teacher == bundle.default_state("temperature")["teacher"]


@pytest.mark.parametrize("name", bundle.NAMES)
def test_output_of_a_cell_is_the_same_at_every_run(name):
    kind = getattr(widgets, class_name(name))
    first, second = kind()._repr_mimebundle_()[0], kind()._repr_mimebundle_()[0]
    assert first.keys() == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert first["text/plain"] == second["text/plain"] == f"{class_name(name)}()"
    assert first["text/html"] == second["text/html"] == bundle.mount_html(name)


def test_a_kernel_shows_the_page_of_an_explorable_also_with_ipywidgets_7(monkeypatch):
    # There every widget displays itself, and IPython asks for no bundle where one can.
    monkeypatch.setattr(ipywidgets.Widget, "_ipython_display_", lambda self, **kwargs: None, raising=False)
    shown, _ = InteractiveShell().display_formatter.format(widgets.Temperature())
    assert shown["text/html"] == bundle.mount_html("temperature")


@pytest.mark.parametrize(
    ("old", "more"),
    [("TrainingPanel", {}), ("FeaturePanel", {"color": "network"})],
)
def test_the_old_panels_are_the_trainer(old, more):
    with pytest.warns(FutureWarning, match=f"widgets.{old} is now Trainer.* It takes no epochs, perplexity.") as told:
        widget = getattr(widgets, old)(dataset="digits", lam=1, epochs=3, perplexity=9)
    assert told[0].filename == __file__
    assert isinstance(widget, widgets.Trainer) and old not in widgets.__all__
    assert widget.state == bundle.default_state("trainer") | {"data": "digits", "lam": 1} | more


def test_repr_names_what_was_set():
    assert repr(widgets.Temperature(tau=2, tau_squared=True)) == "Temperature(tau=2.0)"


def test_unknown_widget_is_named_with_those_there_are():
    with pytest.raises(AttributeError, match="has no attribute 'Temprature'; it has .*Temperature"):
        widgets.Temprature  # noqa: B018


@pytest.mark.parametrize("name", bundle.NAMES)
def test_what_is_half_made_goes_without_a_word(name, monkeypatch):
    """The refusal is all that is said: its destructor, which comes later, finds what it asks for."""
    kind, said = getattr(widgets, class_name(name)), []
    monkeypatch.setattr("sys.unraisablehook", said.append)
    wrong = {setting: object() for setting in bundle.default_state(kind.module)}
    for state in ({"unheard_of": 1}, *({setting: value} for setting, value in wrong.items())):
        with pytest.raises(sg.InputError):
            kind(**state)
    gc.collect()
    assert said == []
