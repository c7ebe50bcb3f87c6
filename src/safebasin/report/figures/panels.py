"""Panels of figures: label shares over one axis as stacked bands, with edges above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from safebasin.report import bands
from safebasin.report.marks import Mark
from safebasin.report.palette import ANSWERED, LIGHT, ink
from safebasin.summary import Curves


def stacked(axes: Axes, axis_P: Sequence[float], curves: Curves | None, kind: str) -> None:
    """Bands from 0 to 100 %, each with its name where there is room; empty without curves.

    Args:
        axes: to draw in.
        axis_P: where points lie.
        curves: of one prompt set.
        kind: of the prompts; keyword ASR is a dashed line where they are harmful.
    """
    x_P = bands.array(axis_P)
    for band in bands.stack(curves) if curves else ():
        colour = ink(band.label, kind)
        words = f"{band.label}, benign" if colour == ANSWERED else str(band.label)
        pieces = bands.outline(x_P, band.bottom_P, band.top_P)
        for number, (x, y) in enumerate(pieces):
            name = words if number == 0 else None
            axes.fill(x, y, color=LIGHT[colour], linewidth=0, label=name)
        if (place := band.widest) is not None:
            middle = (band.bottom_P[place] + band.top_P[place]) / 2
            on = LIGHT[f"on-{colour}"]
            axes.text(x_P[place], middle, band.label, color=on, ha="center", va="center")
    if curves and kind == "harmful":
        asr_P = bands.array(curves.keyword_asr.mean_P)
        axes.plot(x_P, asr_P, color="white", linewidth=2.4)
        axes.plot(
            x_P, asr_P, color=LIGHT["text"], linewidth=1.1, dashes=(4, 2), label="keyword ASR"
        )
    shares(axes, axis_P)


def shares(axes: Axes, axis_P: Sequence[float]) -> None:
    """Shares of responses upwards, the whole axis across, and no frame."""
    axes.set_ylabel("share of responses")
    axes.set_ylim(0, 1)
    axes.set_xlim(axis_P[0], axis_P[-1]) if len(axis_P) > 1 else axes.margins(x=0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.spines[["top", "right"]].set_visible(False)


def edges(axes: Axes, marks: Sequence[Mark], end: float) -> None:
    """Lines and intervals in the panel, names in two rows above it.

    Args:
        axes: with its title on the left.
        marks: see `report.marks`.
        end: of the axis, where edges beyond it are named.
    """
    above = blended_transform_factory(axes.transData, axes.transAxes)
    axes.set_title(axes.get_title(loc="left"), loc="left", color=LIGHT["muted"], pad=26)
    for mark in marks:
        height = 1.10 - 0.07 * mark.row
        if mark.radius is None:
            axes.text(end, height, mark.text, transform=above, size=7, ha="right", va="center")
            continue
        for sign in mark.signs:
            _edge(axes, mark, sign, height)


def _edge(axes: Axes, mark: Mark, sign: int, height: float) -> None:
    above = blended_transform_factory(axes.transData, axes.transAxes)
    ink: dict[str, Any] = {"color": LIGHT["text"], "transform": above, "clip_on": False}
    x, name_x, ends, align = mark.side(sign)
    axes.axvspan(*ends, color=LIGHT["text"], alpha=0.10, linewidth=0)
    axes.plot(ends, [height] * 2, linewidth=2.2, alpha=0.35, solid_capstyle="butt", **ink)
    style = "-" if mark.solid else (0, (1, 1.2))
    axes.plot([x, x], [0, height + 0.025], linewidth=1.0, linestyle=style, **ink)
    axes.annotate(
        mark.text,
        (name_x, height),
        xycoords=above,
        xytext=(4 if align == "left" else -4, 0),
        textcoords="offset points",
        size=7,
        ha=align,
        va="center",
        annotation_clip=False,
    )
