"""The landscape as a figure for a paper."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from safebasin.errors import ResourceError, UsageError
from safebasin.report import bands, formatting
from safebasin.report.marks import Mark, marks
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import Curves, ScanSummary

_MILLIMETRE = 1 / 25.4
_WIDTH, _HEIGHT = 180 * _MILLIMETRE, 132 * _MILLIMETRE

_STYLE: Any = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same layout on every machine
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.edgecolor": LIGHT["muted"],
    "text.color": LIGHT["text"],
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "safebasin",
    "pdf.fonttype": 42,
}

# A file that carries no date and no version is the same file tomorrow.
_METADATA: Mapping[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "safebasin"},
    ".pdf": {"CreationDate": None, "Creator": "safebasin", "Producer": None},
    ".png": {"Software": None},
}

_TITLES = {"harmful": "Harmful prompts", "benign": "Benign prompts"}


def landscape(summary: ScanSummary) -> Figure:
    """Label shares over α as stacked bands: harmful prompts above, benign prompts below.

    Keyword ASR is the dashed line. Both edges are marked on both sides with their 95 % intervals;
    an edge beyond the scanned range is written at its end. 180 mm wide. No global state changes.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        panels: Sequence[Axes] = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for axes, kind in zip(panels, _TITLES, strict=True):
            curves = summary.curves.get(kind)  # type: ignore[call-overload]
            _panel(axes, summary, curves, f"{_TITLES[kind]}  (n = {_prompts(summary, kind)})")
        _edges(panels[0], summary)
        panels[1].set_xlabel(one_line(summary.axis_label))
        figure.suptitle(one_line(summary.model.name, 80), fontsize=9, fontweight="bold")
        _legend(figure, panels[0])
        if partial := formatting.partial(summary):
            figure.text(
                0.5, 0.5, partial, ha="center", va="center", rotation=20, fontsize=30, alpha=0.35
            )
    return figure


def save(summary: ScanSummary, path: Path) -> None:
    """Write the figure, in the format that the name ends in. The same summary, the same bytes.

    Raises:
        UsageError: the name ends in none of .svg, .pdf and .png.
        ResourceError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise UsageError(f"figure {path}: choose a name that ends in .svg, .pdf or .png")
    drawn = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A name may use letters that the font lacks; they are drawn as boxes, which is enough.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        landscape(summary).savefig(drawn, format=suffix[1:], dpi=300, metadata=_METADATA[suffix])
    try:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_bytes(drawn.getvalue())
        unfinished.replace(path)
    except OSError as error:
        raise ResourceError(f"figure {path} cannot be written: {error.strerror}") from error


def _prompts(summary: ScanSummary, kind: str) -> int:
    return {str(name): found.n for name, found in summary.prompts.items()}.get(kind, 0)


def _panel(axes: Axes, summary: ScanSummary, curves: Curves | None, title: str) -> None:
    x_P = bands.array(summary.axis_P)
    for band in bands.stack(curves) if curves else ():
        pieces = bands.outline(x_P, band.bottom_P, band.top_P)
        for number, (x, y) in enumerate(pieces):
            name = str(band.label) if number == 0 else None
            axes.fill(x, y, color=LIGHT[band.label], linewidth=0, label=name)
        if (place := band.widest) is not None:
            middle = (band.bottom_P[place] + band.top_P[place]) / 2
            colour = LIGHT[f"on-{band.label}"]
            axes.text(x_P[place], middle, band.label, color=colour, ha="center", va="center")
    if curves and title.startswith(_TITLES["harmful"]):
        asr_P = bands.array(curves.keyword_asr.mean_P)
        axes.plot(x_P, asr_P, color="white", linewidth=2.4)
        axes.plot(
            x_P, asr_P, color=LIGHT["text"], linewidth=1.1, dashes=(4, 2), label="keyword ASR"
        )
    axes.set_title(title, loc="left", color=LIGHT["muted"])
    axes.set_ylabel("share of responses")
    axes.set_ylim(0, 1)
    axes.set_xlim(x_P[0], x_P[-1]) if x_P.size > 1 else axes.margins(x=0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.spines[["top", "right"]].set_visible(False)


def _edges(axes: Axes, summary: ScanSummary) -> None:
    """Lines and intervals in the panel, names in two rows above it."""
    reach = formatting.Ruler.of(summary.axis_P).reach or 1.0
    above = blended_transform_factory(axes.transData, axes.transAxes)
    axes.set_title(axes.get_title(loc="left"), loc="left", color=LIGHT["muted"], pad=26)
    for mark in marks(summary):
        height = 1.10 - 0.07 * mark.row
        if mark.radius is None:
            axes.text(reach, height, mark.text, transform=above, size=7, ha="right", va="center")
            continue
        for sign in (-1, 1):
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


def _legend(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles,
            names,
            loc="outside lower center",
            ncols=len(names),
            frameon=False,
            handlelength=1.6,
        )
