"""A line between two checkpoints as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import bands, formatting, judges
from safebasin.report.contrasts import bar
from safebasin.report.facts.line import layers as groups
from safebasin.report.facts.line import measured, names, ticks
from safebasin.report.figures import capability
from safebasin.report.figures import judges as judged
from safebasin.report.figures.panels import edges, stacked
from safebasin.report.figures.style import MILLIMETRE, TITLES, WIDTH, legend, titled, watermark
from safebasin.report.marks import falls
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import LineSummary

_HEIGHT, _JUDGES = 214 * MILLIMETRE, 44 * MILLIMETRE


def figure(summary: LineSummary) -> Figure:
    """Label shares over t as bands, then safety and capability, then distances by layer.

    What lies beyond the two checkpoints is faded. Diamonds in the last panel but one are refusals
    measured at the checkpoints of a fine-tune, each drawn at its projection. Where several judges
    were asked, a panel shows what each of them calls complied. 180 mm wide.
    """
    first, second = names(summary, 40)
    asked = judges.lines(summary)
    several = len(asked) > 1
    found = Figure(figsize=(WIDTH, _HEIGHT + several * _JUDGES), layout="constrained")
    ratios = (3, 2, *[1.5] * several, 2.2, 1.4)
    panels: Sequence[Axes] = found.subplots(len(ratios), 1, height_ratios=ratios)
    *over, able, where = panels
    for axes, kind in zip(panels, TITLES, strict=False):
        curves = summary.curves.get(kind)  # type: ignore[call-overload]
        stacked(axes, summary.axis.values, curves, kind)
        axes.set_title(titled(summary, kind), loc="left", color=LIGHT["muted"])
        _ends(axes, summary)
    edges(panels[0], falls(summary), summary.axis.values[-1])
    if several:
        judged.panel(over[2], summary.axis.values, asked)
    _trajectory(able, summary)
    capability.panel(able, summary.axis.values, summary.curves, summary.measures, legend_at=-0.55)
    able.set_title(capability.titled(summary.curves), loc="left", color=LIGHT["muted"])
    _layers(where, summary)
    for axes in over:
        axes.sharex(able)
        axes.tick_params(labelbottom=False)
    _positions(able, summary)
    found.suptitle(f"{first} → {second}", fontsize=9, fontweight="bold")
    legend(found, *panels[:2])
    watermark(found, formatting.partial(summary.status))
    return found


def _ends(axes: Axes, summary: LineSummary) -> None:
    """A line at either checkpoint, and a veil over what lies beyond them."""
    start, end = summary.axis.values[0], summary.axis.values[-1]
    for low, high in ((start, 0.0), (1.0, end)):
        if low < high:
            axes.axvspan(low, high, color="white", alpha=0.45, linewidth=0)
    for t in (0.0, 1.0):
        if start < t < end:
            axes.axvline(t, color="white", linewidth=1.2, dashes=(5, 2))


def _positions(axes: Axes, summary: LineSummary) -> None:
    """Ticks in three lines: position, distance from the first checkpoint, the ends' names."""
    places, text = ticks(summary.axis, names(summary, 22))
    axes.set_xticks(places, ["\n".join(lines) for lines in text])
    axes.set_xlabel("position t; below it, relative distance ‖Δ‖ / ‖W‖ from the first checkpoint")


def _trajectory(axes: Axes, summary: LineSummary) -> None:
    places = summary.trajectory.places if summary.trajectory else ()
    shares = [(place.x, measured(place, "harmful", "refused")) for place in places]
    known = [(x, bar(share)) for x, share in shares if share and share.value is not None]
    if known:
        x_K = [x for x, _ in known]
        value_K, below_K, above_K = zip(*(lengths for _, lengths in known), strict=True)
        axes.errorbar(
            x_K,
            value_K,
            (below_K, above_K),
            fmt="D",
            markersize=4,
            linewidth=1.0,
            color=LIGHT["text"],
            zorder=5,
            label="refused, measured at a checkpoint",
        )


def _layers(axes: Axes, summary: LineSummary) -> None:
    layers = groups(summary)
    every = max(1, -(-len(layers) // 16))
    axes.bar(range(len(layers)), bands.array(list(layers.values())), color=LIGHT["run-b"])
    labels = [one_line(name, 10) for name in list(layers)[::every]]
    axes.set_xticks(range(0, len(layers), every), labels)
    axes.set_xlabel("group of tensors")
    axes.set_ylabel("‖Δ‖ / ‖W‖")
    axes.set_title("Where the two checkpoints differ", loc="left", color=LIGHT["muted"])
    axes.spines[["top", "right"]].set_visible(False)
