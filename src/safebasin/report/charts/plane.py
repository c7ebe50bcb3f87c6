"""The maps of a plane, as plain data for the page's own renderer.

plotly's surfaces and heat maps need what the page's policy forbids: see grid.js, map.js, basin.js.
Shares travel as whole numbers of 1/10,000, row by row from the smallest y, and with how many
decimals they are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from safebasin.report.facts.plane import checkpoints, distance
from safebasin.report.formatting import Ruler, decimals, percent, share
from safebasin.report.untrusted import one_line
from safebasin.report.window import Window
from safebasin.report.wording import in_words
from safebasin.summary import Axis, Map, MeasureMap, Place, PlaneSummary, Shares

_FULL = 10_000  # a share of 1, and the top of a colour scale
_INTERVALS = 2_601  # points, 51 x 51; on a finer map they would be most of the file
_LOGARITHMIC = 100  # a capability that spans so many times its least value has a log scale


@dataclass(frozen=True, slots=True)
class _Shown:
    """A share that can be chosen: where it is in the summary, and how it is drawn."""

    name: str
    kind: str
    field: str
    title: str
    colour: str


_SHARES = (
    _Shown("refused", "harmful", "refused", "Refused", "@refused"),
    _Shown("complied", "harmful", "complied", "Coherent compliance", "@complied"),
    _Shown("incoherent", "harmful", "incoherent", "Incoherent", "@muted"),
    _Shown("coherent-benign", "benign", "complied", "Coherent on benign", "@answered"),
    _Shown("keyword-asr", "harmful", "keyword_asr", "Keyword ASR", "@text"),
)


def charts(summary: PlaneSummary) -> dict[str, Any]:
    """Axes, one map for each measure, and the checkpoints."""
    window = Window.of(summary)
    by_kind = {str(kind): maps for kind, maps in summary.maps.items()}
    fine = len(summary.x.values) * len(summary.y.values) > _INTERVALS
    shares = [
        _share(
            replace(shown, title=in_words(summary, shown.title)),
            getattr(by_kind[shown.kind], shown.field),
            intervals=not fine,
        )
        for shown in _SHARES
        if shown.kind in by_kind
    ]
    return {
        "x": _axis(summary.x, window.x),
        "y": _axis(summary.y, window.y),
        "aspect": round(window.aspect, 4),
        "origin": _name(summary.model.name) if summary.study == "path" else "origin",
        "measures": shares + [_measure(measure) for measure in summary.measures],
        "checkpoints": [_checkpoint(mark, place) for mark, place in checkpoints(summary)],
    }


def _axis(axis: Axis, ruler: Ruler) -> dict[str, Any]:
    return {
        "name": _name(axis.name),
        "label": one_line(axis.label),
        "values": axis.values,
        "texts": [ruler.coordinate(x) for x in axis.values],
    }


def _share(shown: _Shown, found: Map, *, intervals: bool) -> dict[str, Any]:
    bounds = {"low": found.low_YX, "high": found.high_YX} if intervals else {}
    digits = {"digits": _digits(found)} if intervals else {}
    return {
        "name": shown.name,
        "title": shown.title,
        "colour": shown.colour,
        "levels": _levels(found.share_YX),
        "scale": ["0 %", "50 %", "100 %"],
        "half": True,
        **{name: _levels(values_YX) for name, values_YX in bounds.items()},
        **digits,
    }


def _digits(found: Map) -> str:
    """How many decimals each share is written with, in per cent: one figure a place, 2 at most."""
    values = zip(*map(_flat, (found.share_YX, found.low_YX, found.high_YX)), strict=True)
    percents = ([None if x is None else 100 * x for x in three] for three in values)
    return "".join(str(min(decimals(*three, otherwise=1, top=100), 2)) for three in percents)


def _measure(measure: MeasureMap) -> dict[str, Any]:
    """A capability, from its least to its largest value on the map."""
    is_share = measure.unit == "share"
    write: Callable[[float | None], str] = percent if is_share else _written
    known = [value for value in _flat(measure.value_YX) if value is not None]
    least, most = (0.0, 1.0) if is_share else (min(known, default=0.0), max(known, default=0.0))
    logarithmic = 0 < least * _LOGARITHMIC < most
    bend = math.log if logarithmic else float
    low, high = bend(least), bend(most)
    rise = high - low or 1.0
    middle = (low + high) / 2
    return {
        "name": f"measure-{measure.name}",
        "title": _name(measure.title),
        "colour": "@accent",
        "levels": [
            None if value is None else round(_FULL * (bend(value) - low) / rise)
            for value in _flat(measure.value_YX)
        ],
        "scale": [write(least), write(math.exp(middle) if logarithmic else middle), write(most)],
        "half": is_share,
        "texts": [write(value) for value in _flat(measure.value_YX)],
    }


def _checkpoint(mark: str, place: Place) -> dict[str, Any]:
    refused = share(place.measured.get("harmful", {}).get("refused"))
    explained = "" if place.explained is None else percent(place.explained)
    said = [
        f"distance {distance(place.distance)} of ‖W‖",
        f"the map holds {explained} of its squared displacement" if explained else "",
        f"itself refuses {refused.value} {refused.interval}".strip() if place.measured else "",
    ]
    return {
        "mark": mark,
        "name": _name(place.name),
        "x": place.x,
        "y": place.y or 0.0,
        "facts": [line for line in said if line],
        "stop": mark.isdigit(),
    }


def _levels(share_YX: Shares) -> list[int | None]:
    return [None if value is None else round(_FULL * value) for value in _flat(share_YX)]


def _flat(values_YX: Shares) -> Iterable[float | None]:
    return (value for row in values_YX for value in row)


def _written(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _name(text: str) -> str:
    return one_line(text, 60)
