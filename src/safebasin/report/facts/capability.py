"""Capabilities over an axis, in words: what they are at the origin, and how far they go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from safebasin.report.capability import SHARE
from safebasin.report.facts.common import Numbers
from safebasin.report.formatting import (
    UNDEFINED,
    Written,
    count,
    number,
    percent,
    percents,
    rounded,
)
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve, Measure

_TITLE = 22  # of a measure, where it must leave room for its numbers


def numbers(measures: Sequence[Measure], axis_P: Sequence[float]) -> Numbers:
    """Each measure at the origin, with its range over the axis as a note."""
    return [
        (f"{one_line(measure.title, _TITLE)} at 0", at_origin(measure, axis_P))
        for measure in measures
    ]


def rows(measures: Sequence[Measure], axis_P: Sequence[float]) -> list[list[str]]:
    """One row for each measure: its name, value at the origin, interval, basis and range."""
    found = ((measure, at_origin(measure, axis_P)) for measure in measures)
    return [
        [one_line(measure.title, 60), written.value, written.interval, written.basis, written.note]
        for measure, written in found
    ]


def at_origin(measure: Measure, axis_P: Sequence[float]) -> Written:
    """A measure where nothing has moved; undefined where the axis has no such point."""
    items = count(measure.items, "items")
    point = next((p for p, x in enumerate(axis_P) if x == 0), None)
    if point is None:
        return Written(UNDEFINED, "", items, span(measure))
    value, interval = at(measure.curve, point, measure.unit)
    return Written(value, interval, items, span(measure))


def span(measure: Measure) -> str:
    """From where to where the measure goes, with intervals: "25.0 % [21.0, 29.0] to …"."""
    curve = measure.curve
    known = [(value, p) for p, value in enumerate(curve.mean_P) if value is not None]
    if not known:
        return "nowhere known"
    low, high = (" ".join(at(curve, p, measure.unit)).strip() for _, p in (min(known), max(known)))
    better = "higher" if measure.higher_is_better else "lower"
    return f"{low} to {high} over the axis; {better} is better"


def quantity(value: float | None, unit: str) -> str:
    """A share as "70.0 %"; anything else with three digits that count."""
    if unit == SHARE:
        return percent(value)
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if _plain(value):
        return number(value, _three(value))
    return f"{value:.1e}".replace("-", "−").replace("e+", "e")


def at(curve: Curve, p: int, unit: str) -> tuple[str, str]:
    """A quantity at a point and its interval, which is empty where a bound is unknown."""
    value, *ends = found = curve.mean_P[p], curve.low_P[p], curve.high_P[p]
    if unit == SHARE:
        return percents(*found)
    known = [x for x in found if x is not None]
    if value is None or len(known) < len(found) or not all(map(_plain, known)):
        bounds = [quantity(end, unit) for end in ends]
        return quantity(value, unit), "" if UNDEFINED in bounds else f"[{', '.join(bounds)}]"
    return rounded(*found, otherwise=_three(value))


def _size(value: float) -> int:
    return 0 if value == 0 else math.floor(math.log10(abs(value)))


def _plain(value: float) -> bool:
    """Whether a number is legible without a power of ten."""
    return -4 < _size(value) < 6


def _three(value: float) -> int:
    """Decimals that leave three digits which count."""
    return max(0, 2 - _size(value))
