"""The landscape of a scan as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import formatting
from safebasin.report.figures import capability
from safebasin.report.figures.panels import edges, stacked
from safebasin.report.figures.style import MILLIMETRE, TITLES, WIDTH, legend, watermark
from safebasin.report.marks import marks
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import ScanSummary

_HEIGHT, _CAPABILITY = 132 * MILLIMETRE, 62 * MILLIMETRE


def landscape(summary: ScanSummary) -> Figure:
    """Label shares over α as stacked bands: harmful prompts above, benign prompts below.

    Keyword ASR is the dashed line. Both edges are marked on both sides with their 95 % intervals;
    an edge beyond the scanned range is written at its end. Where capabilities were measured, a
    third panel shows them with refusals and coherent answers over the same axis. 180 mm wide.
    """
    more = bool(summary.measures)
    size = WIDTH, _HEIGHT + more * _CAPABILITY
    figure = Figure(figsize=size, layout="constrained")
    ratios = (3, 2, 2) if more else (3, 2)
    panels: Sequence[Axes] = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    for axes, kind in zip(panels, TITLES, strict=False):
        curves = summary.curves.get(kind)  # type: ignore[call-overload]
        stacked(axes, summary.axis_P, curves, asr=kind == "harmful")
        title = f"{TITLES[kind]}  (n = {_prompts(summary, kind)})"
        axes.set_title(title, loc="left", color=LIGHT["muted"])
    edges(panels[0], marks(summary), formatting.Ruler.of(summary.axis_P).reach or 1.0)
    if more:
        capability.panel(panels[2], summary.axis_P, summary.curves, summary.measures)
        panels[2].set_title("Safety and capability", loc="left", color=LIGHT["muted"])
    panels[-1].set_xlabel(one_line(summary.axis_label))
    figure.suptitle(one_line(summary.model.name, 80), fontsize=9, fontweight="bold")
    legend(figure, panels[0])
    watermark(figure, formatting.partial(summary.status))
    return figure


def _prompts(summary: ScanSummary, kind: str) -> int:
    return {str(name): found.n for name, found in summary.prompts.items()}.get(kind, 0)
