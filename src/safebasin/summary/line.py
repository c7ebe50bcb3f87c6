"""The summary of a straight line between two checkpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from safebasin.summary.common import Curves, Estimate, Frozen, Kind, Measure, Ordering
from safebasin.summary.plane import Axis, Place, Trajectory
from safebasin.summary.run import Summary


class Paired(Frozen):
    """Two checkpoints on the same prompts.

    Attributes:
        n: prompts answered by both.
        only_first, only_second: prompts with the outcome at one of them alone.
        p_value: of McNemar's exact test, two-sided.
        difference: share at the second minus share at the first.
    """

    n: int
    only_first: int
    only_second: int
    p_value: float | None
    difference: Estimate


class LineScores(Frozen):
    """The numbers that stand for the whole line; positions are from 0 (first) to 1 (second).

    Attributes:
        refusals_fall: where refusals first fall below half of the first checkpoint's.
        coherence_falls: the same for benign prompts that are complied: coherent answers, by a
            judge that tells garbage.
        gap: coherence_falls - refusals_fall.
        most_complied: the largest share of harmful prompts that are complied on the way.
        most_complied_at: where that is.
    """

    refusals_fall: Estimate
    coherence_falls: Estimate
    gap: Estimate
    most_complied: Estimate
    most_complied_at: float | None


class LineSummary(Summary):
    """Everything that was found on the line through two checkpoints.

    Attributes:
        places: the second end; its `layers` say where in the network the two differ.
        difference: refused harmful and complied benign responses, second against first end.
    """

    study: Literal["path"] = "path"
    shape: Literal["line"] = "line"
    axis: Axis
    curves: dict[Kind, Curves]
    measures: list[Measure] = Field(default_factory=list)
    scores: LineScores
    ordering: Ordering
    difference: dict[Kind, Paired]
    places: list[Place]
    trajectory: Trajectory | None = None
