"""The charts of the page of an adaptive scan."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from safebasin.report import searches
from safebasin.report.charts.traces import Trace, layout, stroke, title
from safebasin.report.searches import EDGES, HITS, INKS, Drawn
from safebasin.report.untrusted import one_line
from safebasin.summary import EdgesSummary, Kind

DASH: dict[Kind, str] = {"harmful": "solid", "benign": "dotted"}
"""How the line of each kind of edge is drawn, as on the page of a scan."""

OFFSET: dict[Kind, float] = {"harmful": -0.17, "benign": 0.17}
"""Both edges of a side lie this far, in rows, above and below the middle of its row."""

_SYMBOL: dict[Kind, str] = {"harmful": "circle", "benign": "diamond"}
_ROW = 28  # pixels
_LARGEST, _SMALLEST = 17.0, 5.0  # diameters of probes, in pixels


def charts(summary: EdgesSummary) -> dict[str, Any]:
    """`searches`: a row for each side of each direction. `probes`: one chart for each kind.

    A point's place, as in `searches.probed`, is in the list `meta` of its trace, whose name is the
    kind.
    """
    kinds = [
        {"name": kind, "title": EDGES[kind].capitalize()} | _probes(summary, kind) for kind in EDGES
    ]
    return {"searches": _forest(summary), "probes": kinds}


def _forest(summary: EdgesSummary) -> dict[str, Any]:
    names, found = searches.rows(summary), searches.drawn(summary)
    words = f"distance from the origin<br>{escape(one_line(summary.axis_label))}"
    frame = _layout(summary, [0.0, summary.reach]) | {"height": 86 + _ROW * len(names)}
    frame["xaxis"] = frame["xaxis"] | {"title": title(words)}
    frame["margin"] = frame["margin"] | {"l": 124, "r": 26, "b": 76}
    frame["yaxis"] = {
        "range": [len(names) - 0.4, -0.6],
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
    between = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    frame["shapes"] = [
        between | {"y0": y - 0.5, "y1": y - 0.5, "line": {"width": 1, "color": "@line"}}
        for y in range(2, len(names), 2)
    ]
    data = [trace for kind in EDGES for trace in _edges(kind, found)]
    return {"data": data, "layout": frame}


def _edges(kind: Kind, found: list[Drawn]) -> list[Trace]:
    """The intervals of one kind, then the edges themselves; arrows are lower bounds."""
    own = [one for one in found if one.kind == kind]
    y = [one.row + OFFSET[kind] for one in own]
    intervals: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [x for one in own for x in (round(one.low, 5), round(one.high, 5), None)],
        "y": [x for height in y for x in (height, height, None)],
        "line": stroke(INKS[kind], DASH[kind], 2.5),
        "marker": {"symbol": "line-ns-open", "size": 7, "color": f"@{INKS[kind]}"},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    marks: Trace = {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [round(one.radius, 5) for one in own],
        "y": y,
        "marker": {
            "color": f"@{INKS[kind]}",
            "symbol": ["triangle-right" if one.beyond else _SYMBOL[kind] for one in own],
            "size": [13 if one.beyond or one.place is None else 9 for one in own],
        },
        "customdata": [one.words for one in own],
        "hovertemplate": "%{customdata}<extra></extra>",
        "meta": [one.place for one in own],
        "cliponaxis": False,
    }
    return [intervals, marks]


def _probes(summary: EdgesSummary, kind: Kind) -> dict[str, Any]:
    room = 0.03 * summary.reach
    frame = _layout(summary, [-summary.reach - room, summary.reach + room])
    frame["yaxis"] = frame["yaxis"] | {"range": [-0.05, 1.05]}
    frame["yaxis"] = frame["yaxis"] | {"title": title(f"share of answers {HITS[kind]}")}
    frame["shapes"] = [*_threshold(summary, kind), *_mean(summary, kind)]
    return {"data": [_points(summary, kind)], "layout": frame}


def _points(summary: EdgesSummary, kind: Kind) -> Trace:
    """Open where asking stopped early, filled where all were asked; areas as prompts."""
    found = searches.asked(summary, kind)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [round(one.x, 6) for one in found],
        "y": [round(one.share, 5) for one in found],
        "marker": {
            "color": f"@{INKS[kind]}",
            "symbol": ["circle-open" if one.early else "circle" for one in found],
            "size": [diameter(one.weight) for one in found],
            "opacity": 0.85,
            "line": {"width": 1.6, "color": f"@{INKS[kind]}"},
        },
        "customdata": [one.words for one in found],
        "hovertemplate": "%{customdata}<extra></extra>",
        "meta": [one.place for one in found],
        "cliponaxis": False,
    }


def diameter(share: float) -> float:
    """Of a probe at which this share of all prompts was asked, in pixels: the area is as the share.

    The smallest are drawn larger, to be seen.
    """
    return round(max(_SMALLEST, _LARGEST * math.sqrt(share)), 2)


def _threshold(summary: EdgesSummary, kind: Kind) -> list[Trace]:
    """Half of the share at the origin, which defines the edge."""
    share = summary.origin.get(kind, {}).get(HITS[kind])
    if share is None or share.value is None:
        return []
    line = {"width": 1, "color": "@muted", "dash": "4px,3px"}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "layer": "below", "line": line}
    return [across | {"y0": share.value / 2, "y1": share.value / 2}]


def _mean(summary: EdgesSummary, kind: Kind) -> list[Trace]:
    """The mean edge on both sides, with its interval shaded; not where it is a lower bound."""
    mean = searches.means(summary)[kind]
    if mean.value is None or mean.censored:
        return []
    high_up = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    ink = stroke("text", DASH[kind], 1.5)
    found: list[Trace] = []
    for side in (-1, 1):
        at, low, high = (
            side * (mean.value if end is None else end) for end in (None, mean.low, mean.high)
        )
        shade = {"type": "rect", "x0": low, "x1": high, "fillcolor": "@text/0.09"}
        found.append(high_up | shade | {"line": {"width": 0}})
        found.append(high_up | {"type": "line", "x0": at, "x1": at, "line": ink})
    return found


def _layout(summary: EdgesSummary, span: list[float]) -> dict[str, Any]:
    return layout(span, summary.axis_label, 10) | {"hovermode": "closest", "hoverdistance": 40}
