"""Charts out of block characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from safebasin.report import bands, formatting
from safebasin.report.untrusted import for_terminal
from safebasin.summary import Curve, Curves, Kind

_LEVELS = " ▁▂▃▄▅▆▇█"
_ROWS = 2  # of a bar chart: sixteen levels
_UNKNOWN = "·"
_COLUMNS = 60

_CURVES: tuple[tuple[Kind, str, str], ...] = (
    ("harmful", "refused", "blue"),
    ("harmful", "complied", "red"),
    ("harmful", "incoherent", "bright_black"),
    ("benign", "complied", "green"),
)


def shares(axis_P: Sequence[float], curves: Mapping[Kind, Curves], label: str) -> Group:
    """Bars of four shares over one axis, from 0 to 100 %.

    Args:
        axis_P: where points lie.
        curves: of both prompt sets.
        label: of the axis; text from outside.
    """
    lines: list[RenderableType] = []
    columns = min(_COLUMNS, max(1, _COLUMNS // len(axis_P)) * len(axis_P))
    for kind, name, colour in _CURVES:
        if kind not in curves:
            continue
        upper, lower = bars(getattr(curves[kind], name), columns)
        title = f"{name} (benign)" if kind == "benign" else name
        lines.append(Text.assemble(" " * 18, (upper, colour)))
        lines.append(Text.assemble(f"{title:<18}", (lower, colour)))
    ruler = formatting.Ruler.of(axis_P)
    lines.append(Text(" " * 18 + axis([ruler.coordinate(x) for x in axis_P], columns)))
    lines.append(Text(" " * 18 + for_terminal(label), style="dim", overflow="fold"))
    return Group(*lines)


def bars(curve: Curve, columns: int) -> tuple[str, str]:
    """Two lines of block characters. With more points than columns, a column is a mean."""
    mean_P = bands.array(curve.mean_P)
    share_C = _binned(mean_P, columns)
    lines = ["", ""]
    for share in share_C:
        height = 0 if np.isnan(share) else round(share * 8 * _ROWS)
        height = max(height, 1) if share > 0 else height
        lines[0] += _LEVELS[max(0, height - 8)]
        lines[1] += _UNKNOWN if np.isnan(share) else _LEVELS[min(8, height)]
    return lines[0], lines[1]


def _binned(mean_P: bands.Floats, columns: int) -> bands.Floats:
    if mean_P.size <= columns:
        return mean_P[np.arange(columns) * mean_P.size // columns]
    parts = (part[np.isfinite(part)] for part in np.array_split(mean_P, columns))
    return np.array([part.mean() if part.size else np.nan for part in parts])


def axis(coordinates: list[str], columns: int) -> str:
    """The first, middle and last coordinates under their columns."""
    first, middle, last = _short([coordinates[at] for at in (0, len(coordinates) // 2, -1)])
    if columns < 24:
        return f"{first} … {last}"
    return f"{first}{middle.center(columns - len(first) - len(last))}{last}"


def _short(coordinates: list[str]) -> list[str]:
    """Without the zeros that all of them end with: a fine grid has round ends."""
    while all("." in one and one.endswith("0") for one in coordinates):
        coordinates = [one.removesuffix("0").removesuffix(".") for one in coordinates]
    return coordinates
