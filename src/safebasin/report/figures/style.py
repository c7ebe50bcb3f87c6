"""What all figures share: the size of a page of a paper, fonts, and files without a date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safebasin.report import judges
from safebasin.report.palette import LIGHT
from safebasin.report.untrusted import one_line
from safebasin.summary import Summary

MILLIMETRE = 1 / 25.4
WIDTH = 180 * MILLIMETRE

STYLE: Any = {
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
METADATA: Mapping[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "safebasin"},
    ".pdf": {"CreationDate": None, "Creator": "safebasin", "Producer": None},
    ".png": {"Software": None},
}

TITLES = {"harmful": "Harmful prompts", "benign": "Benign prompts"}


def titled(summary: Summary, kind: str) -> str:
    """The title of a panel of shares: what was asked, and by whom it was judged."""
    found = {str(name): one for name, one in summary.prompts.items()}.get(kind)
    n, source = (found.n, f": {one_line(found.source, 40)}") if found else (0, "")
    times, judge = judges.times(summary), judges.first(summary)
    return f"{TITLES[kind]}{source}  (n = {n:,}{times}; labels by {judge})"


def named(text: str) -> str:
    """A name for a legend, which would pass over one that begins with an underscore."""
    return f" {text}" if text.startswith("_") else text


def watermark(figure: Figure, text: str) -> None:
    """A word across a figure that is not finished; nothing if there is no word."""
    if text:
        figure.text(0.5, 0.5, text, ha="center", va="center", rotation=20, fontsize=30, alpha=0.35)


def legend(figure: Figure, *panels: Axes) -> None:
    """One row below the figure with everything that has a name in these panels, each name once."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        figure.legend(
            list(found.values()),
            list(found),
            loc="outside lower center",
            ncols=len(found),
            frameon=False,
            handlelength=1.6,
        )
