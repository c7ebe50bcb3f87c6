"""A map as a figure."""

from __future__ import annotations

from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from safebasin.report import bands, formatting, judges
from safebasin.report.bands import Floats
from safebasin.report.facts.plane import checkpoints
from safebasin.report.figures.style import MILLIMETRE, WIDTH, watermark
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.report.window import Window
from safebasin.report.wording import in_words
from safebasin.summary import Place, PlaneSummary, Shares

_TICKS = 4  # at most one more: long numbers need room beside each other
_LABEL = 48  # characters of a line beside a panel


class _Panel(NamedTuple):
    kind: str
    field: str
    title: str
    colour: str


_PANELS = (
    _Panel("harmful", "refused", "Refused", "refused"),
    _Panel("harmful", "complied", "Complied", "complied"),
    _Panel("harmful", "incoherent", "Incoherent", "muted"),
    _Panel("benign", "complied", "Coherent, benign", "answered"),
)


def figure(summary: PlaneSummary) -> Figure:
    """Shares of refused, complied and incoherent responses, and of coherent benign ones.

    Lines are where a share is 50 %. The cross is the origin; letters are the checkpoints that span
    the map, numbers those of the trajectory, each where its projection lies. 180 mm wide.
    """
    aspect = Window.of(summary).aspect
    height = (34 + 2 * (13 + 66 * aspect)) * MILLIMETRE
    made = Figure(figsize=(WIDTH, height), layout="constrained")
    panels: Any = made.subplots(2, 2, sharex=True, sharey=True)
    by_kind = {str(kind): maps for kind, maps in summary.maps.items()}
    for axes, panel in zip(panels.flat, _PANELS, strict=True):
        panel = panel._replace(title=in_words(summary, panel.title))
        maps = by_kind.get(panel.kind)
        _map(axes, summary, getattr(maps, panel.field).share_YX if maps else None, panel)
        axes.set_box_aspect(aspect)
    for axes in panels[1]:
        axes.set_xlabel(fill(one_line(summary.x.label), _LABEL))
    for axes in panels[:, 0]:
        axes.set_ylabel(fill(one_line(summary.y.label), _LABEL))
    made.suptitle(one_line(summary.model.name, 80), fontsize=9, fontweight="bold")
    _key(made, summary)
    watermark(made, formatting.partial(summary.status))
    return made


def _map(axes: Axes, summary: PlaneSummary, share_YX: Shares | None, panel: _Panel) -> None:
    asked = f"{judges.basis(summary, panel.kind)}; labels by {judges.first(summary)}"
    title = f"{panel.title}\n{asked}"
    axes.set_title(title, loc="left", color=LIGHT["muted"])
    axes.set_facecolor(LIGHT["other"])
    axes.xaxis.set_major_locator(MaxNLocator(_TICKS))
    axes.yaxis.set_major_locator(MaxNLocator(_TICKS))
    x, y = (bands.array(axis.values) for axis in (summary.x, summary.y))
    unknown = np.full((y.size, x.size), np.nan)
    share = unknown if share_YX is None else np.array([bands.array(row) for row in share_YX])
    scale = LinearSegmentedColormap.from_list("share", [LIGHT["page"], LIGHT[panel.colour]])
    mesh = axes.pcolormesh(_borders(x), _borders(y), share, cmap=scale, vmin=0, vmax=1)
    mesh.set_rasterized(share.size > 2_601)  # a fine map would be most of a vector file
    if min(share.shape) > 1 and np.nanmin(share, initial=1) < 0.5 <= np.nanmax(share, initial=0):
        axes.contour(x, y, share, levels=[0.5], colors=LIGHT["text"], linewidths=0.9)
    bar = axes.figure.colorbar(mesh, cax=axes.inset_axes((1.03, 0, 0.04, 1)))
    bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
    bar.outline.set_linewidth(0.4)
    _marks(axes, summary)


def _marks(axes: Axes, summary: PlaneSummary) -> None:
    """The origin, the way of the trajectory, and each checkpoint in a circle."""
    ink: dict[str, Any] = {"color": LIGHT["text"], "clip_on": False}
    halo = [withStroke(linewidth=2.5, foreground="white", alpha=0.8)]
    axes.autoscale(enable=False)
    named = checkpoints(summary)
    stops = [(place.x, place.y or 0.0) for mark, place in named if mark.isdigit()]
    if stops:
        way = np.array([(0.0, 0.0), *stops]).T
        axes.plot(*way, linewidth=0.8, dashes=(3, 2), path_effects=halo, **ink | {"clip_on": True})
    axes.plot(
        0, 0, marker="+", markersize=6, markeredgewidth=1, path_effects=halo, color=ink["color"]
    )
    for mark, place in named:
        at = (place.x, place.y or 0.0)
        if _inside(summary, place):
            axes.plot(
                *at, marker="o", markersize=7, markeredgewidth=0.7, markerfacecolor="white", **ink
            )
            axes.annotate(
                mark, at, ha="center", va="center_baseline", size=5.5, annotation_clip=False
            )


def _inside(summary: PlaneSummary, place: Place) -> bool:
    x, y = (_borders(bands.array(axis.values)) for axis in (summary.x, summary.y))
    return bool(x[0] <= place.x <= x[-1] and y[0] <= (place.y or 0.0) <= y[-1])


def _key(made: Figure, summary: PlaneSummary) -> None:
    """What the marks stand for, in words below the figure."""
    origin = one_line(summary.model.name, 40) if summary.study == "path" else "origin"
    named = [
        f"{mark} {one_line(place.name, 40)}" + ("" if _inside(summary, place) else " (outside)")
        for mark, place in checkpoints(summary)
    ]
    said = "; ".join([f"+ {origin}", *named])
    text = f"{judges.asked(summary)} Line: 50 %. {said}."
    if summary.trajectory and summary.trajectory.explained is not None:
        share = formatting.percent(summary.trajectory.explained)
        text += f" Marks are projections; the map holds {share} of the numbered displacements."
    made.supxlabel(text, fontsize=7, color=LIGHT["muted"], wrap=True)


def _borders(values: Floats) -> Floats:
    """The borders of cells: half-way between values, and as far beyond the last one."""
    if values.size == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middle = (values[1:] + values[:-1]) / 2
    first, last = 2 * values[:1] - middle[:1], 2 * values[-1:] - middle[-1:]
    return np.concatenate([first, middle, last])
