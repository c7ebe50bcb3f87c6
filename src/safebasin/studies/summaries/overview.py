"""What the summaries of all studies share, from the store alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from safebasin import summary as contract
from safebasin.points import Point
from safebasin.report.formatting import count
from safebasin.runfolder import request_digest
from safebasin.stats.proportion import estimate
from safebasin.store import Store
from safebasin.studies.naming import called, ways
from safebasin.studies.summaries import judged
from safebasin.studies.summaries.able import able
from safebasin.studies.summaries.calibrated import calibrations
from safebasin.studies.summaries.judged import OnAxis
from safebasin.studies.summaries.sampled import sampled, sentence
from safebasin.studies.summaries.shares import SIDES, Floats, Shares

REPLICATES = 2000

UNSEALED = (
    "an older version began this run and kept no seals: whether the bytes that it wrote were "
    "changed since cannot be checked"
)

MACHINES = "machines"
"""The name under which a store remembers kinds of devices, where a run was on several."""


def overview(
    store: Store,
    shares: dict[contract.Kind, Shares],
    points: Sequence[Point],
    on_axis: OnAxis | None = None,
) -> Any:
    """Status, model, prompts, judges and shares at the origin, as keywords for a summary.

    Something must have been loaded in the run, and `result.result` makes sure of that.

    Args:
        store: of the run.
        shares: of both sides; the origin is the point called "origin".
        points: every one that was planned.
        on_axis: makes curves of what judges say, in studies that have one axis.
    """
    names = ways(store.request)
    places = {point.key: called(point, names) for point in points}
    several = sampled(store)
    asked, loaded = store.request, store.recall("loaded")
    return {
        "status": _status(store, list(places)),
        "model": contract.Model(**asked["model"], **loaded["model"], system=asked["system"]),
        "request": dict(asked),
        "provenance": {**loaded["versions"], **_provenance(store)},
        "prompts": {side: _prompt_set(asked["prompts"][side], shares[side]) for side in SIDES},
        "judges": judged.judges(store),
        **judged.side_by_side(store, places, on_axis),
        "calibrations": calibrations(store, judged.order(store), places),
        "origin": {side: at_point(shares[side], "origin") for side in SIDES},
        "sentences": contract.Sentences(headline="", edges="", caveats=[]),
        "sampled": several,
        "notes": [
            *able(store),
            *loaded["notes"],
            *_unsealed(store),
            *_mixed(store),
            *_unanswered(store),
            *_cut(store),
            *judged.not_yet(store),
            *judged.unjudged(store),
            *map(sentence, several),
        ],
    }


def _unsealed(store: Store) -> list[str]:
    """What must be known of a run whose store is from before there were seals."""
    return [UNSEALED] * store.unsealed


def _mixed(store: Store) -> list[str]:
    """What must be known of a run that went on on another kind of device."""
    if not (machines := store.recall(MACHINES)):
        return []
    return [
        f"answers were computed on {' and '.join(machines)}, which may round otherwise: they are "
        "not all those that one of these would have given"
    ]


def _unanswered(store: Store) -> list[str]:
    """How many responses are thoughts alone."""
    cut, ended = store.unanswered()
    told = []
    if cut:
        told.append(
            f"{count(cut, 'responses')} cut off inside thoughts, before any answer, counted "
            "as other: raise --max-new-tokens, or turn thinking off with --template-arg"
        )
    if ended:
        told.append(f"{count(ended, 'responses')} of thoughts without an answer, counted as other")
    return told


def _cut(store: Store) -> list[str]:
    """What must be known of a run whose answers stopped early, once other judges have read them."""
    others = set(store.judges()) - set(store.request["judges"])
    if not others or not (cut := store.decided()):
        return []
    return [
        f"{count(cut, 'answers')} ended as soon as the run's own judges had decided; "
        f"{', '.join(sorted(others))} read their beginnings only: scan again with --full-text"
    ]


def at_point(shares: Shares, key: str) -> dict[str, contract.Estimate]:
    """Shares at one point, with exact intervals: at a checkpoint these are claims of safety."""
    place = shares.place.get(key)
    hits = {label.value: array for label, array in shares.label_NQ.items()}
    hits["keyword_asr"] = shares.keyword_NQ
    found = {}
    for name, hit_NQ in hits.items():
        hit_Q = hit_NQ[place] if place is not None else np.empty(0)
        known = hit_Q[np.isfinite(hit_Q)]
        found[name] = contract.Estimate.of(
            estimate(float(known.sum()), len(known), method="clopper-pearson")
        )
    return found


def listed(values: Floats) -> list[float | None]:
    """A row of numbers as JSON has them."""
    return [contract.finite(float(value)) for value in values]


def _status(store: Store, keys: Sequence[str]) -> contract.Status:
    there, whole = store.answers_by_point(), store.responses_per_point
    missing = {judge: found for judge, found in judged.missing(store).items() if found}
    late = {key for found in missing.values() for key in found}
    done = sum(there.get(key, 0) == whole and key not in late for key in keys)
    return contract.Status(
        complete=done == len(keys) and not late,
        points_planned=len(keys),
        points_done=done,
        failed_points=store.failed_points(),
        unjudged={judge: sum(found.values()) for judge, found in missing.items()},
        **store.counts(),
    )


def _provenance(store: Store) -> dict[str, str]:
    engine = {name: text for name, text in store.request["engine"].items() if name != "name"}
    return {
        **engine,
        "request_digest": request_digest(store.request),
        "content_digest": store.digest(),
    }


def _prompt_set(asked: dict[str, Any], shares: Shares) -> contract.PromptSet:
    return contract.PromptSet(**asked, clusters=len(set(shares.cluster_Q.tolist())))
