"""Directions are added until VISAGE is known well enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safebasin.evaluate import Step, Work
from safebasin.stats.landscape import visage_estimate
from safebasin.stats.sequential import WidthRule, decide
from safebasin.store import Store
from safebasin.studies.rays import Rays
from safebasin.studies.summaries.scan import ENOUGH, along_rays
from safebasin.studies.summaries.shares import shares


def schedule(store: Store, work: Work, rays: Rays, rule: WidthRule) -> Iterator[list[Step]]:
    """The origin, then direction after direction, until the rule says that it is enough.

    What is done next depends on what is stored alone, so a run that goes on stops where it would
    have stopped.
    """
    half_D: list[float] = []
    yield [Step(work.points[0], work.batches)]
    for index in range(rays.directions):
        yield [Step(rays.point(index, x), work.batches) for x in rays.axis_P if x != 0]
        half_D.append(half_width(store, rays.first(index + 1)))
        decision = decide(half_D, rule)
        if not decision.go_on:
            store.remember(ENOUGH, decision.directions)
            return


def half_width(store: Store, rays: Rays) -> float:
    """Of the interval of VISAGE, over these directions."""
    flat = shares(store, [point.key for point in rays.plan])["harmful"]
    hits = along_rays(flat, rays)
    found = visage_estimate(rays.axis_P, hits["refused"], flat.cluster_Q, seed=rays.seed)
    return (found.high - found.low) / 2


def rule_of(asked: dict[str, Any]) -> WidthRule:
    """The rule as it stands in a request."""
    return WidthRule(target=asked["target"], most=asked["most"])
