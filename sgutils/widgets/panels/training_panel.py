"""The live training panel: choose a method and its settings, train a small network, and watch the curves come."""

import html
import reprlib
import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets

from ...errors import InputError
from ...methods import options
from ...training.building import build
from ...training.config import Config
from ...training.trainer import Trainer
from .. import bundle
from .runner import RUNNER
from .training_curves import TRAINING_CURVES, css_roles, legend
from .training_run import Stopped, TrainingRun, sentence_of

# Sliders: what each is called, its range and step, and how its value is written.
SLIDERS = {
    "lam": ("λ", 0, 3, 0.05, ".2f"),
    "tau": ("τ temperature", 0.5, 20, 0.5, ".1f"),
    "p_last": ("p_L last survival", 0, 1, 0.05, ".2f"),
    "epochs": ("epochs", 1, 60, 1, "d"),
}
METHOD_NAMES = {"baseline": "Baseline", "stochastic-depth": "Stochastic depth", "self-guidance": "Self-Guidance"}

STATIC_PAGE = (
    '<div class="sg-x sg-panel-static" role="note" aria-label="Training panel">'
    "<p><b>Training panel.</b> This panel trains with PyTorch, so it needs a running kernel: "
    "open this chapter in Colab or in Jupyter and run it.</p>"
    "<p>There it has sliders for λ, τ, p<sub>L</sub> and the number of epochs, buttons to start, stop and restart, "
    "and it draws the error of teacher and students and the KL between them "
    "while a {model} trains on <code>{dataset}</code>.</p>"
    "</div>"
)


