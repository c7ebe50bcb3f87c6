"""Scans that are to be compared: their responses as arrays, and which prompts belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from safebasin.stats.comparison import Responses
from safebasin.studies.rays import Rays
from safebasin.studies.summaries.scan import along_rays
from safebasin.studies.summaries.shares import SIDES, Floats, Shares
from safebasin.summary import Kind, ScanSummary

Order = dict[Kind, list[int]]
"""Places of prompts in a run's arrays, side by side."""


@dataclass(frozen=True)
class Run:
    """One scan with its responses as arrays.

    Attributes:
        folder: the run.
        summary: its numbers.
        sides: its verdicts at every point.
        rays: where it asked; of a scan that looked for the number of directions, as far as it went.
        originals: of each prompt, the request that a jailbreak wraps, or the prompt itself, by id.
        talk: how its model talks; see `spoken.spoken`.
    """

    folder: Path
    summary: ScanSummary
    sides: dict[Kind, Shares]
    rays: Rays
    originals: dict[str, str]
    talk: dict[str, str] = field(default_factory=dict)

    def requests(self, side: Kind) -> list[str]:
        """The requests behind its prompts, in the order of its arrays."""
        return [self.originals.get(id_, id_) for id_ in self.sides[side].prompts]

    def responses(self, order: Order, like: Run) -> Responses:
        """Its arrays with prompts in a given order, in the clusters of the run they belong to.

        A wrapper makes all prompts alike, so the clusters that count are those of the requests.
        """
        hits = {side: along_rays(self.sides[side], self.rays) for side in SIDES}
        return Responses(
            refused_DPQ=hits["harmful"]["refused"][..., order["harmful"]],
            coherent_DPB=hits["benign"]["complied"][..., order["benign"]],
            harmful_cluster_Q=like.sides["harmful"].cluster_Q,
            benign_cluster_B=like.sides["benign"].cluster_Q,
        )


def matched(first: Run, other: Run) -> Order | None:
    """Where the other run has the first one's requests, in their order; None if it has others."""
    found: Order = {}
    for side in SIDES:
        there = {request: place for place, request in enumerate(other.requests(side))}
        wanted = first.requests(side)
        if set(there) != set(wanted):
            return None
        found[side] = [there[request] for request in wanted]
    return found


def as_they_are(run: Run) -> Order:
    """Its own order."""
    return {side: list(range(len(run.sides[side].prompts))) for side in SIDES}


def at_origin(run: Run, side: Kind, order: Sequence[int]) -> Floats:
    """Hits at the checkpoint: refusals of harmful prompts, coherent answers to benign ones."""
    flat = run.sides[side]
    hit_NQ = flat.hits()["refused" if side == "harmful" else "complied"]
    return np.asarray(hit_NQ[flat.place["origin"]][list(order)])
