"""The searches of an adaptive scan as they are drawn: rows of edges, and what was probed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from safebasin.points import Direction
from safebasin.report.formatting import UNDEFINED, Ruler, Written, percent
from safebasin.report.palette import ink
from safebasin.summary import EdgesSummary, Estimate, Kind, Probe, Search

EDGES: dict[Kind, str] = {"harmful": "safety edge", "benign": "capability edge"}
"""Both kinds of edges in words, in the order in which they are drawn."""

HITS: dict[Kind, str] = {"harmful": "refused", "benign": "complied"}
"""What counts as a hit, by the label in `EdgesSummary.origin`."""

INKS: dict[Kind, str] = {kind: ink(label, kind) for kind, label in HITS.items()}
"""The colours of hits."""

_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One edge in the chart of all searches.

    Attributes:
        row: from 0, as in `rows`.
        kind: of the edge.
        radius: of the edge; the range's end where it lies beyond.
        low, high: of its interval.
        beyond: whether it is only a lower bound.
        words: what it is, its radius and its interval.
        place: number of the nearest place that was probed, as in `probed`; None for means.
    """

    row: int
    kind: Kind
    radius: float
    low: float
    high: float
    beyond: bool
    words: str
    place: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked at one place in one search; the origin belongs to all of them.

    Attributes:
        place: its number, as in `probed`.
        x: its coordinate.
        share: of hits.
        weight: the share of all prompts that were asked.
        early: whether that is not all of them, so that the share is biased.
        words: where it is, and how many hits of how many answers.
    """

    place: int
    x: float
    share: float
    weight: float
    early: bool
    words: str


def ruler(summary: EdgesSummary) -> Ruler:
    """Writes radii of edges: two decimals, or as many as the narrowest cell needs."""
    return Ruler(max(2, math.ceil(-math.log10(summary.resolution))), summary.reach)


def fine(summary: EdgesSummary) -> Ruler:
    """Writes places that were probed, with one decimal more."""
    return Ruler(ruler(summary).decimals + 1, summary.reach)


def directions(summary: EdgesSummary) -> list[Direction]:
    """The recipes of all directions, by index."""
    rays = summary.request["rays"]
    recipe = [rays[name] for name in ("seed", "noise", "norm", "skip")]
    return [Direction(index, *recipe) for index in sorted({s.direction for s in summary.searches})]


def in_order(summary: EdgesSummary) -> list[Search]:
    """All searches: by direction, then side, then kind."""
    kinds = list(EDGES)
    return sorted(
        summary.searches, key=lambda s: (s.direction, _SIDES.index(s.side), kinds.index(s.kind))
    )


def probed(summary: EdgesSummary) -> dict[tuple[int, float], list[Kind]]:
    """Direction and coordinate of every place, and which kinds of prompts were asked there.

    Direction by direction from left to right. The origin is among the places of each direction.
    """
    found: dict[tuple[int, float], set[Kind]] = {}
    for search in summary.searches:
        found.setdefault((search.direction, 0.0), set()).add(search.kind)
        for probe in search.probes:
            place = search.direction, coordinate(search, probe.radius)
            found.setdefault(place, set()).add(search.kind)
    return {place: [kind for kind in EDGES if kind in found[place]] for place in sorted(found)}


def coordinate(search: Search, radius: float) -> float:
    """Where on its direction's axis a search has a radius: negative on the left."""
    return radius if search.side == "right" else -radius


def written(summary: EdgesSummary, search: Search) -> Written:
    """One edge with its credible interval, or why it has none; the basis is empty."""
    if search.radius is None:
        return Written(absent(summary, search.kind), "", "")
    found = ruler(summary).edge(_estimate(search))
    note = "rises again further out" if search.rises else ""
    return Written(found.value, found.interval, "", note)


def absent(summary: EdgesSummary, kind: Kind) -> str:
    """Why an edge has no radius: nothing to lose at the origin, or still to be searched."""
    share = summary.origin.get(kind, {}).get(HITS[kind])
    nothing = share is not None and share.value == 0
    return UNDEFINED if nothing or summary.status.complete else "unfinished"


