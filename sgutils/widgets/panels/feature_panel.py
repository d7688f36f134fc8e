"""The training panel with the feature space in place of curves: student and teacher move on a map while they train."""

import math
import time

import numpy as np
import torch

from ...errors import InputError
from ...features import LiveMap, linear_cka, penultimate, silhouette
from ...gates import sample_gates
from .training_panel import TrainingPanel

# How much of the time goes into looking at the features, how often a moved map is sent, and by how many steps it moved.
SHARE_OF_LOOKING = 0.25
SECONDS_BETWEEN_MAPS = 1 / 30
STEPS_PER_MAP = 4

STATIC_PAGE = (
    '<div class="sg-x sg-panel-static" role="note" aria-label="Feature panel">'
    "<p><b>Feature panel.</b> This panel trains with PyTorch and lays out its map with openTSNE, so it needs a running "
    "kernel: open this chapter in Colab or in Jupyter and run it.</p>"
    "<p>There it has sliders for λ, τ, p<sub>L</sub> and the number of epochs, and the points of teacher and student "
    "move on one map while a {model} trains on <code>{dataset}</code>.</p>"
    "</div>"
)


class FeaturePanel(TrainingPanel):
    """Trains a small gated network in the background, and draws a live t-SNE map of what teacher and student see.

    The student is one that the survival probabilities make likely; it stays the same throughout a run. For the baseline
    the two are the plain network and that sub-network of it.

    Args:
        images: how many test images the map shows.
        perplexity: of the map.
        recipe: what `TrainingPanel` takes.

    Raises:
        InputError: if an argument is outside its range, or the data cannot be read.
    """

    _static_page = STATIC_PAGE

    def __init__(self, *, images: int = 250, perplexity: float = 20.0, **recipe):
        if isinstance(images, bool) or not isinstance(images, int):
            raise InputError(f"images must be a whole number, not {images!r}.")
        LiveMap.check(2 * images, perplexity)
        self.images = images
        self.perplexity = perplexity
        super().__init__(**recipe)
        if images > len(self.dataset.test_y):
            raise InputError(f"There are {len(self.dataset.test_y)} test images, but the map is to show {images}.")

    def _new_figure(self):
        from .feature_map import FeatureMap

        return FeatureMap(self.dataset, self.images)

    def watcher(self, run, trainer):
        return _Watcher(self, run, trainer)

    def draw_networks(self, run, names):
        """Say which networks the map is of: (name, role) for each."""
        with self._turn(run):
            self._figure.networks = [{"name": name, "role": role} for name, role in names]

    def draw_measures(self, run, sentence):
        """Show what is measured on the features themselves."""
        with self._turn(run):
            self._figure.measures = sentence

    def draw_map(self, run, positions):
        """Show the points: ``(networks * images, 2)``."""
        with self._turn(run):
            self._figure.positions = positions.astype(np.float32).tobytes()


class _Watcher:
    """Looks at the features of a run now and then, and lets the map move between two looks."""

    def __init__(self, panel, run, trainer):
        self.panel, self.run, self.net = panel, run, trainer.method.net
        test = trainer.test
        self.labels = test.y[: panel.images].cpu()
        self.x = test.normalizer(test.x[: panel.images])
        self.map = LiveMap(panel.perplexity, seed=run.config.seed)
        students = getattr(trainer.method, "students", None)
        guided = students is not None
        p = None if students is None else students.p
        likely = torch.full((self.net.num_blocks,), 0.75) if p is None else p
        draws = torch.Generator().manual_seed(run.config.seed)
        student = sample_gates(likely, draws)
        self.gates = [p, student]
        full = ("teacher", "teacher") if guided else ("full network", "baseline")
        panel.draw_networks(run, [full, (f"student with {int(student.sum())} of {len(student)} blocks", "student")])
        self.next_look = self.drawn_at = -math.inf

    def __call__(self):
        now = time.monotonic()
        if now >= self.next_look:
            self.look()
            self.next_look = time.monotonic() + (time.monotonic() - now) / SHARE_OF_LOOKING
        if self.map.begun and now - self.drawn_at >= SECONDS_BETWEEN_MAPS:
            self.drawn_at = now
            self.panel.draw_map(self.run, self.map.move(STEPS_PER_MAP))

    def look(self):
        teacher, student = (penultimate(self.net, self.x, gates).cpu() for gates in self.gates)
        together = torch.cat([teacher, student])
        if not together.isfinite().all() or together.std() == 0:
            return  # the trainer says so at the end of the epoch
        self.map.show(together)
        spread = [silhouette(features, self.labels) for features in (teacher, student)]
        self.panel.draw_measures(
            self.run,
            f"CKA of the two: {linear_cka(teacher, student):.2f}. Silhouettes: {spread[0]:.2f} and {spread[1]:.2f}.",
        )
