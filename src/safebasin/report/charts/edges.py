"""Edges on a chart of bands: a line with its interval, and a name in one of two rows above."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from safebasin.report.charts.traces import Trace
from safebasin.report.marks import Mark

ROOM = 62
"""What the rows take above the panel, in pixels."""

_ROWS = (1.12, 1.05)


def draw(marks: Iterable[Mark], end: float, layout: dict[str, Any]) -> None:
    """Add marks to a layout that has lists of shapes and annotations.

    Args:
        marks: see `report.marks`.
        end: of the axis, where edges beyond it are named.
        layout: changed in place.
    """
    for mark in marks:
        height = _ROWS[mark.row]
        layout["annotations"].append(_name(mark, end, height))
        for sign in mark.signs if mark.radius is not None else ():
            layout["shapes"] += _lines(mark, sign, height)


def _name(mark: Mark, end: float, height: float) -> Trace:
    """The name once: a narrow page has no room for it on both sides."""
    words = {"text": mark.text, "showarrow": False, "yref": "paper", "font": {"color": "@text"}}
    words |= {"y": height, "yanchor": "middle", "bgcolor": "@page", "borderpad": 0}
    if mark.radius is None:
        return words | {"x": end, "xanchor": "right"}
    _, x, _, align = mark.side(1)
    return words | {"x": x, "xanchor": align, "xshift": 5 if align == "left" else -5}


def _lines(mark: Mark, sign: int, height: float) -> list[Trace]:
    x, _, (start, end), _ = mark.side(sign)
    paper = {"yref": "paper", "xref": "x"}
    span = paper | {"type": "rect", "x0": start, "x1": end, "line": {"width": 0}}
    bar = {"y0": height - 0.008, "y1": height + 0.008, "fillcolor": "@text/0.35"}
    line = {"width": 1.5, "color": "@text", "dash": "solid" if mark.solid else "2px,2px"}
    ends = {"x0": x, "x1": x, "y0": 0, "y1": height + 0.025}
    return [
        span | {"y0": 0, "y1": 1, "fillcolor": "@text/0.11"},
        span | bar,
        paper | {"type": "line", "line": line} | ends,
    ]
