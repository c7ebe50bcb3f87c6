"""The landscape of a scan as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import formatting, judges
from safebasin.report.figures import capability
from safebasin.report.figures import judges as judged
from safebasin.report.figures.panels import edges, stacked
from safebasin.report.figures.style import MILLIMETRE, TITLES, WIDTH, legend, titled, watermark
from safebasin.report.marks import marks
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import ScanSummary

_HEIGHT, _CAPABILITY, _JUDGES = 132 * MILLIMETRE, 62 * MILLIMETRE, 44 * MILLIMETRE


def landscape(summary: ScanSummary) -> Figure:
    """Label shares over α as stacked bands: harmful prompts above, benign prompts below.

    Keyword ASR is the dashed line. Both edges are marked on both sides with their 95 % intervals;
    an edge beyond the scanned range is written at its end. Where capabilities were measured, a last
    panel shows them with refusals and coherent answers over the same axis. Where several judges
    were asked, a panel before it shows what each of them calls complied. 180 mm wide.
    """
    more, asked = bool(summary.measures), judges.lines(summary)
    several = len(asked) > 1
    size = WIDTH, _HEIGHT + more * _CAPABILITY + several * _JUDGES
    figure = Figure(figsize=size, layout="constrained")
    ratios = (3, 2, *[1.5] * several, *[2] * more)
    panels: Sequence[Axes] = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    for axes, kind in zip(panels, TITLES, strict=False):
        curves = summary.curves.get(kind)  # type: ignore[call-overload]
        stacked(axes, summary.axis_P, curves, kind)
        axes.set_title(titled(summary, kind), loc="left", color=LIGHT["muted"])
    edges(panels[0], marks(summary), formatting.Ruler.of(summary.axis_P).reach or 1.0)
    if several:
        judged.panel(panels[2], summary.axis_P, asked)
    if more:
        capability.panel(panels[-1], summary.axis_P, summary.curves, summary.measures)
        title = capability.titled(summary.curves)
        panels[-1].set_title(title, loc="left", color=LIGHT["muted"])
    panels[-1].set_xlabel(one_line(summary.axis_label))
    figure.suptitle(one_line(summary.model.name, 80), fontsize=9, fontweight="bold")
    legend(figure, *panels[:2])
    watermark(figure, formatting.partial(summary.status))
    return figure
