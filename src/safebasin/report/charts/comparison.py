"""The charts of the page of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from safebasin.report import bands, formatting
from safebasin.report.charts.traces import Trace, area, layout, line, stroke, with_interval
from safebasin.report.contrasts import FOREST, Contrast, contrasts, reach
from safebasin.report.facts.comparison import MEASURES
from safebasin.report.palette import colour, dash
from safebasin.report.untrusted import one_line
from safebasin.report.wording import in_words
from safebasin.summary import Compared, ComparisonSummary, Curve

_NAME = 22  # characters of a run's name beside its row
_ROW = 30  # pixels of a row of the forest plot
_CURVES, _TICKS = [0, 0.86], [0.89, 1]  # shares of the height


def charts(summary: ComparisonSummary) -> dict[str, Any]:
    """`overlay`: one set of curves for each measure. `forest`: differences of one quantity each.

    Every trace carries the number of its run.
    """
    return {"overlay": _overlay(summary), "forest": _forest(summary)}


def _overlay(summary: ComparisonSummary) -> dict[str, Any]:
    frame = layout(summary.axis_P, summary.axis_label, 10) | {"hovermode": "closest"}
    frame["yaxis"] = frame["yaxis"] | {"domain": _CURVES}
    frame["yaxis2"] = {
        "domain": _TICKS,
        "range": [-0.6, 1.6],
        "tickvals": [0, 1],
        "ticktext": ["capability", "safety"],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
    frame["margin"] = frame["margin"] | {"l": 82}
    ticks = list(_edges(summary))
    measures = []
    for name, kind, field, words in MEASURES:
        data = [
            trace
            for number, run in enumerate(summary.runs)
            if kind in run.curves
            for trace in _run(summary, number, getattr(run.curves[kind], field))
        ]
        title = in_words(summary, words)
        measures.append({"name": name, "title": title, "data": data + ticks})
    return {"measures": measures, "layout": frame}


def _run(summary: ComparisonSummary, number: int, curve: Curve) -> Iterator[Trace]:
    x_P, mean_P, pieces = bands.with_interval(summary.axis_P, curve)
    ruler, name = formatting.Ruler.of(summary.axis_P), _name(summary.runs[number], 40)
    words = [
        f"{name}, α = {ruler.coordinate(x)}: {with_interval(curve, p)}"
        for p, x in enumerate(summary.axis_P)
    ]
    shade = area(pieces, f"@{colour(number)}/0.1")
    yield shade | {"meta": number}
    ink = stroke(colour(number), dash(number), 2.5)
    yield line(x_P, mean_P, words, ink) | {"meta": number}


def _edges(summary: ComparisonSummary) -> Iterator[Trace]:
    """Both edges of each run as ticks above the curves, on either side of the origin."""
    ruler = formatting.Ruler.of(summary.axis_P)
    for number, run in enumerate(summary.runs):
        scores = (run.scores.capability_edge, run.scores.safety_edge)
        for row, (estimate, word) in enumerate(zip(scores, ("capability", "safety"), strict=True)):
            if estimate.value is None or estimate.censored:
                continue
            written = ruler.edge(estimate)
            said = f"{_name(run, 40)}: {word} edge {written.value} {written.interval}"
            yield {
                "type": "scatter",
                "mode": "markers",
                "yaxis": "y2",
                "meta": number,
                "x": [-round(estimate.value, 5), round(estimate.value, 5)],
                "y": [row, row],
                "marker": {
                    "symbol": "line-ns-open",
                    "size": 13,
                    "color": f"@{colour(number)}",  # of an open symbol's stroke
                    "line": {"width": 2.5},
                },
                "customdata": [said] * 2,
                "hovertemplate": "%{customdata}<extra></extra>",
            }


def _forest(summary: ComparisonSummary) -> list[dict[str, Any]]:
    return [_panel(summary, name, words, unit) for name, words, unit in FOREST]


def _panel(summary: ComparisonSummary, name: str, words: str, unit: str) -> dict[str, Any]:
    found = contrasts(summary, name)
    span = reach(summary, name)
    names = [_name(run, _NAME) for run in summary.runs[1:]]
    frame = layout([-span, span], f"difference from the first ({unit})", 10)
    frame |= {"hovermode": "closest", "height": 76 + _ROW * len(found)}
    frame["margin"] = frame["margin"] | {"l": 24 + 7 * max(map(len, names), default=0)}
    frame["yaxis"] = {
        "range": [len(found) - 0.4, -0.6],
        "tickvals": list(range(len(found))),
        "ticktext": names,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
    zero = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    frame["shapes"] = [zero | {"line": {"width": 1, "color": "@muted", "dash": "4px,3px"}}]
    frame["annotations"] = [_undefined(row) for row, one in enumerate(found) if one.value is None]
    data = [_difference(one, row) for row, one in enumerate(found) if one.value is not None]
    return {"name": name, "title": words, "data": data, "layout": frame}


def _difference(one: Contrast, row: int) -> Trace:
    ink = f"@{colour(one.number)}"
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": one.number,
        "x": [one.value],
        "y": [row],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [one.above],
            "arrayminus": [one.below],
            "color": ink,
            "thickness": 2,
            "width": 5,
        },
        "marker": {"color": ink, "size": 9, "symbol": "square"},
        "customdata": [escape(one.words)],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _undefined(row: int) -> Trace:
    return {"text": "undefined", "x": 0, "y": row, "showarrow": False, "bgcolor": "@page"}


def _name(run: Compared, limit: int) -> str:
    return escape(one_line(run.name, limit))
