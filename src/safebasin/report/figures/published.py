"""Keyword ASR as Peng et al. (NeurIPS 2024) draw it: a curve for a scan, a surface for a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.errors import UsageError
from safebasin.report import bands, formatting, judges
from safebasin.report.figures.style import MILLIMETRE, watermark
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import AnySummary, PlaneSummary, ScanSummary

_WIDTH, _CURVE, _SURFACE = 120 * MILLIMETRE, 88 * MILLIMETRE, 112 * MILLIMETRE
_ASR = "ASR (%)"
_TICKS = (0, 20, 40, 60, 80, 100)
_FINE = 2_601  # points of a surface, beyond which it would be most of a vector file


def figure(summary: AnySummary) -> Figure:
    """ASR in per cent by the published list of phrases, over the perturbation amount.

    A scan is the mean over its directions, with each direction faint behind it; a surface stands
    over both coordinates. The title holds VISAGE. 120 mm wide.

    Raises:
        UsageError: the study has no such figure, or the keyword judge was not asked.
    """
    if isinstance(summary, ScanSummary):
        _asked(summary)
        return _scan(summary)
    if isinstance(summary, PlaneSummary) and summary.study == "surface":
        _asked(summary)
        if min(len(summary.x.values), len(summary.y.values)) < 2:
            raise UsageError(
                "a published surface needs two coordinates or more along either axis: "
                "ask `safebasin surface` for more with --x and --y"
            )
        return _surface(summary)
    raise UsageError(
        "the published figure is that of a scan over a uniform grid, or of a surface, and this run "
        f"is {_KINDS[summary.study]}: run `safebasin scan` or `safebasin surface` on the model"
    )


_KINDS = {
    "path": "a path between checkpoints",
    "edges": "an adaptive scan",
    "compare": "a comparison",
}


def _asked(summary: ScanSummary | PlaneSummary) -> None:
    """Refuse a run without keyword ASR of harmful prompts."""
    if not any(judge.name == judges.KEYWORD for judge in summary.judges):
        raise UsageError(
            f"published ASR is that of the judge {judges.KEYWORD!r}, which this run was not asked "
            f"with: `safebasin judge RUN --judge {judges.KEYWORD}` asks it about the same answers"
        )


def _scan(summary: ScanSummary) -> Figure:
    found = Figure(figsize=(_WIDTH, _CURVE), layout="constrained")
    axes = found.subplots()
    curve, x_P = summary.curves["harmful"].keyword_asr, bands.array(summary.axis_P)
    alone = "o" if x_P.size == 1 else None
    for one_P in curve.directions_DP if len(curve.directions_DP) > 1 else ():
        y_P = 100 * bands.array(one_P)
        axes.plot(x_P, y_P, color=LIGHT["run-b"], linewidth=0.7, alpha=0.35, marker=alone)
    mean_P = 100 * bands.array(curve.mean_P)
    axes.plot(x_P, mean_P, color=LIGHT["run-b"], linewidth=1.8, marker=alone, label="mean")
    axes.set_ylim(0, 100)
    axes.set_yticks(_TICKS)
    axes.margins(x=0)
    axes.set_xlabel("Perturbation amount")
    axes.set_ylabel(_ASR)
    axes.grid(color=LIGHT["line"], linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    visage = formatting.score(summary.scores.visage_published)
    directions = formatting.count(len(summary.directions), "directions")
    thin = "; thin lines: single directions" if len(summary.directions) > 1 else ""
    where = f"Mean over {directions}{thin}; {one_line(summary.axis_label, 80)}."
    _frame(found, axes, summary, f"VISAGE as published {visage}, {directions}", where)
    return found


def _surface(summary: PlaneSummary) -> Figure:
    found = Figure(figsize=(_WIDTH, _SURFACE), layout="constrained")
    axes: Any = found.add_subplot(projection="3d")
    x_YX, y_YX = np.meshgrid(bands.array(summary.x.values), bands.array(summary.y.values))
    rows = summary.maps["harmful"].keyword_asr.share_YX
    asr_YX = 100 * np.array([bands.array(row) for row in rows])
    look: dict[str, Any] = {"cmap": "coolwarm", "vmin": 0, "vmax": 100, "linewidth": 0.2}
    sheet = axes.plot_surface(x_YX, y_YX, asr_YX, rstride=1, cstride=1, edgecolor="white", **look)
    sheet.set_rasterized(asr_YX.size > _FINE)
    axes.set_zlim(0, 100)
    axes.set_zticks(_TICKS)
    axes.view_init(elev=28, azim=-58)
    axes.set_xlabel("Perturbation amount α", labelpad=2)
    axes.set_ylabel("Perturbation amount β", labelpad=4)
    axes.set_zlabel(_ASR)
    axes.set_box_aspect((1, 1, 0.7), zoom=0.86)
    visage = formatting.score(summary.scores.visage_keyword)
    names = (one_line(axis.name, 40) for axis in (summary.x, summary.y))
    where = "α along {}, β along {}.".format(*names)
    _frame(found, axes, summary, f"VISAGE by keyword {visage}, one plane", where)
    return found


def _frame(
    found: Figure, axes: Axes, summary: ScanSummary | PlaneSummary, title: str, where: str
) -> None:
    """The model's name and VISAGE above; prompts, judge and what is drawn below."""
    axes.set_title(title, color=LIGHT["muted"])
    found.suptitle(one_line(summary.model.name, 60), fontsize=9, fontweight="bold")
    said = f"{judges.asked(summary, 'harmful', by=judges.keyword(summary))} {where}"
    found.supxlabel(said, fontsize=6.5, color=LIGHT["muted"], wrap=True)
    watermark(found, formatting.partial(summary.status))
