"""The window of a map: how its coordinates are written, and what shape it has."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from safebasin.report.formatting import Ruler, Written, count
from safebasin.summary import Axis, Estimate, PlaneSummary

# Even spacing of a fine map has many decimals; four tell neighbours apart.
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at.

    Attributes:
        x, y: write coordinates of either axis.
        aspect: height over width; the same length means the same distance where that leaves both
            sides legible, and the window is a square where it does not.
    """

    x: Ruler
    y: Ruler
    aspect: float

    @classmethod
    def of(cls, summary: PlaneSummary) -> Window:
        """The window of a map."""
        width, height = (_length(axis) for axis in (summary.x, summary.y))
        aspect = height / width if width > 0 else 1.0
        return cls(_ruler(summary.x), _ruler(summary.y), aspect if 0.5 <= aspect <= 1.6 else 1.0)

    def edge(self, estimate: Estimate) -> Written:
        """A distance from the origin, mean over angles or the smallest of them."""
        found = self._ruler.edge(estimate)
        return replace(found, note=_note(estimate, "count with the window's border"))

    def gap(self, estimate: Estimate) -> Written:
        """A difference of two such distances."""
        found = self._ruler.gap(estimate)
        return replace(found, note=_note(estimate, "count with the window's border"))

    @property
    def _ruler(self) -> Ruler:
        """Of distances in any direction: two digits that count, and two decimals at least."""
        reach = math.hypot(self.x.reach, self.y.reach)
        needed = 1 - math.floor(math.log10(reach)) if reach > 0 else 2
        return Ruler(max(2, needed), reach)


def _note(estimate: Estimate, what: str) -> str:
    if not estimate.censored or estimate.value is None:
        return ""
    return f"{count(estimate.censored, 'angles')} of 72 without an edge {what}"


def _length(axis: Axis) -> float:
    return (axis.values[-1] - axis.values[0]) * axis.step


def _ruler(axis: Axis) -> Ruler:
    found = Ruler.of(axis.values)
    return replace(found, decimals=min(found.decimals, _DECIMALS))
