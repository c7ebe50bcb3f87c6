"""The summary of `safebasin scan`: shares over the axis of random directions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from safebasin.summary.common import Curves, Estimate, Frozen, Kind, Measure, Ordering
from safebasin.summary.run import Summary


class Side(Frozen):
    """An edge on one side of the origin. `censored`: not reached inside the scanned range."""

    radius: float | None
    censored: bool


class DirectionResult(Frozen):
    """What one random direction shows by itself."""

    index: int
    key: str
    visage: float | None
    visage_keyword: float | None
    visage_published: float | None
    safety_edge: dict[Literal["left", "right"], Side]
    capability_edge: dict[Literal["left", "right"], Side]


class Scores(Frozen):
    """The numbers that stand for the whole landscape; `edge_gap` is capability − safety."""

    visage: Estimate
    visage_keyword: Estimate
    visage_published: Estimate
    safety_edge: Estimate
    capability_edge: Estimate
    edge_gap: Estimate


class Sequential(Frozen):
    """How the number of directions was found, where it was not given.

    Attributes:
        target: half-width of VISAGE's interval that was asked for.
        cap: the largest number of directions.
        halfwidth_D: half-width after 1, 2, … directions; null where it is undefined.
        reached: whether the target was.
    """

    target: float
    cap: int
    halfwidth_D: list[float | None]
    reached: bool


class ScanSummary(Summary):
    """Everything that `safebasin scan` found."""

    study: Literal["scan"] = "scan"
    axis_label: str
    axis_P: list[float]
    curves: dict[Kind, Curves]
    measures: list[Measure] = Field(default_factory=list)
    scores: Scores
    directions: list[DirectionResult]
    ordering: Ordering
    sequential: Sequential | None = None
