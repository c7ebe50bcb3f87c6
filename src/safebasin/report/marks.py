"""Where the edges of a landscape are drawn, and where there is room for their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import NamedTuple

from safebasin.report.formatting import UNDEFINED, Ruler
from safebasin.summary import Estimate, LineSummary, ScanSummary

# A name with its value is about this wide on a narrow page, as a share of the axis.
_NAME_WIDTH = 0.21


class Room(NamedTuple):
    """The part of the axis on which names are placed, and how wide a name is."""

    start: float
    end: float
    name: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One edge: of a scan, the same on both sides of the origin; of a line, once.

    Attributes:
        text: the edge's name with its value, as written everywhere else.
        solid: where refusals fall the line is solid, where coherence falls it is dotted.
        radius: where the line is drawn; None where the edge lies beyond the range or nowhere.
        low, high: the interval that is shaded; None where there is none.
        signs: the sides on which it is drawn.
        row: in which of the rows above the panel the name stands; 0 is the upper one.
        inward: whether the name stands on the origin's side of the line.
    """

    text: str
    solid: bool
    radius: float | None
    low: float | None
    high: float | None
    signs: tuple[int, ...] = (-1, 1)
    row: int = 0
    inward: bool = True

    def side(self, sign: int) -> tuple[float, float, tuple[float, float], str]:
        """The line's place, the name's, the interval's ends and the name's alignment on one side.

        `sign` is -1 for the left side and 1 for the right one; only for marks with a radius.
        """
        if self.radius is None:
            raise ValueError(f"{self.text} has no place on the axis")
        low = self.radius if self.low is None else self.low
        high = self.radius if self.high is None else self.high
        ends = (low, high) if sign > 0 else (-high, -low)
        align = "right" if (sign > 0) == self.inward else "left"
        return sign * self.radius, sign * (low if self.inward else high), ends, align


def marks(summary: ScanSummary) -> list[Mark]:
    """The safety edge, then the capability edge."""
    ruler = Ruler.of(summary.axis_P)
    reach = ruler.reach or 1.0
    safety = _mark("safety edge", summary.scores.safety_edge, ruler)
    capability = _mark("capability edge", summary.scores.capability_edge, ruler)
    found = [safety, replace(capability, solid=False)]
    return _placed(found, Room(0.0, reach, 2 * _NAME_WIDTH * reach))


def falls(summary: LineSummary) -> list[Mark]:
    """Where refusals fall on a line between two checkpoints, then where coherence does."""
    values = summary.axis.values
    ruler = Ruler.onward(values)
    refusals = _mark("refusals fall", summary.scores.refusals_fall, ruler)
    coherence = _mark("coherence falls", summary.scores.coherence_falls, ruler)
    once = [replace(mark, signs=(1,)) for mark in (refusals, replace(coherence, solid=False))]
    length = (values[-1] - values[0]) or 1.0
    return _placed(once, Room(values[0], values[-1], _NAME_WIDTH * length))


def _mark(name: str, estimate: Estimate, ruler: Ruler) -> Mark:
    text = f"{name} {ruler.edge(estimate).value}"
    radius = estimate.value
    if text.endswith(UNDEFINED) or radius is None or (estimate.censored and radius >= ruler.reach):
        return Mark(text, True, None, None, None)
    high = ruler.reach if estimate.censored else estimate.high
    return Mark(text, True, radius, estimate.low, high)


def _placed(found: list[Mark], room: Room) -> list[Mark]:
    """Rows and sides with the least overlap; names stand inside where that is as good."""
    layouts = [
        [
            replace(mark, row=row, inward=inside)
            for mark, row, inside in zip(found, *way, strict=True)
        ]
        for way in product(
            permutations(range(len(found))), product((True, False), repeat=len(found))
        )
    ]
    return min(layouts, key=lambda layout: _overlap(layout, room))


def _overlap(layout: list[Mark], room: Room) -> float:
    """What is hidden on the right side, where a line runs up to the row of its own name.

    Names that a line runs through count most, then the parts that stick out at either end.
    """
    cost = 0.0
    for mark in layout:
        start, end = _span(mark, room)
        cost += max(0.0, room.start - start) + max(0.0, end - room.end)
        above = (other.radius for other in layout if other.row < mark.row)
        cost += 10 * sum(radius is not None and start < radius < end for radius in above)
    return round(cost, 9)


def _span(mark: Mark, room: Room) -> tuple[float, float]:
    """From where to where the name reaches on the right side."""
    if mark.radius is None:
        return room.end - room.name, room.end
    _, x, _, align = mark.side(1)
    return (x - room.name, x) if align == "right" else (x, x + room.name)
