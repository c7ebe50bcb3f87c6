"""The page's charts, as plain data for plotly.js.

Colours are names from the palette, `@refused` or `@refused/0.25`; the page puts in the values of
the theme that is shown. Whatever plotly draws as text is escaped, for it reads some HTML.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from safebasin.report import bands, formatting
from safebasin.report.marks import Mark, marks
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve, Curves, ScanSummary

Trace = dict[str, Any]

_ROWS = (1.12, 1.05)
_MEASURES = (
    ("refused", "harmful", "refused", "Refused"),
    ("complied", "harmful", "complied", "Complied"),
    ("incoherent", "harmful", "incoherent", "Incoherent"),
    ("coherent-benign", "benign", "complied", "Coherent on benign"),
    ("keyword-asr", "harmful", "keyword_asr", "Keyword ASR"),
)


def charts(summary: ScanSummary) -> dict[str, Any]:
    """`harmful` and `benign`: stacked bands. `directions`: one set of curves for each measure."""
    by_kind = {str(kind): curves for kind, curves in summary.curves.items()}
    return {
        "harmful": _landscape(summary, by_kind.get("harmful"), edges=True),
        "benign": _landscape(summary, by_kind.get("benign"), edges=False),
        "directions": _directions(summary, by_kind),
    }


def _landscape(summary: ScanSummary, curves: Curves | None, *, edges: bool) -> dict[str, Any]:
    layout = _layout(summary, top=62 if edges else 10)
    layout |= {"hovermode": "x unified", "hoverdistance": -1, "annotations": [], "shapes": []}
    if curves is None:
        return {"data": [], "layout": layout}
    x_P = bands.array(summary.axis_P)
    data: list[Trace] = []
    for band in bands.stack(curves):
        outline = bands.outline(x_P, band.bottom_P, band.top_P)
        data.append(_area(outline, f"@{band.label}"))
        if (place := band.widest) is not None:
            middle = (band.bottom_P[place] + band.top_P[place]) / 2
            at = (float(x_P[place]), float(middle))
            layout["annotations"].append(_word(str(band.label), at, f"@on-{band.label}"))
    ruler = formatting.Ruler.of(summary.axis_P)
    data += [
        _readout(x_P, band, getattr(curves, band.label)) for band in reversed(bands.stack(curves))
    ]
    if edges:
        data += _asr(x_P, curves.keyword_asr)
        for mark in marks(summary):
            shapes, annotations = _edge(mark, ruler.reach)
            layout["shapes"] += shapes
            layout["annotations"] += annotations
    return {"data": data, "layout": layout}


def _directions(summary: ScanSummary, by_kind: dict[str, Curves]) -> dict[str, Any]:
    layout = _layout(summary, top=10) | {"hovermode": "closest", "hoverdistance": 40}
    measures = []
    for name, kind, field, title in _MEASURES:
        if kind not in by_kind:
            continue
        curve = getattr(by_kind[kind], field)
        colour = "@text" if name == "keyword-asr" else f"@{field}"
        data = list(_curves(summary, curve, colour))
        measures.append({"name": name, "title": title, "data": data})
    return {"measures": measures, "layout": layout}


def _curves(summary: ScanSummary, curve: Curve, colour: str) -> Iterator[Trace]:
    x_P, ruler = bands.array(summary.axis_P), formatting.Ruler.of(summary.axis_P)
    low_P, high_P = bands.array(curve.low_P), bands.array(curve.high_P)
    yield _area(bands.outline(x_P, low_P, high_P), f"{colour}/0.18")
    known = zip(summary.directions, curve.directions_DP, strict=False)
    for direction, share_P in known:
        words = [
            f"direction {direction.index}, α = {ruler.coordinate(x)}: {formatting.percent(share)}"
            for x, share in zip(summary.axis_P, share_P, strict=True)
        ]
        line = {"width": 1, "color": f"{colour}/0.55"}
        yield _line(x_P, bands.array(share_P), words, line) | {"meta": direction.index}
    words = [
        f"mean, α = {ruler.coordinate(x)}: {_with_interval(curve, p)}"
        for p, x in enumerate(summary.axis_P)
    ]
    yield _line(x_P, bands.array(curve.mean_P), words, {"width": 3, "color": colour})


def _with_interval(curve: Curve, p: int) -> str:
    interval = formatting.percent_interval(curve.low_P[p], curve.high_P[p])
    return f"{formatting.percent(curve.mean_P[p])} {interval}".strip()


def _readout(x_P: bands.Floats, band: bands.Band, curve: Curve) -> Trace:
    """What is read at a point: a line on the band's border that carries its share."""
    words = [f"{band.label} {_with_interval(curve, p)}" for p in range(x_P.size)]
    return _line(x_P, band.top_P, words, {"width": 2, "color": f"@{band.label}"})


