"""What each judge calls complied over one axis, for plotly.js."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from safebasin.report import bands
from safebasin.report.charts.traces import Trace, area, line, stroke, title, with_interval
from safebasin.report.judges import Line
from safebasin.report.spread import spread
from safebasin.report.untrusted import one_line

_ROOM = 168  # pixels on the right, for names
_NAME = 24
_GAP = 0.08  # between names, as a share of the height


def chart(
    axis_P: Sequence[float], lines: Sequence[Line], layout: Mapping[str, Any]
) -> dict[str, Any] | None:
    """A line with its interval for each judge, named at its right end; null for fewer than two.

    Args:
        axis_P: where points lie.
        lines: see `judges.lines`.
        layout: see `traces.layout`.
    """
    if len(lines) < 2:
        return None
    frame = dict(layout) | {"hovermode": "x unified", "hoverdistance": -1}
    frame["margin"] = frame["margin"] | {"r": _ROOM}
    frame["yaxis"] = frame["yaxis"] | {"title": title("complied, harmful prompts")}
    frame["annotations"] = _names(lines)
    data = [trace for one in lines for trace in _traces(axis_P, one)]
    return {"data": data, "layout": frame}


def _traces(axis_P: Sequence[float], one: Line) -> list[Trace]:
    x_P, mean_P, pieces = bands.with_interval(axis_P, one.curve)
    words = [f"{escape(one.name)}: {with_interval(one.curve, p)}" for p in range(x_P.size)]
    shade = area(pieces, f"@{one.colour}/0.09")
    return [shade, line(x_P, mean_P, words, stroke(one.colour, one.dash, 2.5))]


def _names(lines: Sequence[Line]) -> list[Trace]:
    heights = spread([one.end for one in lines], _GAP)
    shared = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "showarrow": False}
    return [
        shared
        | {"text": escape(one_line(one.name, _NAME)), "y": y, "font": {"color": f"@{one.colour}"}}
        for one, y in zip(lines, heights, strict=True)
    ]
