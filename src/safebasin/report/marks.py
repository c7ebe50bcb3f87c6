"""Where the edges of a landscape are drawn, and where there is room for their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations, product

from safebasin.report.formatting import UNDEFINED, Ruler
from safebasin.summary import Estimate, ScanSummary

# A name with its value is about this wide on a narrow page, as a share of half the axis.
_NAME_WIDTH = 0.42


@dataclass(frozen=True, slots=True)
class Mark:
    """One edge, the same on both sides of the origin.

    Attributes:
        name: "safety edge" or "capability edge".
        text: the name with its value, as written everywhere else.
        radius: where the line is drawn; None where the edge lies beyond the range or nowhere.
        low, high: the interval that is shaded; None where there is none.
        row: in which of the rows above the panel the name stands; 0 is the upper one.
        inward: whether the name stands on the origin's side of the line.
    """

    name: str
    text: str
    radius: float | None
    low: float | None
    high: float | None
    row: int = 0
    inward: bool = True

    @property
    def solid(self) -> bool:
        """The safety edge is a solid line, the capability edge a dotted one."""
        return self.name == "safety edge"

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
    scores = summary.scores
    named = (("safety edge", scores.safety_edge), ("capability edge", scores.capability_edge))
    return _placed([_mark(name, estimate, ruler) for name, estimate in named], ruler.reach or 1.0)


def _mark(name: str, estimate: Estimate, ruler: Ruler) -> Mark:
    text = f"{name} {ruler.edge(estimate).value}"
    radius = estimate.value
    if text.endswith(UNDEFINED) or radius is None or (estimate.censored and radius >= ruler.reach):
        return Mark(name, text, None, None, None)
    return Mark(
        name, text, radius, estimate.low, ruler.reach if estimate.censored else estimate.high
    )


def _placed(found: list[Mark], reach: float) -> list[Mark]:
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
    return min(layouts, key=lambda layout: _overlap(layout, reach))


def _overlap(layout: list[Mark], reach: float) -> float:
    """What is hidden on the right side, where a line runs up to the row of its own name.

    Names that a line runs through count most, then the parts that stick out at either end.
    """
    cost = 0.0
    for mark in layout:
        start, end = _span(mark, reach)
        cost += max(0.0, -start) + max(0.0, end - reach)
        above = (other.radius for other in layout if other.row < mark.row)
        cost += 10 * sum(radius is not None and start < radius < end for radius in above)
    return round(cost, 9)


def _span(mark: Mark, reach: float) -> tuple[float, float]:
    """From where to where the name reaches on the right side."""
    width = _NAME_WIDTH * reach
    if mark.radius is None:
        return reach - width, reach
    _, x, _, align = mark.side(1)
    return (x - width, x) if align == "right" else (x, x + width)
