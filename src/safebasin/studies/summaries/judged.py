"""What each judge says of a run, and where judges differ: side by side, never averaged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from safebasin import summary as contract
from safebasin.judges.registry import describe, known
from safebasin.records import Label
from safebasin.report.formatting import count
from safebasin.stats.agreement import agreement as measured
from safebasin.stats.proportion import estimate
from safebasin.store import Store
from safebasin.studies.summaries.shares import FAILED, SIDES, Codes, Floats, codes

MOST_DIFFERING = 5
MOST_REASONS = 3

OnAxis = Callable[[Floats, contract.Kind], contract.Curve]
"""From hits over points and prompts of one side to a curve over a study's one axis."""

CURVE: dict[contract.Kind, Label] = {"harmful": Label.COMPLIED, "benign": Label.REFUSED}
"""What is followed along an axis: the attack success rate, and over-refusal."""

_NAMES = np.array([label.value for label in Label])
_OUTCOMES = ("complied", "anything else")


def judges(store: Store) -> list[contract.JudgeInfo]:
    """Every judge of a run, the one that gave the labels first."""
    found = []
    for key in order(store):
        told = describe(key, store)
        fitted = {name: x for name, x in told.pop("thresholds").items() if np.isfinite(x)}
        found.append(contract.JudgeInfo(name=key, thresholds=fitted, **told))
    return found


def order(store: Store) -> list[str]:
    """Keys of the judges: the one that gives the labels, the others asked for, any asked later."""
    asked = [store.first_judge, *store.request["judges"]]
    return list(dict.fromkeys([*asked, *store.judges()]))


def missing(store: Store) -> dict[str, dict[str, int]]:
    """By judge of a run and point, how many responses it is yet to judge.

    Judges that only know harm are not asked about harmless prompts. Of one that this version does
    not know, what it judged before tells.
    """
    found = {}
    for key in order(store):
        about = known(key)
        benign = about.benign if about else store.judges_benign(key)
        found[key] = store.without_verdict(key, benign=benign)
    return found


def not_yet(store: Store) -> list[str]:
    """What must be known of judges that have not come to every response, with what to do."""
    told = []
    for key, found in missing(store).items():
        if not found:
            continue
        again = (
            "the command that began the run goes on with it"
            if key in store.request["judges"]
            else f"`safebasin judge {store.folder}` with the same --judge goes on with it"
        )
        told.append(
            f"{key} has not judged {count(sum(found.values()), 'responses')} at "
            f"{count(len(found), 'points')} yet, so no number that rests on it is final: {again}"
        )
    return told


def coherence_of(store: Store) -> str | None:
    """Key of the judge that tells garbage in a run: the first of its family that was asked."""
    return next((key for key in order(store) if key.startswith("coherence")), None)


def side_by_side(
    store: Store, places: Mapping[str, str], on_axis: OnAxis | None = None
) -> dict[str, list[contract.Rates] | list[contract.Agreement]]:
    """Rates and agreement of all judges, as keywords for a summary.

    Args:
        store: of the run.
        places: every point of the study by key, as a reader calls it.
        on_axis: makes curves, in studies that have one axis.
    """
    keys = list(places)
    found = {judge: codes(store, judge, keys) for judge in order(store)}
    return {
        "rates": [
            rates
            for judge, said in found.items()
            for side in SIDES
            if (rates := _rates(judge, said, side, keys, on_axis)) is not None
        ],
        "agreement": [
            together
            for (first, one), (second, other) in combinations(found.items(), 2)
            for side in SIDES
            if (together := _agreement((first, one), (second, other), side, places)) is not None
        ],
    }


def unjudged(store: Store) -> list[str]:
    """What must be known of judges that gave no verdict on some responses, in sentences."""
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for judge, detail, n in store.unjudged():
        reasons[judge][detail.partition(":")[0].partition(" (")[0] or "no reason"] += n
    return [
        f"{judge} gave no verdict on {count(found.total(), 'responses')}, not counted in any rate "
        f"of its own: {'; '.join(f'{why} ({n:,})' for why, n in found.most_common(MOST_REASONS))}"
        for judge, found in reasons.items()
    ]


def _rates(
    judge: str, said: Codes, side: contract.Kind, keys: Sequence[str], on_axis: OnAxis | None
) -> contract.Rates | None:
    code_NQK = said.code_NQK[side]
    judged, failed = int((code_NQK >= 0).sum()), int((code_NQK == FAILED).sum())
    if not judged and not failed:
        return None
    origin = keys.index("origin") if "origin" in keys else None
    shares = {}
    for label in Label:
        hit_NQ = said.hits(side, label)
        known_Q = hit_NQ[origin] if origin is not None else np.empty(0)
        known_Q = known_Q[np.isfinite(known_Q)]
        shares[label.value] = contract.Estimate.of(
            estimate(float(known_Q.sum()), known_Q.size, method="clopper-pearson")
        )
    followed = CURVE[side]
    curves = {followed.value: on_axis(said.hits(side, followed), side)} if on_axis else {}
    return contract.Rates(
        judge=judge, prompts=side, judged=judged, failed=failed, origin=shares, curves=curves
    )


def _agreement(
    first: tuple[str, Codes],
    second: tuple[str, Codes],
    side: contract.Kind,
    places: Mapping[str, str],
) -> contract.Agreement | None:
    one_NQK, other_NQK = first[1].code_NQK[side], second[1].code_NQK[side]
    both_NQK = (one_NQK >= 0) & (other_NQK >= 0)
    if not both_NQK.any():
        return None
    cluster_NQK = np.broadcast_to(first[1].cluster_Q[side][None, :, None], one_NQK.shape)
    one, other = _NAMES[one_NQK[both_NQK]], _NAMES[other_NQK[both_NQK]]
    cluster = cluster_NQK[both_NQK]
    found = measured(one, other, cluster)
    binary = measured(_attack(one), _attack(other), cluster, labels=_OUTCOMES)
    return contract.Agreement(
        first=first[0],
        second=second[0],
        prompts=side,
        n=int(both_NQK.sum()),
        agree=contract.Estimate.of(found.agreed),
        kappa=contract.Estimate.of(found.kappa),
        kappa_complied=contract.Estimate.of(binary.kappa),
        table=found.table.tolist(),
        differ=_differ(one_NQK != other_NQK, both_NQK, places),
    )


def _attack(label_N: NDArray[np.str_]) -> NDArray[np.str_]:
    """Whether each response counts as a successful attack."""
    return np.where(label_N == Label.COMPLIED.value, *_OUTCOMES)


def _differ(
    different_NQK: NDArray[np.bool_], both_NQK: NDArray[np.bool_], places: Mapping[str, str]
) -> list[contract.Differing]:
    """The places at which two judges differ most."""
    differing_N = (different_NQK & both_NQK).sum((1, 2))
    n_N = both_NQK.sum((1, 2))
    share_N = differing_N / np.maximum(n_N, 1)
    keys = list(places)
    most = np.argsort(-share_N, kind="stable")[:MOST_DIFFERING]
    return [
        contract.Differing(
            key=keys[n],
            place=places[keys[n]],
            share=contract.Estimate.of(
                estimate(int(differing_N[n]), int(n_N[n]), "responses", "clopper-pearson")
            ),
        )
        for n in most
        if differing_N[n]
    ]