class TrainingPanel(ipywidgets.VBox):
    """Trains a small gated network on real images in the background, and draws its curves as they come.

    Every run starts from the same weights and sees the same batches, so that two runs differ by their settings alone.
    There is one run at a time in a kernel: starting one ends the one before it, in whichever panel that is.

    Args:
        dataset: a data set of `sgutils.load_dataset`.
        image_size: side of the images in pixels; None leaves them as they are.
        train_examples: how many training images; None takes all.
        test_examples: how many test images; None takes all.
        model: a network of `sgutils.MODELS`.
        method: the method that is chosen at first: ``"baseline"``, ``"stochastic-depth"`` or ``"self-guidance"``.
        lam: where the slider of lambda stands at first, 0 to 3.
        tau: the same for the temperature, 0.5 to 20.
        p_last: the same for p_L, 0 to 1.
        epochs: the same for the number of epochs, 1 to 60.
        batch_size: images per step.
        seed: of the first weights, the order of the images, their augmentation and the students.

    Raises:
        InputError: if an argument is outside its range, or the data cannot be read.
    """

    _run = None
    _static_page = STATIC_PAGE

    def __init__(
        self,
        *,
        dataset: str = "fashion-mnist",
        image_size: int | None = 14,
        train_examples: int | None = 1280,
        test_examples: int | None = 1000,
        model: str = "resnet20",
        method: str = "self-guidance",
        lam: float = 0.25,
        tau: float = 3.0,
        p_last: float = 0.5,
        epochs: int = 15,
        batch_size: int = 64,
        seed: int = 0,
    ):
        if method not in METHOD_NAMES:
            raise InputError(f"Unknown method {method!r}: the panel has {', '.join(METHOD_NAMES)}.")
        first = {"lam": lam, "tau": tau, "p_last": p_last, "epochs": epochs}
        for name, value in first.items():
            _check_slider(name, value)
        self._recipe: dict[str, Any] = {
            "dataset": dataset,
            "image_size": image_size,
            "model": model,
            "batch_size": batch_size,
            "seed": seed,
            "train_examples": train_examples,
            "test_examples": test_examples,
        }
        # Data and first weights are made here, once, in the reader's cell: a run then draws nothing from torch's global
        # generator, which belongs to the cells.
        plain, self.dataset = build(Config(method="baseline", **self._recipe))
        self.network = plain.net
        # Guards the widgets below and `_run`: handlers and the training thread both come here.
        self._lock = threading.RLock()
        self._figure: Any = None  # drawn on by `begin` and `add`; made with the first run

        self.sliders = {name: _slider(name, value) for name, value in first.items()}
        self.method = ipywidgets.Dropdown(
            options=[(words, name) for name, words in METHOD_NAMES.items()], value=method, description="method"
        )
        self.method.observe(lambda _: self._show_what_counts(), "value")
        self.start_button = self._button("Start", self.start, "begin a run with these settings")
        self.stop_button = self._button("Stop", self.stop, "end the run, keep its curves")
        self.restart_button = self._button("Restart", self.start, "begin again with these settings")
        self.progress = ipywidgets.FloatProgress(value=0, min=0, max=1, layout={"width": "auto"})
        self.status = ipywidgets.HTML()
        self.legend = ipywidgets.HTML()
        # As high as the figure that will be in it, so that the page does not jump.
        self.figure_box = ipywidgets.VBox(layout={"min_height": "400px", "width": "100%"})
        settings = ipywidgets.Box([self.method, *self.sliders.values()])
        buttons = ipywidgets.HBox([self.start_button, self.stop_button, self.restart_button])
        style = ipywidgets.HTML(f"<style>{_style()}</style>", layout={"display": "none"})
        for widget, name in ((settings, "settings"), (buttons, "buttons"), (self.progress, "progress")):
            widget.add_class(f"sg-panel-{name}")
        super().__init__([style, settings, buttons, self.progress, self.status, self.legend, self.figure_box])
        self.add_class("sg-panel")
        self._show_what_counts()
        self._show_running(False)
        self._say("Choose the settings and press Start.")

    @property
    def running(self) -> bool:
        """Whether a run of this panel is going on."""
        return self._run is not None

    def start(self) -> None:
        """Begin a run with the settings that the sliders show; one that is going on is thrown away. Returns at once."""
        with self._lock:
            config = self._config()
            self._say(f"{_settings(config)}: getting ready …")
            self._show_running(True)
            self._run = run = TrainingRun(self, config)
            try:
                self._begin_drawing(config)
                RUNNER.submit(run)
            except Exception as error:
                run.stop()
                self.draw_end(run, sentence_of(error), alarm=True)

    def stop(self) -> None:
        """End the run, within a step, and keep what it has drawn."""
        with self._lock:
            if self._run is None:
                return
            self._run.stop()
            self.draw_end(self._run, f"stopped after {_count(self._run.epochs_done, 'epoch')}.", alarm=False)

    def close(self) -> None:
        """Take the panel away, and its run with it."""
        # `__del__` comes here too, where `__init__` refused an argument: then there is no lock, and no run.
        if self._run is not None:
            self.stop()
        _close_all(self.children)
        super().close()

    def __repr__(self):
        recipe = ", ".join(f"{name}={self._recipe[name]!r}" for name in ("dataset", "model"))
        return f"{type(self).__name__}({recipe})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        model = self._recipe["model"].replace("resnet", "ResNet-")
        return bundle | {"text/html": self._static_page.format(model=model, dataset=self._recipe["dataset"])}

    def _button(self, words, action, tooltip):
        button = ipywidgets.Button(description=words, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: action())
        return button

    def _config(self):
        chosen = {name: slider.value for name, slider in self.sliders.items()}
        epochs = chosen.pop("epochs")
        known = options(self.method.value)
        chosen = {name: value for name, value in chosen.items() if name in known}
        return Config(method=self.method.value, options=chosen, epochs=epochs, **self._recipe)

    def _show_what_counts(self):
        """A slider that the chosen method does not use cannot be moved."""
        known = options(self.method.value)
        for name, slider in self.sliders.items():
            slider.disabled = name != "epochs" and name not in known

    def _show_running(self, running):
        self.start_button.disabled = running
        self.stop_button.disabled = self.restart_button.disabled = not running

    def _say(self, sentence, alarm=False):
        role = "alert" if alarm else "status"
        self.status.value = f'<div class="sg-panel-status" role="{role}">{html.escape(sentence)}</div>'

    def _new_figure(self):
        # Plotly's figure weighs 5 MB, which a kernel sends to the page: only a reader who trains pays for it.
        from .training_figure import TrainingFigure

        return TrainingFigure()

    def _begin_drawing(self, config):
        if self._figure is None:
            self._figure = self._new_figure()
            self.figure_box.children = (self._figure,)
        self._figure.begin(config.epochs, below="distill" in TRAINING_CURVES[config.method])
        self.legend.value = ""
        self.progress.value = 0

    def watcher(self, run: TrainingRun, trainer: Trainer):
        """What looks at the network before the first and after every step of a run, from its thread: nothing, here."""
        return lambda: None

    # A run draws through these three, from its thread.

    def draw_epoch(self, run: TrainingRun, epoch: int, values: dict[str, float]) -> None:
        """Draw one more epoch: values by the keys of `training_curves.CURVES`."""
        with self._turn(run):
            run.epochs_done = epoch
            self._figure.add(epoch, values)
            self.legend.value = legend(values)
            if epoch < run.config.epochs:
                self._say(f"{_settings(run.config)}: epoch {epoch + 1} of {run.config.epochs} …")

    def draw_progress(self, run: TrainingRun, share: float) -> None:
        """Show how much of the run is done."""
        with self._turn(run):
            self.progress.value = share

    def draw_end(self, run: TrainingRun, ending: str, alarm: bool) -> None:
        """Say how the run ended; after this nothing of it is drawn."""
        with self._turn(run):
            self._say(f"{_settings(run.config)}: {ending}", alarm)
            self._show_running(False)
            self._run = None  # last: who asks `running` finds everything said

    @contextmanager
    def _turn(self, run):
        """The right to draw: held for a moment by the panel's own run; any other run learns that it is over."""
        with self._lock:
            if self._run is not run:
                raise Stopped
            yield


def _close_all(widgets):
    """Close widgets and what is in them: a box alone would leave its content, plotly's 5 MB too, in the kernel."""
    for widget in widgets:
        _close_all(getattr(widget, "children", ()))
        widget.close()


def _slider(name, value):
    words, low, high, step, form = SLIDERS[name]
    kind = ipywidgets.IntSlider if form == "d" else ipywidgets.FloatSlider
    return kind(value=value, min=low, max=high, step=step, description=words, readout_format=form)


def _check_slider(name, value):
    _, low, high, _, form = SLIDERS[name]
    kind, words = (int, "a whole number") if form == "d" else ((int, float), "a number")
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        raise InputError(f"{name} must be {words} from {low:g} to {high:g}, not {reprlib.repr(value)}.")


def _settings(config):
    """The settings of a run as its status line names them."""
    symbols = {"lam": "λ", "tau": "τ", "p_last": "p_L"}
    values = [f"{symbol} = {config.options[name]:g}" for name, symbol in symbols.items() if name in config.options]
    return ", ".join([METHOD_NAMES[config.method], *values])


def _count(number, thing):
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@cache
def _style():
    """The frame of the explorables, the panel's own rules, and the theme's colours for the curves, by their uids."""
    return bundle.stylesheet() + Path(__file__).with_suffix(".css").read_text(encoding="utf-8") + css_roles()
