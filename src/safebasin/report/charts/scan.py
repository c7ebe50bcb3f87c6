"""The charts of a scan's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safebasin.report import bands, formatting
from safebasin.report import judges as whose
from safebasin.report.charts import capability, judges
from safebasin.report.charts.edges import ROOM, draw
from safebasin.report.charts.stacked import stacked
from safebasin.report.charts.traces import Trace, layout, line, shades, with_interval
from safebasin.report.marks import marks
from safebasin.report.palette import ink
from safebasin.report.wording import in_words
from safebasin.summary import Curve, Curves, ScanSummary

_MEASURES = (
    ("refused", "harmful", "refused", "Refused"),
    ("complied", "harmful", "complied", "Complied"),
    ("incoherent", "harmful", "incoherent", "Incoherent"),
    ("coherent-benign", "benign", "complied", "Coherent on benign"),
    ("keyword-asr", "harmful", "keyword_asr", "Keyword ASR"),
)


def charts(summary: ScanSummary) -> dict[str, Any]:
    """`harmful` and `benign`: stacked bands. `capability`: a line for each of its measures.

    `directions`: one set of curves for each share of responses. `judges`: what each of them calls
    complied; null for fewer than two.
    """
    by_kind = {str(kind): curves for kind, curves in summary.curves.items()}
    return {
        "harmful": _landscape(summary, by_kind.get("harmful"), "harmful"),
        "benign": _landscape(summary, by_kind.get("benign"), "benign"),
        "capability": capability.chart(
            summary.axis_P, summary.curves, summary.measures, _layout(summary, top=10)
        ),
        "directions": _directions(summary, by_kind),
        "judges": judges.chart(summary.axis_P, whose.lines(summary), _layout(summary, top=10)),
    }


def _landscape(summary: ScanSummary, curves: Curves | None, kind: str) -> dict[str, Any]:
    frame = _layout(summary, top=ROOM if kind == "harmful" else 10)
    chart = stacked(summary.axis_P, curves, frame, kind)
    if kind == "harmful" and curves:
        draw(marks(summary), formatting.Ruler.of(summary.axis_P).reach, chart["layout"])
    return chart


def _directions(summary: ScanSummary, by_kind: dict[str, Curves]) -> dict[str, Any]:
    layout = _layout(summary, top=10) | {"hovermode": "closest", "hoverdistance": 40}
    measures = []
    for name, kind, field, title in _MEASURES:
        if kind not in by_kind:
            continue
        curve = getattr(by_kind[kind], field)
        colour = "@text" if name == "keyword-asr" else f"@{ink(field, kind)}"
        data = list(_curves(summary, curve, colour))
        measures.append({"name": name, "title": in_words(summary, title), "data": data})
    return {"measures": measures, "layout": layout}


def _curves(summary: ScanSummary, curve: Curve, colour: str) -> Iterator[Trace]:
    x_P, ruler = bands.array(summary.axis_P), formatting.Ruler.of(summary.axis_P)
    yield from shades(summary.axis_P, curve, colour, 0.18)
    known = zip(summary.directions, curve.directions_DP, strict=False)
    for direction, share_P in known:
        words = [
            f"direction {direction.index}, α = {ruler.coordinate(x)}: {formatting.percent(share)}"
            for x, share in zip(summary.axis_P, share_P, strict=True)
        ]
        thin = {"width": 1, "color": f"{colour}/0.55"}
        yield line(x_P, bands.array(share_P), words, thin) | {"meta": direction.index}
    words = [
        f"mean, α = {ruler.coordinate(x)}: {with_interval(curve, p)}"
        for p, x in enumerate(summary.axis_P)
    ]
    yield line(x_P, bands.array(curve.mean_P), words, {"width": 3, "color": colour})


def _layout(summary: ScanSummary, top: int) -> dict[str, Any]:
    return layout(summary.axis_P, summary.axis_label, top)
