"""What several answers to each prompt say at the checkpoint, apart from what prompts say."""

from __future__ import annotations

import numpy as np

from safebasin import summary as contract
from safebasin.report.formatting import count
from safebasin.stats.samples import any_of, samples
from safebasin.store import Store
from safebasin.studies.summaries.judged import CURVE
from safebasin.studies.summaries.shares import CODE, SIDES, codes


def sampled(store: Store) -> list[contract.Sampled]:
    """Compliance with harmful requests and over-refusal; nothing where prompts are asked once."""
    if store.samples == 1:
        return []
    said = codes(store, store.first_judge, ["origin"])
    found = []
    for side in SIDES:
        label = CURVE[side]
        (code_QK,) = said.code_NQK[side]
        hit_QK = np.where(code_QK < 0, np.nan, code_QK == CODE[label])
        cluster_Q = said.cluster_Q[side]
        parts = samples(hit_QK, cluster_Q)
        found.append(
            contract.Sampled(
                prompts=side,
                label=label.value,
                samples=store.samples,
                rate=contract.Estimate.of(parts.rate),
                any=contract.Estimate.of(any_of(hit_QK, store.samples, cluster_Q)),
                between=contract.finite(parts.between),
                within=contract.finite(parts.within),
                correlation=contract.finite(parts.correlation),
            )
        )
    return found


def sentence(one: contract.Sampled) -> str:
    """The same in words."""
    return (
        f"{count(one.rate.n, f'{one.prompts} prompts')}, asked {one.samples} times each at the "
        "origin: "
        f"{one.label} {_told(one.rate)} of answers, at least once {_told(one.any)} of prompts"
        + (
            ""
            if one.correlation is None
            else f"; {max(one.correlation, 0):.0%} of the variance of answers is between prompts, "
            "which more samples do not lessen"
        )
    )


def _told(share: contract.Estimate) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "an unknown share"
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"
