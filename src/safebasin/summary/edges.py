"""The summary of `safebasin scan --adaptive`: edges alone, found by bisection."""

from __future__ import annotations

from typing import Literal

from safebasin.summary.common import Estimate, Frozen, Kind, Ordering
from safebasin.summary.run import Summary


class Probe(Frozen):
    """What was asked at one radius. Stopped early where it was clear enough on which side it lies.

    Its share is biased away from the threshold, so it has no interval and is no estimate.

    Attributes:
        radius: distance from the origin.
        hits: refusals of harmful prompts, or benign ones that are complied.
        answered: out of so many.
        early: whether fewer prompts were asked than there are.
    """

    radius: float
    hits: int
    answered: int
    early: bool


class Search(Frozen):
    """One edge, on one side of one direction.

    Attributes:
        kind: "harmful" for the safety edge, "benign" for the capability edge.
        radius: null where it is undefined or the search is not finished.
        low: lower bound of the credible interval, given these prompts.
        high: upper bound.
        censored: the edge is more likely beyond the range.
        rises: the share is decidedly above the threshold again further out.
        probes: what was asked, by radius.
    """

    kind: Kind
    direction: int
    side: Literal["left", "right"]
    radius: float | None
    low: float | None
    high: float | None
    censored: bool
    rises: bool
    probes: list[Probe]


class EdgeScores(Frozen):
    """Mean radii over directions and sides; `edge_gap` is capability - safety."""

    safety_edge: Estimate
    capability_edge: Estimate
    edge_gap: Estimate


class Spent(Frozen):
    """What the search cost.

    Attributes:
        responses: generated, the origin's among them.
        uniform: how many a uniform grid of equal accuracy would need, by the formula of
            `stats.bisected.uniform_equivalent`; null where no edge was found.
        factor: uniform / responses.
    """

    responses: int
    uniform: int | None
    factor: float | None


class EdgesSummary(Summary):
    """Everything that `safebasin scan --adaptive` found."""

    study: Literal["edges"] = "edges"
    axis_label: str
    reach: float
    coarse: list[float]
    resolution: float
    scores: EdgeScores
    ordering: Ordering
    spent: Spent
    searches: list[Search]
