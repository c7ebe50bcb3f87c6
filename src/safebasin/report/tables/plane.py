"""A map's refused shares for the terminal, and what it rests on in a line."""

from __future__ import annotations

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from safebasin.report import bands, formatting
from safebasin.report.untrusted import for_terminal
from safebasin.report.window import Window
from safebasin.summary import PlaneSummary, Shares

_COLUMNS, _ROWS = 60, 21
_LEVELS = " ░▒▓█"
_UNKNOWN, _ORIGIN = "·", "+"
_INDENT = 12


def title(summary: PlaneSummary) -> str:
    """What was mapped: "organism:chat, a map of 21 x 21 points"."""
    partial = formatting.partial(summary.status)
    points = f"a map of {len(summary.x.values)} x {len(summary.y.values)} points"
    return f"{summary.model.name}, {points}" + (f" ({partial})" if partial else "")


def chart(summary: PlaneSummary) -> RenderableType:
    """Refused shares in block characters, y upwards; the origin is a cross."""
    window = Window.of(summary)
    harmful = {str(kind): maps for kind, maps in summary.maps.items()}.get("harmful")
    lines = picture(harmful.refused.share_YX if harmful else [], _zero(summary))
    ends = {0: summary.y.values[-1], len(lines) - 1: summary.y.values[0]}
    shown = [
        Text.assemble(
            f"{window.y.coordinate(ends[row]) if row in ends else '':>{_INDENT - 2}}  ",
            (line, "blue"),
        )
        for row, line in enumerate(lines)
    ]
    first, last = (window.x.coordinate(summary.x.values[i]) for i in (0, -1))
    width = max((len(line) for line in lines), default=0)
    key = f"refused: {_UNKNOWN} unknown, " + ", ".join(
        f"'{level}' {low} %" for level, low in zip(_LEVELS, (0, 25, 50, 75, 100), strict=True)
    )
    return Group(
        *shown,
        Text(" " * _INDENT + first + last.rjust(max(width - len(first), len(last) + 1))),
        Text(f"x: {for_terminal(summary.x.label)}", style="dim"),
        Text(f"y: {for_terminal(summary.y.label)}", style="dim"),
        Text(f"{key}; {_ORIGIN} the origin", style="dim"),
    )


def picture(share_YX: Shares, zero: tuple[int, int] | None = None) -> list[str]:
    """Lines of block characters from the largest y down.

    A point is one character high and as many wide as there is room for, at most two. Of a map that
    is too large some rows and columns are shown, evenly spaced.

    Args:
        share_YX: in [0, 1]; None where unknown.
        zero: row and column of the origin, if it is in the map.
    """
    if not share_YX:
        return []
    share = np.array([bands.array(row) for row in share_YX])
    rows, columns = (
        np.linspace(0, size - 1, min(size, most)).round().astype(int)
        for size, most in zip(share.shape, (_ROWS, _COLUMNS), strict=True)
    )
    wide = 2 if columns.size * 2 <= _COLUMNS else 1
    lines = [[_character(share[row, column]) * wide for column in columns] for row in rows]
    if zero:
        row, column = (int(abs(np.subtract(kept, at)).argmin())
                       for kept, at in zip((rows, columns), zero, strict=True))  # fmt: skip
        lines[row][column] = _ORIGIN.ljust(wide, lines[row][column][-1])
    return ["".join(line) for line in reversed(lines)]


def _character(share: float) -> str:
    return _UNKNOWN if np.isnan(share) else _LEVELS[round(share * (len(_LEVELS) - 1))]


def _zero(summary: PlaneSummary) -> tuple[int, int] | None:
    """Row and column of the origin; None where an axis does not come near it."""
    found = []
    for axis in (summary.y, summary.x):
        if not axis.values[0] <= 0 <= axis.values[-1]:
            return None
        found.append(int(np.abs(axis.values).argmin()))
    return found[0], found[1]
