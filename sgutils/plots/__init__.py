"""Figures of the book: plotly in a kernel, the same data drawn by the page where there is none.

A figure is built from `Line`, `Row` or `Estimate`, or straight from the ledger, in the book's colours. `show` is the last
line of a cell: Jupyter draws the figure with plotly, and the site draws it from the JSON in the cell's HTML.
"""

from .figures import estimates, learning_curves, lines, rows
from .shown import show
from .traces import Estimate, Line, Row

__all__ = ["Estimate", "Line", "Row", "estimates", "learning_curves", "lines", "rows", "show"]
