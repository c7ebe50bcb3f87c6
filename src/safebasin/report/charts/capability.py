"""Safety and capability over one axis, for plotly.js."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from safebasin.report import bands, capability
from safebasin.report.capability import Line
from safebasin.report.charts.traces import Trace, line, shades, stroke, title
from safebasin.report.facts.capability import at
from safebasin.report.palette import DASHES
from safebasin.summary import Curves, Kind, Measure


def chart(
    axis_P: Sequence[float],
    curves: Mapping[Kind, Curves],
    measures: Sequence[Measure],
    layout: dict[str, Any],
) -> dict[str, Any]:
    """A line with its band for everything in `capability.lines`.

    What is not a share has a logarithmic axis on the right, which is there only if needed.

    Args:
        axis_P: where points lie.
        curves: of both prompt sets.
        measures: capabilities that were measured.
        layout: see `traces.layout`.
    """
    found = capability.lines(curves, measures)
    layout = layout | {"hovermode": "x unified", "hoverdistance": -1}
    layout["yaxis"] = layout["yaxis"] | {"title": title("share")}
    rest = [one for one in found if one.unit != capability.SHARE]
    if rest:
        layout["margin"] = layout["margin"] | {"r": 72}
        layout["yaxis2"] = _right(capability.units(rest))
    data = [trace for one in found for trace in _traces(axis_P, one)]
    return {"data": data, "layout": layout}


def legend(
    curves: Mapping[Kind, Curves], measures: Sequence[Measure]
) -> list[tuple[str, str, str]]:
    """(name, colour, strokes and gaps) of every line, in their order."""
    return [
        (one.name, one.colour, " ".join(map(str, DASHES[one.dash])))
        for one in capability.lines(curves, measures)
    ]


def _traces(axis_P: Sequence[float], one: Line) -> Iterator[Trace]:
    x_P, mean_P = bands.array(axis_P), bands.array(one.curve.mean_P)
    axis = {} if one.unit == capability.SHARE else {"yaxis": "y2"}
    yield from (shade | axis for shade in shades(axis_P, one.curve, f"@{one.colour}", 0.14))
    words = [f"{escape(one.name)}: {_said(one, p)}" for p in range(x_P.size)]
    yield line(x_P, mean_P, words, stroke(one.colour, one.dash, 2.5)) | axis


def _said(one: Line, p: int) -> str:
    return " ".join(at(one.curve, p, one.unit)).strip()


def _right(units: str) -> Trace:
    return {
        "overlaying": "y",
        "side": "right",
        "type": "log",
        "title": title(f"{escape(units)}, log scale"),
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "outside",
        "tickcolor": "@line",
        "ticklen": 5,
        "dtick": 1,
        "exponentformat": "SI",  # raised exponents need a style that the page's policy refuses
    }
