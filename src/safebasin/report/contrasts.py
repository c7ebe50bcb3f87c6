"""Each run's difference from the first, as it is drawn in a forest plot."""

from __future__ import annotations

from dataclasses import dataclass

from safebasin.report import formatting
from safebasin.report.facts.contrasts import score_difference
from safebasin.report.untrusted import one_line
from safebasin.summary import ComparisonSummary, Estimate

FOREST: tuple[tuple[str, str, str], ...] = (
    ("visage", "VISAGE", "points of 100"),
    ("safety_edge", "Safety edge", "in units of α"),
    ("capability_edge", "Capability edge", "in units of α"),
)
"""The quantities of the plot: as in `Difference`, in words, and the unit of the difference."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One run in one quantity.

    Attributes:
        number: of the run, from 0; the first run is 0 and has no contrast.
        name: of the run, on one line.
        value: run minus first run; None where it is undefined.
        below, above: from the value to the ends of its interval; 0 where there is none.
        words: name, value and interval.
    """

    number: int
    name: str
    value: float | None
    below: float
    above: float
    words: str


def contrasts(summary: ComparisonSummary, name: str) -> list[Contrast]:
    """The differences of all runs from the first, in the order of the runs.

    Args:
        summary: of a comparison.
        name: of a quantity in `FOREST`.
    """
    write = score_difference if name == "visage" else formatting.Ruler.of(summary.axis_P).gap
    found = []
    for number, difference in enumerate(summary.differences, start=1):
        estimate: Estimate = getattr(difference, name)
        written = write(estimate)
        run = one_line(difference.name, 60)
        words = f"{run}: {written.value} {written.interval}".strip()
        value, below, above = bar(estimate)
        found.append(Contrast(number, run, value, below, above, words))
    return found


def reach(summary: ComparisonSummary, name: str) -> float:
    """How far the axis goes to either side of 0: the same for both edges, which have one unit."""
    edges = ("safety_edge", "capability_edge")
    found = [one for other in (edges if name in edges else (name,))
             for one in contrasts(summary, other) if one.value is not None]  # fmt: skip
    ends = [abs(end) for one in found for end in _ends(one)]
    return 1.1 * max(ends, default=0.0) or 1.0


def bar(estimate: Estimate) -> tuple[float | None, float, float]:
    """A value and the lengths of its bar below and above; 0 where there is no bound."""
    value = estimate.value
    below, above = (
        0.0 if value is None or bound is None else round(abs(bound - value), 5)
        for bound in (estimate.low, estimate.high)
    )
    return value, below, above


def _ends(one: Contrast) -> tuple[float, float]:
    value = one.value or 0.0
    return value - one.below, value + one.above
