"""A figure as the result of a cell: plotly draws it in a kernel, the page from the same data where there is none."""

import html
import json
import re
import sys

import plotly.graph_objects as go

from ..errors import InputError


def show(figure: go.Figure, name: str, alt: str) -> "Shown":
    """A figure as the result of a cell.

    Args:
        figure: of scatter traces, which is what the page can draw.
        name: its id on the page: small letters, digits and hyphens.
        alt: what the figure shows, for those who do not see it.

    Raises:
        InputError: if the name is not an id, the alt text is missing, or the page cannot draw the figure.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            f"{name!r} is not an id for a figure: use small letters, digits and hyphens, such as 'test-error'."
        )
    if len(alt.split()) < 3:
        raise InputError(f"The figure {name!r} needs an alt text: a sentence that says what it shows.")
    for trace in figure.data:
        if trace.type != "scatter":
            raise InputError(f"The page draws scatter traces only, but {name!r} has one of type {trace.type!r}.")
    return Shown(_plain(figure.to_plotly_json()), name, alt)


class Shown:
    """What `show` returns; displays itself."""

    def __init__(self, figure: dict, name: str, alt: str):
        self.figure, self.name, self.alt = figure, name, alt

    def __repr__(self):
        # A cell's text must be the same at every run.
        return f"Figure {self.name}: {self.alt}"

    def _repr_mimebundle_(self, **kwargs):
        if "google.colab" in sys.modules:  # shows HTML only, each output in a frame of its own
            live = go.Figure(self.figure).to_html(include_plotlyjs="cdn", full_html=False, div_id=self.name)
            return {"text/html": live, "text/plain": repr(self)}
        live = {**self.figure, "config": {"displayModeBar": False, "responsive": True}}
        return {"application/vnd.plotly.v1+json": live, "text/html": self.to_html(), "text/plain": repr(self)}

    def to_html(self) -> str:
        """The figure for a page that has ``figure.js``: its data, and how much room to keep for it."""
        # "<" might end the script element early.
        data = json.dumps(self.figure, sort_keys=True, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
        return (
            f'<div class="sg-figure" id="{self.name}" role="img" aria-label="{html.escape(self.alt)}"'
            f' style="min-height:{self.figure["layout"]["height"]}px">'
            f'<noscript><p>{html.escape(self.alt)}</p></noscript><script type="application/json">{data}</script></div>'
        )


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
