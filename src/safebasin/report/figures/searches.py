"""An adaptive scan as a figure: where each search found its edge, and what it asked."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import judges, searches
from safebasin.report.charts.searches import DASH, OFFSET
from safebasin.report.facts.searches import partial
from safebasin.report.figures.style import MILLIMETRE, WIDTH, legend, watermark
from safebasin.report.palette import DASHES, LIGHT
from safebasin.report.searches import EDGES, HITS, INKS
from safebasin.report.untrusted import one_line
from safebasin.summary import EdgesSummary, Kind

_ROW, _ROWS, _PROBES, _REST = 5.0 * MILLIMETRE, 120 * MILLIMETRE, 52 * MILLIMETRE, 26 * MILLIMETRE
_NAMES = 40  # rows that can be named
_AREA = 46.0  # of a circle for all prompts, in square points
_MARKER: dict[Kind, str] = {"harmful": "o", "benign": "D"}


def figure(summary: EdgesSummary) -> Figure:
    """The edges of every search above, the shares at every radius that was probed below.

    Bars are credible intervals of single searches, and 95 % intervals of the means; an arrow is a
    lower bound. Open circles are shares at which asking stopped early: they are biased and have no
    intervals. 180 mm wide.
    """
    rows = min(_ROWS, _ROW * len(searches.rows(summary)))
    found = Figure(figsize=(WIDTH, rows + _PROBES + _REST), layout="constrained")
    grid = found.add_gridspec(2, 2, height_ratios=(rows, _PROBES))
    edges = found.add_subplot(grid[0, :])
    _forest(edges, summary)
    for column, kind in enumerate(EDGES):
        _probes(found.add_subplot(grid[1, column]), summary, kind)
    found.suptitle(one_line(summary.model.name, 80), fontsize=9, fontweight="bold")
    legend(found, edges)
    watermark(found, partial(summary))
    return found


def _forest(axes: Axes, summary: EdgesSummary) -> None:
    names = searches.rows(summary)
    for kind in EDGES:
        ink = LIGHT[INKS[kind]]
        style: Any = {"color": ink, "linestyle": (0, DASHES[DASH[kind]] or None)}
        axes.plot([], [], marker=_MARKER[kind], markersize=3.6, label=EDGES[kind], **style)
        for one in searches.drawn(summary):
            if one.kind != kind:
                continue
            y = one.row + OFFSET[kind]
            axes.plot([one.low, one.high], [y, y], linewidth=1.4, marker="|", **style)
            marker = ">" if one.beyond else _MARKER[kind]
            size = 5 if one.place is None else 3.6
            axes.plot(one.radius, y, marker, markersize=size, color=ink, clip_on=False)
    for y in range(2, len(names), 2):
        axes.axhline(y - 0.5, color=LIGHT["line"], linewidth=0.6, zorder=0)
    every = -(-len(names) // _NAMES)
    shown = [row for row in range(len(names) - 1) if row % every == 0] + [len(names) - 1]
    axes.set_yticks(shown, [names[row] for row in shown])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, summary.reach)
    axes.set_xlabel(f"distance from the origin; {one_line(summary.axis_label, 80)}")
    words = f"Edges and 95 % intervals\n{judges.asked(summary)}"
    axes.set_title(words, loc="left", color=LIGHT["muted"])
    axes.spines[["top", "right"]].set_visible(False)


def _probes(axes: Axes, summary: EdgesSummary, kind: Kind) -> None:
    ink, asked = LIGHT[INKS[kind]], searches.asked(summary, kind)
    axes.scatter(
        [one.x for one in asked],
        [one.share for one in asked],
        [_AREA * one.weight for one in asked],
        facecolors=["none" if one.early else ink for one in asked],
        edgecolors=ink,
        linewidths=0.8,
        clip_on=False,
    )
    _lines(axes, summary, kind)
    axes.set_xlim(-summary.reach, summary.reach)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel(one_line(summary.axis_label, 60))
    words = f"{HITS[kind].capitalize()}, {kind} prompts (open: stopped early)"
    axes.set_title(words, loc="left", color=LIGHT["muted"])
    axes.spines[["top", "right"]].set_visible(False)
    if kind == "harmful":
        axes.set_ylabel("share of answers")


def _lines(axes: Axes, summary: EdgesSummary, kind: Kind) -> None:
    """The threshold across, and the mean edge upright unless it is a lower bound."""
    share = summary.origin.get(kind, {}).get(HITS[kind])
    if share is not None and share.value is not None:
        axes.axhline(share.value / 2, color=LIGHT["muted"], linewidth=0.6, dashes=(4, 3), zorder=0)
    mean = searches.means(summary)[kind]
    if mean.value is None or mean.censored:
        return
    style: Any = "-" if DASH[kind] == "solid" else (0, (1, 1.2))
    for side in (-1, 1):
        axes.axvline(side * mean.value, color=LIGHT["text"], linewidth=0.9, linestyle=style)
        if mean.low is not None and mean.high is not None:
            ends = side * mean.low, side * mean.high
            axes.axvspan(*ends, color=LIGHT["text"], alpha=0.09, linewidth=0)
