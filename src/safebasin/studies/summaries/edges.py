"""The summary of an adaptive scan: edges, and what it cost to find them."""

from __future__ import annotations

from math import nan

from safebasin import summary as contract
from safebasin.points import Point
from safebasin.records import Estimate
from safebasin.stats.bisected import EdgeSearches, edge_gap, mean_edge, uniform_equivalent
from safebasin.stats.bisection import FoundEdge
from safebasin.stats.odds import Seen
from safebasin.stats.ordering import order
from safebasin.store import Store
from safebasin.studies import bisect
from safebasin.studies.rays import Rays
from safebasin.studies.summaries.map_sentences import for_edges
from safebasin.studies.summaries.overview import overview
from safebasin.studies.summaries.scan import AXIS_LABEL
from safebasin.studies.summaries.shares import SIDES, shares

_NOTHING = Estimate(nan, nan, nan, 0, "directions", "bisection; no direction is finished")

Found = dict[contract.Kind, list[tuple[bisect.Search, FoundEdge | None, dict[float, Seen]]]]


def summarise(store: Store) -> contract.EdgesSummary:
    """Everything that an adaptive scan found, from its store alone."""
    rays = Rays(**store.request["rays"])
    within = bisect.of_store(store, rays)
    found: Found = {side: [] for side in SIDES}
    for search in bisect.searches(rays):
        found[search.kind].append((search, *bisect.follow(store, search, within)))
    whole = _whole(found)
    flat = shares(store, ["origin"])
    common = overview(store, flat, [Point()])
    common["status"] = _status(common["status"], found)
    both = {
        side: EdgeSearches(
            _by_direction(found[side], whole),
            bisect.origin(store, side, within),
            within.plan[side],
            len(set(flat[side].cluster_Q.tolist())),
        )
        for side in SIDES
    }
    gap = edge_gap(both["benign"], both["harmful"]) if whole else _NOTHING
    summary = contract.EdgesSummary(
        **common,
        axis_label=AXIS_LABEL[rays.norm],
        reach=rays.radius,
        coarse=list(within.plan["harmful"].coarse_radii),
        resolution=within.plan["harmful"].resolution,
        scores=contract.EdgeScores(
            safety_edge=contract.Estimate.of(mean_edge(both["harmful"]) if whole else _NOTHING),
            capability_edge=contract.Estimate.of(mean_edge(both["benign"]) if whole else _NOTHING),
            edge_gap=contract.Estimate.of(gap),
        ),
        ordering=order(gap, rays.radius),
        spent=_spent(store, both, common["prompts"]),
        searches=[
            _search(*one, common["prompts"][side].n) for side in SIDES for one in found[side]
        ],
    )
    return summary.model_copy(update={"sentences": for_edges(summary)})


def _status(status: contract.Status, found: Found) -> contract.Status:
    """Points are searches here: how many places one takes is known only when it is done."""
    every = [edge for side in SIDES for _, edge, _ in found[side]]
    done = sum(edge is not None for edge in every)
    return status.model_copy(
        update={
            "points_planned": len(every),
            "points_done": done,
            "complete": done == len(every) and not status.unjudged,
        }
    )


def _whole(found: Found) -> set[int]:
    """The directions of which all four edges are known."""
    every = [one for side in SIDES for one in found[side]]
    unfinished = {search.direction.index for search, edge, _ in every if edge is None}
    return {search.direction.index for search, _, _ in every} - unfinished


def _by_direction(
    found: list[tuple[bisect.Search, FoundEdge | None, dict[float, Seen]]], whole: set[int]
) -> list[list[FoundEdge]]:
    """The two sides of each direction that is finished."""
    by_index: dict[int, list[FoundEdge]] = {index: [] for index in sorted(whole)}
    for search, edge, _ in found:
        if edge is not None and search.direction.index in whole:
            by_index[search.direction.index].append(edge)
    return list(by_index.values())


def _search(
    search: bisect.Search, edge: FoundEdge | None, observed: dict[float, Seen], prompts: int
) -> contract.Search:
    probes = [
        contract.Probe(
            radius=radius,
            hits=seen.hits,
            answered=seen.answered,
            early=seen.answered < prompts,
        )
        for radius, seen in sorted(observed.items())
    ]
    return contract.Search(
        kind=search.kind,
        direction=search.direction.index,
        side="right" if search.side > 0 else "left",
        radius=contract.finite(edge.radius) if edge else None,
        low=contract.finite(edge.low) if edge else None,
        high=contract.finite(edge.high) if edge else None,
        censored=edge.censored if edge else False,
        rises=edge.rises if edge else False,
        probes=probes,
    )


def _spent(
    store: Store,
    both: dict[contract.Kind, EdgeSearches],
    prompts: dict[contract.Kind, contract.PromptSet],
) -> contract.Spent:
    """A uniform grid asks both kinds at every point: the finer of both grids is what it needs."""
    responses = store.counts()["responses"]
    points = max(
        uniform_equivalent(both[side], prompts[side].n) / max(prompts[side].n, 1) for side in SIDES
    )
    uniform = round(points * sum(prompts[side].n for side in SIDES))
    return contract.Spent(
        responses=responses,
        uniform=uniform or None,
        factor=uniform / responses if uniform and responses else None,
    )
