"""Label shares over one axis as stacked bands, for plotly.js."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safebasin.report import bands
from safebasin.report.charts.traces import Trace, area, line, with_interval, word
from safebasin.report.palette import ink
from safebasin.summary import Curve, Curves


def stacked(
    axis_P: Sequence[float], curves: Curves | None, layout: dict[str, Any], kind: str
) -> dict[str, Any]:
    """A chart of bands with what is read at each point; empty where there are no curves.

    Args:
        axis_P: where points lie.
        curves: of one prompt set.
        layout: see `traces.layout`.
        kind: of the prompts; keyword ASR is a dashed line where they are harmful.
    """
    hover = {"hovermode": "x unified", "hoverdistance": -1}
    layout = layout | hover | {"annotations": [], "shapes": []}
    if curves is None:
        return {"data": [], "layout": layout}
    x_P = bands.array(axis_P)
    data: list[Trace] = []
    for band in bands.stack(curves):
        outline = bands.outline(x_P, band.bottom_P, band.top_P)
        colour = ink(band.label, kind)
        data.append(area(outline, f"@{colour}"))
        if (place := band.widest) is not None:
            middle = (band.bottom_P[place] + band.top_P[place]) / 2
            at = (float(x_P[place]), float(middle))
            layout["annotations"].append(word(str(band.label), at, f"@on-{colour}"))
    data += [
        _readout(x_P, band, getattr(curves, band.label), ink(band.label, kind))
        for band in reversed(bands.stack(curves))
    ]
    if kind == "harmful":
        data += _asr(x_P, curves)
    return {"data": data, "layout": layout}


def _readout(x_P: bands.Floats, band: bands.Band, curve: Curve, colour: str) -> Trace:
    """What is read at a point: a line on the band's border that carries its share."""
    words = [f"{band.label} {with_interval(curve, p)}" for p in range(x_P.size)]
    return line(x_P, band.top_P, words, {"width": 2, "color": f"@{colour}"})


def _asr(x_P: bands.Floats, curves: Curves) -> list[Trace]:
    curve = curves.keyword_asr
    words = [f"keyword ASR {with_interval(curve, p)}{_broken(curves, p)}" for p in range(x_P.size)]
    halo = {"width": 5, "color": "@page/0.85"}
    dashes = {"width": 2, "color": "@text", "dash": "7px,4px"}
    asr_P = bands.array(curve.mean_P)
    return [line(x_P, asr_P, [], halo) | {"hoverinfo": "skip"}, line(x_P, asr_P, words, dashes)]


def _broken(curves: Curves, p: int) -> str:
    """What keyword ASR consists of where most of it can be no compliance."""
    asr, complied = curves.keyword_asr.mean_P[p], curves.complied.mean_P[p]
    broken = asr is not None and complied is not None and complied < asr / 2
    return ", most of it not coherent" if broken else ""
