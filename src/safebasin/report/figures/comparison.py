"""A comparison as a figure: curves of all runs, and a forest plot of their differences."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import bands, formatting, judges
from safebasin.report.contrasts import FOREST, contrasts, reach
from safebasin.report.figures.panels import shares
from safebasin.report.figures.style import MILLIMETRE, WIDTH, named, watermark
from safebasin.report.palette import DASHES, LIGHT, colour, dash
from safebasin.report.untrusted import one_line
from safebasin.report.wording import in_words
from safebasin.summary import ComparisonSummary, Curve, Kind

_CURVES, _ROW, _REST = 58 * MILLIMETRE, 5.2 * MILLIMETRE, 42 * MILLIMETRE
_COLUMNS = 3

_PANELS: tuple[tuple[Kind, str, str], ...] = (
    ("harmful", "refused", "Refused, harmful prompts (ticks: safety edges)"),
    ("benign", "complied", "Coherent, benign prompts (ticks: capability edges)"),
)


def figure(summary: ComparisonSummary) -> Figure:
    """Refusals and coherent answers of all runs over α, then each run's differences from the first.

    Bands and bars are 95 % intervals; ticks above the curves are the runs' safety edges on the left
    panel and their capability edges on the right one. 180 mm wide.
    """
    runs = len(summary.runs)
    height = _CURVES + runs * _ROW + _REST + -(-runs // _COLUMNS) * 0.8 * _ROW
    found = Figure(figsize=(WIDTH, height), layout="constrained")
    ratios = _CURVES, runs * _ROW + 0.5 * _REST
    parts: Any = found.subfigures(2, 1, height_ratios=ratios)
    upper, lower = parts
    for axes, (kind, field, words) in zip(upper.subplots(1, 2), _PANELS, strict=True):
        for number, run in enumerate(summary.runs):
            if kind in run.curves:
                _run(axes, summary, number, getattr(run.curves[kind], field))
        _edges(axes, summary, "safety_edge" if kind == "harmful" else "capability_edge")
        shares(axes, summary.axis_P)
        axes.set_title(in_words(summary, words), loc="left", color=LIGHT["muted"], pad=14)
        axes.set_xlabel(one_line(summary.axis_label, 80))
    upper.suptitle(judges.asked(summary), fontsize=7, color=LIGHT["muted"])
    for axes, one in zip(lower.subplots(1, 3, sharey=True), FOREST, strict=True):
        _forest(axes, summary, *one)
    _legend(found, upper.axes[0], summary)
    watermark(found, _partial(summary))
    return found


def _run(axes: Axes, summary: ComparisonSummary, number: int, curve: Curve) -> None:
    x_P, mean_P, pieces = bands.with_interval(summary.axis_P, curve)
    ink = LIGHT[colour(number)]
    for x, y in pieces:
        axes.fill(x, y, color=ink, alpha=0.08, linewidth=0)
    name = named(one_line(summary.runs[number].name, 34))
    axes.plot(
        x_P, mean_P, color=ink, linewidth=1.3, linestyle=(0, DASHES[dash(number)]), label=name
    )


def _edges(axes: Axes, summary: ComparisonSummary, name: str) -> None:
    """Ticks above the panel, on either side of the origin."""
    for number, run in enumerate(summary.runs):
        edge = getattr(run.scores, name)
        if edge.value is None or edge.censored:
            continue
        for x in (-edge.value, edge.value):
            axes.annotate(
                "",
                (x, 1.01),
                (x, 1.06),
                xycoords=axes.get_xaxis_transform(),
                textcoords=axes.get_xaxis_transform(),
                arrowprops={"arrowstyle": "-", "color": LIGHT[colour(number)], "linewidth": 1.4},
                annotation_clip=False,
            )


def _forest(axes: Axes, summary: ComparisonSummary, name: str, words: str, unit: str) -> None:
    found = contrasts(summary, name)
    span = reach(summary, name)
    axes.axvline(0, color=LIGHT["muted"], linewidth=0.8, dashes=(4, 3))
    for row, one in enumerate(found):
        if one.value is None:
            place: Any = {"ha": "center", "va": "center", "backgroundcolor": "white"}
            axes.text(0, row, "undefined", size=6.5, **place)
            continue
        ink = LIGHT[colour(one.number)]
        ends = [one.value - one.below, one.value + one.above]
        axes.plot(ends, [row, row], color=ink, linewidth=1.4)
        axes.plot(one.value, row, color=ink, marker="s", markersize=4)
    axes.set_xlim(-span, span)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_yticks(range(len(found)), [one_line(one.name, 24) for one in found])
    axes.set_title(in_words(summary, words), loc="left", color=LIGHT["muted"])
    axes.set_xlabel(f"difference from the first\n({unit})")
    axes.spines[["top", "right"]].set_visible(False)


def _legend(found: Figure, axes: Axes, summary: ComparisonSummary) -> None:
    handles, names = axes.get_legend_handles_labels()
    if handles:
        found.legend(
            handles,
            names,
            loc="outside lower center",
            ncols=min(_COLUMNS, len(summary.runs)),
            frameon=False,
            handlelength=3.6,
        )


def _partial(summary: ComparisonSummary) -> str:
    return next((text for run in summary.runs if (text := formatting.partial(run.status))), "")
