"""Pieces of charts, as plain data for plotly.js.

Colours are names from the palette, `@refused` or `@refused/0.25`; the page puts in the values of
the theme that is shown. Whatever plotly draws as text is escaped, for it reads some HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from safebasin.report import bands, formatting
from safebasin.report.palette import DASHES
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve

Trace = dict[str, Any]


def layout(axis_P: Sequence[float], label: str, top: int, symbol: str = "α") -> dict[str, Any]:
    """A chart of shares over one axis.

    Args:
        axis_P: where points lie.
        label: of the axis; text from outside.
        top: room above the panel, in pixels.
        symbol: of a coordinate.
    """
    ruler = formatting.Ruler.of(axis_P)
    span = [axis_P[0], axis_P[-1]] if len(axis_P) > 1 else [-0.5, 0.5]
    quiet = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "outside"}
    ink = {"tickcolor": "@line", "ticklen": 5, "automargin": False}
    return {
        "font": {"color": "@muted", "size": 12},
        "paper_bgcolor": "@page",
        "plot_bgcolor": "@page",
        "showlegend": False,
        "margin": {"l": 72, "r": 18, "t": top, "b": 56},
        "hoverlabel": {"bgcolor": "@raised", "bordercolor": "@line", "font": {"color": "@text"}},
        "xaxis": quiet
        | ink
        | {
            "range": span,
            "title": title(escape(one_line(label))),
            "unifiedhovertitle": {"text": f"{symbol} = %{{x:.{ruler.decimals}f}}"},
            "spikecolor": "@text",
            "spikedash": "solid",
            "spikethickness": 1,
        },
        "yaxis": quiet
        | ink
        | {
            "range": [0, 1],
            "title": title("share of responses"),
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": ["0 %", "25 %", "50 %", "75 %", "100 %"],
        },
    }


def with_interval(curve: Curve, p: int) -> str:
    """A share at a point, in words."""
    found = formatting.percents(curve.mean_P[p], curve.low_P[p], curve.high_P[p])
    return " ".join(found).strip()


def line(x_P: bands.Floats, y_P: bands.Floats, words: list[str], line: Trace) -> Trace:
    """A curve; `words` are what is read at each point, if anything is."""
    trace = {"type": "scatter", "mode": "lines", "x": plain(x_P), "y": plain(y_P), "line": line}
    if not words:
        return trace
    return trace | {"customdata": words, "hovertemplate": "%{customdata}<extra></extra>"}


def stroke(colour: str, dash: str, width: float) -> Trace:
    """How a line looks: a colour of the palette, one of `palette.DASHES`, and a width in pixels."""
    lengths = ",".join(f"{length:g}px" for length in DASHES[dash]) or "solid"
    return {"width": width, "color": f"@{colour}", "dash": lengths}


def area(outline: list[tuple[bands.Floats, bands.Floats]], colour: str) -> Trace:
    """A filled area."""
    gap = np.array([np.nan])
    x = np.concatenate([part for xs, _ in outline for part in (xs, gap)] or [gap])
    y = np.concatenate([part for _, ys in outline for part in (ys, gap)] or [gap])
    return {
        "type": "scatter",
        "mode": "lines",
        "x": plain(x),
        "y": plain(y),
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def shades(axis_P: Sequence[float], curve: Curve, colour: str, alpha: float) -> list[Trace]:
    """The interval at each point and, lighter and below it, the band of the whole curve."""
    x_P, low_P, high_P = (bands.array(row) for row in (axis_P, curve.low_P, curve.high_P))
    outer = bands.simultaneous(axis_P, curve)
    inner = area(bands.outline(x_P, low_P, high_P), f"{colour}/{alpha:g}")
    return [area(outer, f"{colour}/{alpha / 2:g}"), inner] if outer else [inner]


def word(text: str, at: tuple[float, float], colour: str) -> Trace:
    """A word on a band, left out where the chart is narrow."""
    font = {"color": colour, "size": 14}
    place = {"x": at[0], "y": at[1], "showarrow": False}
    return {"name": "band", "text": text, "font": font} | place


def title(text: str) -> Trace:
    """The title of an axis."""
    return {"text": text, "standoff": 12, "font": {"size": 13}}


def plain(values: bands.Floats) -> list[float | None]:
    """Numbers for JSON: five decimals, null where there is none."""
    return [round(value, 5) if np.isfinite(value) else None for value in values.tolist()]
