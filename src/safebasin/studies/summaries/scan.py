"""From a store to a summary: verdicts become arrays, arrays become estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safebasin import summary as contract
from safebasin.errors import UsageError
from safebasin.judges.registry import describe
from safebasin.records import Label
from safebasin.runfolder import request_digest
from safebasin.stats import curve as statistics_curve
from safebasin.stats import landscape
from safebasin.stats.proportion import estimate
from safebasin.store import Store
from safebasin.studies.rays import Rays
from safebasin.studies.sentences import sentences

Side = Literal["harmful", "benign"]
SIDES: tuple[Side, ...] = ("harmful", "benign")
Floats = NDArray[np.float64]

REPLICATES = 2000
AXIS_LABEL = {
    "layer": "perturbation α, relative to each tensor's norm",
    "row": "perturbation α, relative to each row's norm",
    "model": "perturbation α, relative to the norm of all moved weights",
}


@dataclass(frozen=True)
class Shares:
    """One side's verdicts as arrays over directions × points × prompts.

    Entries are 1 where the label is given, 0 where it is not, and nan where there is no verdict.
    """

    label_DPQ: dict[Label, Floats]
    keyword_DPQ: Floats
    cluster_Q: NDArray[np.int64]


def summarise(store: Store) -> contract.ScanSummary:
    """Everything that a scan found, from its store alone: the same store gives the same bytes.

    A run that is not complete can be summarised too; its status says so.

    Raises:
        UsageError: it was stopped before anything was loaded.
    """
    request, loaded = store.request, store.recall("loaded")
    if loaded is None:
        raise UsageError(f"{store.folder} holds no answers yet: run the same scan again")
    rays = Rays(**request["rays"])
    sides = {side: _shares(store, rays, request["judges"], side) for side in SIDES}
    numbers = landscape.summarise(
        rays.axis_P,
        sides["harmful"].label_DPQ[Label.REFUSED],
        sides["harmful"].keyword_DPQ,
        sides["benign"].label_DPQ[Label.COMPLIED],
        sides["harmful"].cluster_Q,
        sides["benign"].cluster_Q,
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
        status=_status(store, rays),
        model=contract.Model(**request["model"], **loaded["model"], system=request["system"]),
        request=dict(request),
        provenance={**loaded["versions"], **_provenance(store)},
        prompts={side: _prompt_set(request["prompts"][side], sides[side]) for side in SIDES},
        judges=[_judge(name, store) for name in request["judges"]],
        axis_label=AXIS_LABEL[rays.norm],
        axis_P=list(rays.axis_P),
        origin={side: _origin(sides[side], rays.middle) for side in SIDES},
        curves={side: _curves(sides[side], rays.seed) for side in SIDES},
        scores=scores,
        directions=_directions(numbers, rays),
        ordering=numbers.ordering,
        sentences=contract.Sentences(headline="", edges="", caveats=[]),
        notes=loaded["notes"],
    )
    return summary.model_copy(update={"sentences": sentences(summary)})


def _shares(store: Store, rays: Rays, judges: Sequence[str], side: Side) -> Shares:
    prompts = {
        id_: cluster
        for id_, (prompt, cluster) in store.prompts().items()
        if (prompt.kind == "harmful") == (side == "harmful")
    }
    index = {id_: place for place, id_ in enumerate(prompts)}
    shape = (rays.directions, rays.points, len(index))
    label_DPQ = {label: np.full(shape, np.nan) for label in Label}
    keyword_DPQ = np.full(shape, np.nan)
    origin = _point(store, judges, "origin", index)
    for d in range(rays.directions):
        for p, x in enumerate(rays.axis_P):
            key = rays.point(d, x).key
            label_Q, keyword_Q = origin if x == 0 else _point(store, judges, key, index)
            for label in Label:
                label_DPQ[label][d, p] = label_Q[label]
            keyword_DPQ[d, p] = keyword_Q
    return Shares(label_DPQ, keyword_DPQ, np.array(list(prompts.values()), dtype=np.int64))


def _point(
    store: Store, judges: Sequence[str], key: str, index: dict[str, int]
) -> tuple[dict[Label, Floats], Floats]:
    """One point's labels by the run's first judge, and hits by the keyword judge, over prompts."""
    label_Q = {label: np.full(len(index), np.nan) for label in Label}
    keyword_Q = np.full(len(index), np.nan)
    for prompt, verdict in store.verdicts(judges[0], key).items():
        if prompt in index and verdict.label is not None:
            for label in Label:
                label_Q[label][index[prompt]] = verdict.label == label
    if "keyword" in judges:
        for prompt, verdict in store.verdicts("keyword", key).items():
            if prompt in index and verdict.label is not None:
                keyword_Q[index[prompt]] = verdict.label == Label.COMPLIED
    return label_Q, keyword_Q


def _origin(shares: Shares, middle: int) -> dict[str, contract.Estimate]:
    """Shares at the checkpoint itself, with exact intervals: these are the claims of safety."""
    hits = {label.value: array for label, array in shares.label_DPQ.items()}
    hits["keyword_asr"] = shares.keyword_DPQ
    found = {}
    for name, hit_DPQ in hits.items():
        hit_Q = hit_DPQ[0, middle]
        known = hit_Q[np.isfinite(hit_Q)]
        found[name] = contract.Estimate.of(
            estimate(int(known.sum()), len(known), method="clopper-pearson")
        )
    return found


def _curves(shares: Shares, seed: int) -> contract.Curves:
    def one(hit_DPQ: Floats) -> contract.Curve:
        found = statistics_curve.curve(hit_DPQ, shares.cluster_Q, seed=seed, replicates=REPLICATES)
        return contract.Curve(
            mean_P=_json(found.mean_P),
            low_P=_json(found.low_P),
            high_P=_json(found.high_P),
            directions_DP=[_json(row) for row in found.share_DP],
        )

    labels = {label.value: one(array) for label, array in shares.label_DPQ.items()}
    return contract.Curves(**labels, keyword_asr=one(shares.keyword_DPQ))


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


def _status(store: Store, rays: Rays) -> contract.Status:
    keys = [point.key for point in rays.plan]
    there = store.answers_by_point()
    prompts = len(store.prompts())
    done = sum(there.get(key, 0) == prompts for key in keys)
    return contract.Status(
        complete=done == len(keys),
        points_planned=len(keys),
        points_done=done,
        failed_points=store.failed_points(),
        **store.counts(),
    )


def _provenance(store: Store) -> dict[str, str]:
    engine = {name: text for name, text in store.request["engine"].items() if name != "name"}
    return {
        **engine,
        "request_digest": request_digest(store.request),
        "content_digest": store.digest(),
    }


def _judge(name: str, store: Store) -> contract.JudgeInfo:
    """What a judge used; a threshold that nothing could be fitted to does not exist."""
    title, thresholds = describe(name, store)
    fitted = {what: value for what, value in thresholds.items() if np.isfinite(value)}
    return contract.JudgeInfo(name=name, title=title, thresholds=fitted)


def _prompt_set(asked: dict[str, Any], shares: Shares) -> contract.PromptSet:
    return contract.PromptSet(**asked, clusters=len(set(shares.cluster_Q.tolist())))


def _json(values: Floats) -> list[float | None]:
    return [contract.finite(float(value)) for value in values]
