"""The places of a study whose responses a reader can ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from safebasin.report import searches
from safebasin.summary import (
    AnySummary,
    Axis,
    ComparisonSummary,
    EdgesSummary,
    LineSummary,
    PlaneSummary,
    ScanSummary,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        key: of the point in the store; see `points.Point`.
        wanted: whether the page should carry responses from here if it has room. A fine map has
            more points than a reader ever asks for.
    """

    key: str
    wanted: bool = True


def places(summary: AnySummary) -> list[Place]:
    """Every place, in the order in which the page's script counts them.

    A scan counts direction by direction, and has the origin in each of them; a map counts row by
    row from the smallest y.
    """
    return _STUDIES[type(summary)](summary)


def key(*terms: tuple[str, float]) -> str:
    """The store's name of a point: the sum of coefficient · way over (key of way, coefficient)."""
    return " ".join(f"{way}@{float(x)!r}" for way, x in terms if x != 0) or "origin"


def _scan(summary: ScanSummary) -> list[Place]:
    directions = [direction.key for direction in summary.directions]
    return [Place(key((way, x))) for way, x in product(directions, summary.axis_P)]


def _edges(summary: EdgesSummary) -> list[Place]:
    ways = {direction.index: direction.key for direction in searches.directions(summary)}
    return [Place(key((ways[index], x))) for index, x in searches.probed(summary)]


def _line(summary: LineSummary) -> list[Place]:
    return [Place(key((summary.axis.key, t))) for t in summary.axis.values]


def _plane(summary: PlaneSummary) -> list[Place]:
    rows, columns = (_wanted(axis) for axis in (summary.y, summary.x))
    return [
        Place(key((summary.x.key, x), (summary.y.key, y)), row in rows and column in columns)
        for row, y in enumerate(summary.y.values)
        for column, x in enumerate(summary.x.values)
    ]


def _wanted(axis: Axis) -> set[int]:
    """Evenly spaced indices, about `_PER_AXIS` at most, and those of 0 and 1, where models lie."""
    values = axis.values
    stride = -(-len(values) // _PER_AXIS)
    nearest = (min(range(len(values)), key=lambda i: abs(values[i] - x)) for x in (0, 1))
    return {*range(0, len(values), stride), *nearest}


_PER_AXIS = 25
_STUDIES: dict[type, Callable[[Any], list[Place]]] = {
    ScanSummary: _scan,
    PlaneSummary: _plane,
    LineSummary: _line,
    EdgesSummary: _edges,
    ComparisonSummary: lambda _: [],
}
