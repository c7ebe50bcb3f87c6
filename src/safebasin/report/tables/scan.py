"""A scan's chart for the terminal, and what it rests on in a line."""

from __future__ import annotations

from rich.console import Group

from safebasin.report import formatting
from safebasin.report.tables.blocks import shares
from safebasin.summary import ScanSummary


def title(summary: ScanSummary) -> str:
    """What was scanned: "organism:chat, 5 directions of 21 points"."""
    directions = formatting.count(len(summary.directions), "directions")
    partial = formatting.partial(summary.status)
    points = formatting.count(len(summary.axis_P), "points")
    return f"{summary.model.name}, {directions} of {points}" + (f" ({partial})" if partial else "")


def chart(summary: ScanSummary) -> Group:
    """Bars of each share over α, all on one axis, from 0 to 100 %."""
    return shares(summary.axis_P, summary.curves, summary.axis_label)