def _asr(x_P: bands.Floats, curve: Curve) -> list[Trace]:
    words = [f"keyword ASR {_with_interval(curve, p)}" for p in range(x_P.size)]
    halo = {"width": 5, "color": "@page/0.85"}
    line = {"width": 2, "color": "@text", "dash": "7px,4px"}
    asr_P = bands.array(curve.mean_P)
    return [_line(x_P, asr_P, [], halo) | {"hoverinfo": "skip"}, _line(x_P, asr_P, words, line)]


def _line(x_P: bands.Floats, y_P: bands.Floats, words: list[str], line: Trace) -> Trace:
    trace = {"type": "scatter", "mode": "lines", "x": _plain(x_P), "y": _plain(y_P), "line": line}
    if not words:
        return trace
    return trace | {"customdata": words, "hovertemplate": "%{customdata}<extra></extra>"}


def _area(outline: list[tuple[bands.Floats, bands.Floats]], colour: str) -> Trace:
    gap = np.array([np.nan])
    x = np.concatenate([part for xs, _ in outline for part in (xs, gap)] or [gap])
    y = np.concatenate([part for _, ys in outline for part in (ys, gap)] or [gap])
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _plain(x),
        "y": _plain(y),
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _edge(mark: Mark, reach: float) -> tuple[list[Trace], list[Trace]]:
    height = _ROWS[mark.row]
    words = {"text": mark.text, "showarrow": False, "yref": "paper", "font": {"color": "@text"}}
    if mark.radius is None:
        place = {"x": reach, "y": height, "xanchor": "right", "yanchor": "middle"}
        return [], [words | place]
    shapes: list[Trace] = []
    annotations: list[Trace] = []
    for sign in (-1, 1):
        x, name_x, (start, end), align = mark.side(sign)
        paper = {"yref": "paper", "xref": "x"}
        span = paper | {"type": "rect", "x0": start, "x1": end, "line": {"width": 0}}
        shapes.append(span | {"y0": 0, "y1": 1, "fillcolor": "@text/0.11"})
        bar = {"y0": height - 0.008, "y1": height + 0.008, "fillcolor": "@text/0.35"}
        shapes.append(span | bar)
        line = {"width": 1.5, "color": "@text", "dash": "solid" if mark.solid else "2px,2px"}
        ends = {"x0": x, "x1": x, "y0": 0, "y1": height + 0.025}
        shapes.append(paper | {"type": "line", "line": line} | ends)
        if sign > 0:  # once: a narrow page has no room for the name on both sides
            place = {"x": name_x, "y": height, "xanchor": align, "yanchor": "middle"}
            annotations.append(words | place | {"xshift": 5 if align == "left" else -5})
    return shapes, annotations


def _word(text: str, at: tuple[float, float], colour: str) -> Trace:
    font = {"color": colour, "size": 14}
    return {"text": text, "x": at[0], "y": at[1], "showarrow": False, "font": font}


def _layout(summary: ScanSummary, top: int) -> dict[str, Any]:
    axis = summary.axis_P
    ruler = formatting.Ruler.of(axis)
    span = [axis[0], axis[-1]] if len(axis) > 1 else [-0.5, 0.5]
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
            "title": _title(escape(one_line(summary.axis_label))),
            "unifiedhovertitle": {"text": f"α = %{{x:.{ruler.decimals}f}}"},
            "spikecolor": "@text",
            "spikedash": "solid",
            "spikethickness": 1,
        },
        "yaxis": quiet
        | ink
        | {
            "range": [0, 1],
            "title": _title("share of responses"),
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": ["0 %", "25 %", "50 %", "75 %", "100 %"],
        },
    }


def _title(text: str) -> Trace:
    return {"text": text, "standoff": 12, "font": {"size": 13}}


def _plain(values: bands.Floats) -> list[float | None]:
    return [round(value, 5) if np.isfinite(value) else None for value in values.tolist()]
