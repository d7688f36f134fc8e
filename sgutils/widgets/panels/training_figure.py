"""The live figure of the training panel: a plotly FigureWidget that a background thread may draw on."""

import math
import threading
from copy import deepcopy

import plotly.graph_objects as go
from plotly.serializers import custom_serializers

from ...colors import NEUTRALS, ROLES
from .training_curves import CURVES


class TrainingFigure(go.FigureWidget):
    """Errors above, the KL below, over the epochs of one run.

    Drawing and what the browser answers take one lock, because they come from different threads.
    """

    # The traces keep their own uids, which the style sheet knows; plotly would write random ones over them.
    _set_trace_uid = False

    def __init__(self):
        self._lock = threading.RLock()
        super().__init__([_trace(key, curve) for key, curve in CURVES.items()], _layout())
        # Nothing to zoom or pan, so that a phone scrolls past.
        self._config = {"displayModeBar": False, "responsive": True}

    def begin(self, epochs, below):
        """Take all curves away and make room for this many epochs; `below` says whether the KL has values."""
        with self._lock, self.batch_update():
            for trace in self.data:
                trace.x, trace.y = [], []
            for axis in (self.layout.xaxis, self.layout.xaxis2):
                axis.range, axis.dtick = [0, epochs], math.ceil(epochs / 10)
            self.layout.yaxis.domain = [0.36, 1] if below else [0, 1]
            self.layout.xaxis.showticklabels = not below
            self.layout.xaxis.title.text = "" if below else "epoch"
            self.layout.xaxis2.visible = self.layout.yaxis2.visible = below

    def add(self, epoch, values):
        """Draw one more epoch: `values` by the keys of `CURVES`."""
        with self._lock, self.batch_update():
            for key, value in values.items():
                trace = self.data[list(CURVES).index(key)]
                trace.x, trace.y = [*trace.x, epoch], [*trace.y, value]
            # Any change of the layout makes plotly look how wide its place is; a figure is made before it has one.
            self.layout.meta = epoch

    def set_state(self, sync_data):
        with self._lock:
            super().set_state(sync_data)

    def get_state(self, key=None, drop_defaults=False):
        state = super().get_state(key, drop_defaults)
        # A page that is loaded again asks for everything; plotly from 6 on would answer with what it was made with.
        if key is None and "_widget_data" in state and getattr(self, "_layout", None):
            with self._lock:
                state["_widget_data"] = deepcopy(custom_serializers["to_json"](self._data, self))
                state["_widget_layout"] = deepcopy(custom_serializers["to_json"](self._layout, self))
        return state


def _trace(key, curve):
    color = ROLES[curve.role].light  # training_panel.css puts the theme's in its place, by the uid
    return go.Scatter(
        uid=key,
        name=curve.name,
        mode="lines+markers",
        cliponaxis=False,
        line={"color": color, "width": 2, "dash": "2px 3px" if curve.dotted else "solid"},
        marker={"color": color, "size": 5},
        xaxis="x2" if curve.below else "x",
        yaxis="y2" if curve.below else "y",
        hovertemplate="epoch %{x}: " + ("%{y:.4f}" if curve.below else "%{y:.1%}"),
        x=[],
        y=[],
    )


def _layout():
    grid = {"gridcolor": NEUTRALS["line"].light, "zeroline": False, "fixedrange": True}
    return go.Layout(
        template="none",
        autosize=True,
        height=400,
        margin={"l": 58, "r": 14, "t": 10, "b": 44},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        dragmode=False,
        font={"size": 12, "color": ROLES["skipped"].light},
        xaxis=grid | {"anchor": "y", "tickformat": "d", "showticklabels": False},
        xaxis2=grid | {"anchor": "y2", "tickformat": "d", "title": {"text": "epoch"}},
        yaxis=grid | {"domain": [0.36, 1], "range": [0, 1], "tickformat": ".0%", "title": {"text": "error"}},
        yaxis2=grid | {"domain": [0, 0.26], "rangemode": "tozero", "nticks": 4, "title": {"text": "KL"}},
    )