def rows(summary: EdgesSummary) -> list[str]:
    """Names of the rows of the chart: each side of each direction, then the mean."""
    indices = (found.index for found in directions(summary))
    return [*(f"direction {index}, {side}" for index in indices for side in _SIDES), "mean"]


def name(search: Search) -> str:
    """Of the row of a search."""
    return f"direction {search.direction}, {search.side}"


def drawn(summary: EdgesSummary) -> list[Drawn]:
    """Every edge that has a radius: those of all searches, then the means."""
    names = rows(summary)
    numbers = {place: number for number, place in enumerate(probed(summary))}
    found = []
    for search in in_order(summary):
        estimate = _estimate(search)
        said = _said(f"{name(search)}: {EDGES[search.kind]}", written(summary, search))
        place = numbers[search.direction, coordinate(search, _nearest(search))]
        found.append(_drawn(names.index(name(search)), search.kind, estimate, said, place))
    for kind, mean in means(summary).items():
        said = _said(f"mean {EDGES[kind]}", written_mean(summary, kind))
        found.append(_drawn(len(names) - 1, kind, mean, said, None))
    return [one for one in found if one is not None]


def asked(summary: EdgesSummary, kind: Kind) -> list[Asked]:
    """Every radius at which searches of one kind asked, and the origin first."""
    numbers = {place: number for number, place in enumerate(probed(summary))}
    found, origin = [], summary.origin.get(kind, {}).get(HITS[kind])
    if origin is not None and origin.value is not None:
        first = min(index for index, _ in numbers)
        words = f"origin: {percent(origin.value)}"
        found.append(Asked(numbers[first, 0.0], 0.0, origin.value, 1.0, False, words))
    for search in in_order(summary):
        for probe in search.probes if search.kind == kind else ():
            if probe.answered:
                x = coordinate(search, probe.radius)
                weight = probe.answered / summary.prompts[kind].n
                share, words = probe.hits / probe.answered, _counted(summary, search, probe)
                place = numbers[search.direction, x]
                found.append(Asked(place, x, share, weight, probe.early, words))
    return found


def means(summary: EdgesSummary) -> dict[Kind, Estimate]:
    """The mean of each kind of edge."""
    return {"harmful": summary.scores.safety_edge, "benign": summary.scores.capability_edge}


def written_mean(summary: EdgesSummary, kind: Kind) -> Written:
    """The mean of one kind of edge with its interval, or why there is none."""
    mean = means(summary)[kind]
    if mean.value is None:
        return Written(absent(summary, kind), "", "")
    return ruler(summary).edge(mean)


def _drawn(row: int, kind: Kind, estimate: Estimate, said: str, place: int | None) -> Drawn | None:
    value = estimate.value
    if value is None:
        return None
    low, high = (value if end is None else end for end in (estimate.low, estimate.high))
    return Drawn(row, kind, value, low, high, bool(estimate.censored), said, place)


def _estimate(search: Search) -> Estimate:
    """A search's edge in the form of a mean's, so that both are written and drawn alike."""
    return Estimate(
        value=search.radius,
        low=search.low,
        high=search.high,
        n=1,
        unit="sides",
        method="bisection",
        censored=int(search.censored),
    )


def _nearest(search: Search) -> float:
    """Of the radii that were asked, the one nearest to the edge; 0 where there is none."""
    radius = search.radius or 0.0
    radii = (probe.radius for probe in search.probes)
    return min(radii, key=lambda one: abs(one - radius), default=0.0)


def _counted(summary: EdgesSummary, search: Search, probe: Probe) -> str:
    at = fine(summary).coordinate(coordinate(search, probe.radius))
    share = percent(probe.hits / probe.answered)
    words = f"direction {search.direction}, α = {at}: {probe.hits} of {probe.answered}, {share}"
    return f"{words}; stopped early" if probe.early else words


def _said(what: str, found: Written) -> str:
    return " ".join(part for part in (what, found.value, found.interval) if part)
