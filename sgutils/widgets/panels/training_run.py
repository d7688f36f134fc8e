"""One run of the training panel: it trains in the background and tells the panel what to draw."""

import copy
import math
import threading
import time
from contextlib import suppress

from ...errors import InputError
from ...methods import build_method
from ...training.building import trainer_of
from ...training.trainer import Diverged
from .training_curves import TEST_CURVE, TRAINING_CURVES

SECONDS_BETWEEN_PROGRESS = 0.2  # more often than that a browser far away cannot follow


class Stopped(Exception):
    """The run was told to stop, or another took its place."""


class TrainingRun:
    """One run of a panel, as a job of the runner. What tells it from another is that it is another object."""

    def __init__(self, panel, config):
        self.panel = panel
        self.config = config
        self.epochs_done = 0
        self._told_to_stop = threading.Event()

    def stop(self):
        self._told_to_stop.set()

    def __call__(self):
        try:
            self._train()
            ending, alarm = "done.", False
        except Stopped:
            ending, alarm = "stopped, because another panel began to train.", False
        except Exception as error:
            ending, alarm = sentence_of(error), True
        with suppress(Stopped):  # a run that was stopped by its own panel has nothing left to say
            self.panel.draw_end(self, ending, alarm)

    def _train(self):
        panel, config = self.panel, self.config
        self._go_on()
        method = build_method(config.method, lambda: copy.deepcopy(panel.network), seed=config.seed, **config.options)
        trainer = trainer_of(method, panel.dataset, config, on_step=self._step)
        self._steps, self._all_steps = 0, trainer.epochs * len(trainer.train)
        self._drawn_at = -math.inf
        test_curve, training_curves = TEST_CURVE[config.method], TRAINING_CURVES[config.method]
        self._watch = panel.watcher(self, trainer)
        assert trainer.test is not None  # of a data set there always is one
        panel.draw_epoch(self, 0, {test_curve: trainer.error(trainer.test)})
        self._watch()
        for epoch in trainer:
            values = {test_curve: epoch.test_error}
            values |= {curve: epoch.train[term] for term, curve in training_curves.items()}
            panel.draw_epoch(self, epoch.index, values)
        panel.draw_progress(self, 1.0)

    def _step(self):
        self._go_on()
        self._watch()
        self._steps += 1
        now = time.monotonic()
        if now - self._drawn_at > SECONDS_BETWEEN_PROGRESS:
            self._drawn_at = now
            self.panel.draw_progress(self, self._steps / self._all_steps)

    def _go_on(self):
        if self._told_to_stop.is_set():
            raise Stopped


def sentence_of(error):
    """An error for a person: ours are sentences already, others become one."""
    if isinstance(error, (InputError, Diverged)):
        return str(error)
    first_line = (str(error).strip().splitlines() or ["no message"])[0]
    return f"The training ended with an error ({type(error).__name__}: {first_line})."
