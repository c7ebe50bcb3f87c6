"""A figure that a notebook shows, whether or not it was told to show figures."""

from __future__ import annotations

import io
import warnings

from matplotlib.figure import Figure

DPI = 110
"""Of the picture in a notebook; files are finer."""


class Picture(Figure):
    """A matplotlib figure with a picture of its own.

    Without it a figure that was made without pyplot is shown as its name alone.
    """

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        with warnings.catch_warnings():  # of letters that the font lacks, and draws as boxes
            warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
            self.savefig(drawn, format="png", dpi=DPI)
        return drawn.getvalue()


def picture(figure: Figure) -> Figure:
    """The same figure, which notebooks show."""
    if type(figure) is Figure:
        figure.__class__ = Picture
    return figure
