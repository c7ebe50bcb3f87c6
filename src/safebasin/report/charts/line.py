"""The charts of the page of a line between two checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from safebasin.report import bands, facts, formatting
from safebasin.report import judges as whose
from safebasin.report.charts import capability, edges, judges
from safebasin.report.charts.stacked import stacked
from safebasin.report.charts.traces import Trace, layout, line, plain, shades, title, with_interval
from safebasin.report.contrasts import bar
from safebasin.report.marks import falls
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve, Estimate, LineSummary, Place

_NAME = 18  # characters of a checkpoint's name below the axis
_GROUPS = 14  # names of layers that stand below each other


def charts(summary: LineSummary) -> dict[str, Any]:
    """Bands for both kinds of prompts, capability, trajectory, distances by layer, and judges.

    The last three are null where there is nothing to draw.
    """
    return {
        "harmful": _landscape(summary, "harmful"),
        "benign": _landscape(summary, "benign"),
        "capability": _capability(summary),
        "trajectory": _trajectory(summary),
        "layers": _layers(summary),
        "judges": judges.chart(summary.axis.values, whose.lines(summary), _layout(summary, 10)),
    }


def _landscape(summary: LineSummary, kind: str) -> dict[str, Any]:
    harmful = kind == "harmful"
    curves = {str(name): found for name, found in summary.curves.items()}.get(kind)
    frame = _layout(summary, edges.ROOM if harmful else 10)
    chart = stacked(summary.axis.values, curves, frame, kind)
    chart["layout"]["shapes"] += _ends(summary)
    if harmful and curves:
        edges.draw(falls(summary), summary.axis.values[-1], chart["layout"])
    return chart


def _ends(summary: LineSummary) -> list[Trace]:
    """A line at either checkpoint, and a veil over what lies beyond them."""
    start, end = summary.axis.values[0], summary.axis.values[-1]
    panel = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    veil = panel | {"type": "rect", "fillcolor": "@page/0.45", "line": {"width": 0}}
    mark = panel | {"type": "line", "line": {"width": 1.5, "color": "@page", "dash": "6px,3px"}}
    beyond = [veil | {"x0": x0, "x1": x1} for x0, x1 in ((start, 0.0), (1.0, end)) if x0 < x1]
    return beyond + [mark | {"x0": t, "x1": t} for t in (0.0, 1.0) if start < t < end]


def _capability(summary: LineSummary) -> dict[str, Any]:
    frame = _layout(summary, 10)
    return capability.chart(summary.axis.values, summary.curves, summary.measures, frame)


def _trajectory(summary: LineSummary) -> dict[str, Any] | None:
    if summary.trajectory is None or "harmful" not in summary.curves:
        return None
    curve = summary.curves["harmful"].refused
    data = [*_refusals(summary, curve), _checkpoints(summary, summary.trajectory.places)]
    frame = _layout(summary, 10) | {"hovermode": "closest", "hoverdistance": 40}
    frame["yaxis"] = frame["yaxis"] | {"title": title("refused, harmful prompts")}
    xs = [*summary.axis.values, *(place.x for place in summary.trajectory.places)]
    room = 0.02 * (max(xs) - min(xs))
    frame["xaxis"] = frame["xaxis"] | {"range": [min(xs) - room, max(xs) + room]}
    frame["yaxis"] = frame["yaxis"] | {"range": [-0.03, 1.03]}
    return {"data": data, "layout": frame}


def _refusals(summary: LineSummary, curve: Curve) -> Iterator[Trace]:
    x_P, mean_P = bands.array(summary.axis.values), bands.array(curve.mean_P)
    ruler = formatting.Ruler.of(summary.axis.values)
    yield from shades(summary.axis.values, curve, "@refused", 0.18)
    words = [
        f"on the line, t = {ruler.coordinate(t)}: {with_interval(curve, p)}"
        for p, t in enumerate(summary.axis.values)
    ]
    yield line(x_P, mean_P, words, {"width": 2.5, "color": "@refused"})


def _checkpoints(summary: LineSummary, places: list[Place]) -> Trace:
    """What was measured at the checkpoints themselves, with intervals."""
    ruler = formatting.Ruler.of(summary.axis.values)
    found = [(place, facts.line.measured(place, "harmful", "refused")) for place in places]
    known = [(place, share) for place, share in found if share and share.value is not None]
    words = [
        f"{escape(one_line(place.name, 40))}, t = {ruler.coordinate(place.x)}: "
        f"measured {_said(share)}"
        for place, share in known
    ]
    bars = [bar(share) for _, share in known]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(place.x, 5) for place, _ in known],
        "y": [value for value, _, _ in bars],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [above for _, _, above in bars],
            "arrayminus": [below for _, below, _ in bars],
            "color": "@text",
            "thickness": 1.5,
            "width": 5,
        },
        "marker": {"color": "@text", "size": 9, "symbol": "diamond"},
        "customdata": words,
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _said(share: Estimate) -> str:
    written = formatting.share(share)
    return f"{written.value} {written.interval}".strip()


def _layers(summary: LineSummary) -> dict[str, Any] | None:
    """How far the second checkpoint's groups of tensors are from the first's."""
    layers = facts.line.layers(summary)
    if not layers:
        return None
    every = -(-len(layers) // _GROUPS)
    names = [escape(one_line(name, 14)) for name in layers]
    frame = _layout(summary, 10) | {"hovermode": "closest", "bargap": 0.2}
    shared = {key: frame["xaxis"][key] for key in ("showgrid", "zeroline", "fixedrange")}
    frame["yaxis"] = shared | {
        "range": [len(layers) - 0.4, -0.6],
        "tickvals": list(range(0, len(layers), every)),
        "ticktext": names[::every],
    }
    label = title("distance ‖Δ‖ / ‖W‖ of the second checkpoint from the first")
    frame["xaxis"] = shared | {"title": label, "rangemode": "tozero", "nticks": _GROUPS // 2}
    frame["margin"] = frame["margin"] | {"l": 24 + 7 * max(map(len, names)), "r": 24, "b": 56}
    bars: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": plain(bands.array(list(layers.values()))),
        "y": list(range(len(layers))),
        "marker": {"color": "@run-b"},
        "customdata": [
            f"{escape(one_line(name, 40))}: {formatting.number(distance, 4)}"
            for name, distance in layers.items()
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return {"data": [bars], "layout": frame}


def _layout(summary: LineSummary, top: int) -> dict[str, Any]:
    """Ticks in three lines: position, distance from the first checkpoint, the ends' names."""
    values = summary.axis.values
    frame = layout(values, summary.axis.label, top, "t")
    first, second = facts.line.names(summary, _NAME)
    places, text = facts.line.ticks(summary.axis, (first, second))
    label = "position t<br>relative distance ‖Δ‖ / ‖W‖ from the first checkpoint"
    frame["xaxis"] |= {
        "tickvals": places,
        "ticktext": ["<br>".join(map(escape, lines)) for lines in text],
        "tickangle": 0,
        "title": title(label),
    }
    frame["margin"] = frame["margin"] | {"r": 60, "b": 108}
    return frame
