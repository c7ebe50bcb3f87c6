"""The summary of a scan: shares along random directions, scores and edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safebasin import summary as contract
from safebasin.points import Point
from safebasin.stats import curve as statistics_curve
from safebasin.stats import landscape
from safebasin.stats.sequential import WidthRule, decide
from safebasin.store import Store
from safebasin.studies.rays import Rays
from safebasin.studies.summaries.judged import OnAxis
from safebasin.studies.summaries.measures import on_axis
from safebasin.studies.summaries.overview import REPLICATES, listed, overview
from safebasin.studies.summaries.sentences import sentences
from safebasin.studies.summaries.shares import SIDES, Floats, Shares, shares

ENOUGH = "directions"
"""The name under which a store remembers how many directions were enough."""

AXIS_LABEL = {
    "layer": "perturbation α, relative to each tensor's norm",
    "row": "perturbation α, relative to each row's norm",
    "model": "perturbation α, relative to the norm of all moved weights",
}


def summarise(store: Store) -> contract.ScanSummary:
    """Everything that a scan found, from its store alone: the same store gives the same bytes.

    A run that is not complete can be summarised too; its status says so.
    """
    planned = Rays(**store.request["rays"])
    rays = planned.first(_directions_done(store, planned))
    flat = shares(store, [point.key for point in rays.plan])
    enough = store.recall(ENOUGH) is not None or "sequential" not in store.request
    points = rays.plan if enough else planned.plan
    common = overview(store, flat, points, _on_axis(points, rays, flat))
    hits = {side: along_rays(flat[side], rays) for side in SIDES}
    numbers = landscape.summarise(
        rays.axis_P,
        hits["harmful"]["refused"],
        hits["harmful"]["keyword_asr"],
        hits["benign"]["complied"],
        flat["harmful"].cluster_Q,
        flat["benign"].cluster_Q,
        seed=rays.seed,
        replicates=REPLICATES,
    )
    scores = contract.Scores(
        **{
            name: contract.Estimate.of(getattr(numbers, name))
            for name in contract.Scores.model_fields
        }
    )
    summary = contract.ScanSummary(
        **common,
        axis_label=AXIS_LABEL[rays.norm],
        axis_P=list(rays.axis_P),
        curves={side: curves(hits[side], flat[side].cluster_Q, seed=rays.seed) for side in SIDES},
        measures=on_axis(
            store,
            [[point.key for point in along_P] for along_P in rays.points_DP],
            seed=rays.seed,
        ),
        scores=scores,
        directions=_directions(numbers, rays),
        ordering=numbers.ordering,
        sequential=_sequential(store, flat["harmful"], hits["harmful"]["refused"], rays),
    )
    return summary.model_copy(update={"sentences": sentences(summary)})


def _directions_done(store: Store, planned: Rays) -> int:
    """All of them, but where their number is found on the way: those that are finished."""
    if "sequential" not in store.request:
        return planned.directions
    if (enough := store.recall(ENOUGH)) is not None:
        return int(enough)
    there, whole = store.answers_by_point(), store.responses_per_point
    done = 0
    while done < planned.directions and all(
        there.get(planned.point(done, x).key) == whole for x in planned.axis_P
    ):
        done += 1
    return max(done, 1)


def _sequential(
    store: Store, flat: Shares, refused_DPQ: Floats, rays: Rays
) -> contract.Sequential | None:
    asked = store.request.get("sequential")
    if asked is None:
        return None
    half_D = []
    for d in range(rays.directions):
        found = landscape.visage_estimate(
            rays.axis_P, refused_DPQ[: d + 1], flat.cluster_Q, seed=rays.seed
        )
        half_D.append((found.high - found.low) / 2)
    decision = decide(half_D, WidthRule(asked["target"], asked["most"]))
    return contract.Sequential(
        target=asked["target"],
        cap=asked["most"],
        halfwidth_D=[contract.finite(half) for half in half_D],
        reached=decision.reached,
    )


def along_rays(flat: Shares, rays: Rays) -> dict[str, Floats]:
    """Hits of one side over directions × points × prompts; the origin is part of each direction."""
    place_DP = _places(flat.place, rays)
    return {name: hit_NQ[place_DP] for name, hit_NQ in flat.hits().items()}


def _on_axis(points: Sequence[Point], rays: Rays, flat: Mapping[contract.Kind, Shares]) -> OnAxis:
    """Curves along the directions of what any judge says at these points."""
    place_DP = _places({point.key: n for n, point in enumerate(points)}, rays)
    return lambda hit_NQ, side: curve(hit_NQ[place_DP], flat[side].cluster_Q, seed=rays.seed)


def _places(place: Mapping[str, int], rays: Rays) -> NDArray[np.int64]:
    return np.array([[place[point.key] for point in along_P] for along_P in rays.points_DP])


def curves(hits: dict[str, Floats], cluster_Q: NDArray[np.int64], *, seed: int) -> contract.Curves:
    """Every share over the axis with its intervals; `hits` are over D × P × Q."""
    found = {name: curve(hit, cluster_Q, seed=seed) for name, hit in hits.items()}
    return contract.Curves(**found)


def curve(hit_DPQ: Floats, cluster_Q: NDArray[np.int64], *, seed: int) -> contract.Curve:
    """One share over the axis with its pointwise intervals and its band.

    The same share is shown in several places (the first judge's labels are also those of one judge
    among others); it is computed once.
    """
    return _curve(hit_DPQ.tobytes(), hit_DPQ.shape, cluster_Q.tobytes(), seed)


@lru_cache(maxsize=32)
def _curve(hits: bytes, shape: tuple[int, ...], clusters: bytes, seed: int) -> contract.Curve:
    hit_DPQ = np.frombuffer(hits, dtype=np.float64).reshape(shape)
    cluster_Q = np.frombuffer(clusters, dtype=np.int64)
    found = statistics_curve.curve(hit_DPQ, cluster_Q, seed=seed, replicates=REPLICATES)
    none = np.empty(0)
    return contract.Curve(
        mean_P=listed(found.mean_P),
        low_P=listed(found.low_P),
        high_P=listed(found.high_P),
        directions_DP=[listed(row) for row in found.share_DP],
        band_low_P=listed(none if found.band_low_P is None else found.band_low_P),
        band_high_P=listed(none if found.band_high_P is None else found.band_high_P),
    )


def _directions(
    numbers: landscape.LandscapeStatistics, rays: Rays
) -> list[contract.DirectionResult]:
    def sides(radius_S: Floats, censored_S: NDArray[np.bool_]) -> dict[Any, contract.Side]:
        return {
            name: contract.Side(radius=contract.finite(radius_S[s]), censored=bool(censored_S[s]))
            for s, name in enumerate(("left", "right"))
        }

    return [
        contract.DirectionResult(
            index=d,
            key=rays.direction(d).key,
            visage=contract.finite(numbers.visage_D[d]),
            visage_keyword=contract.finite(numbers.visage_keyword_D[d]),
            visage_published=contract.finite(numbers.visage_published_D[d]),
            safety_edge=sides(numbers.safety_edge_DS[d], numbers.safety_censored_DS[d]),
            capability_edge=sides(numbers.capability_edge_DS[d], numbers.capability_censored_DS[d]),
        )
        for d in range(rays.directions)
    ]
