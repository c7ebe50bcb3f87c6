"""Searches for the edges of curves that are known: random edges, prompts that differ, answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from safebasin.stats.bisected import EdgeSearches
from safebasin.stats.bisection import (
    FoundEdge,
    SearchPlan,
    block_order,
    next_question,
)
from safebasin.stats.odds import Seen, worth

CLUSTER_Q = np.repeat(np.arange(72), np.where(np.arange(72) % 9 == 0, 2, 1))  # 80, as AdvBench's
BLOCKS, SIZE = 10, 8
PLAN = SearchPlan(0.5, BLOCKS, worth=worth(CLUSTER_Q))
SEVERAL = np.linspace(-4, 4, 201)


@dataclass(frozen=True)
class Slope:
    """A curve: S-shaped with width `slope`; edges vary by direction and by cluster of prompts.

    From the radius `back` on, half of what was lost above the floor returns.
    """

    edge: float = 0.23
    between: float = 0.04
    prompts: float = 0.02
    slope: float = 0.02
    floor: float = 0.02
    inside: float = 0.9
    back: float = np.inf

    def share(self, radius, edge, shift):
        """The chance of a hit; arguments broadcast."""
        margin = np.clip((edge + shift - radius) / self.slope, -50, 50)
        share = self.floor + (self.inside - self.floor) / (1 + np.exp(-margin))
        return np.where(radius < self.back, share, self.inside - 0.1)

    def bias(self):
        """How far the edge of the mean over all prompts lies beyond `edge`."""
        weight = np.exp(-(SEVERAL**2) / 2)
        radius = self.edge + np.linspace(-0.3, 0.3, 6001)
        share = self.share(radius[:, None], self.edge, self.prompts * SEVERAL) @ weight
        kept = radius < self.back
        half = self.inside / 2 * weight.sum()
        return float(np.interp(-half, -share[kept], radius[kept])) - self.edge

    def world(self, rng, directions):
        """Edges (shape DS), shifts of the prompts (in random order) and the origin's answers."""
        edge_DS = self.edge + self.between * rng.standard_normal((directions, 2))
        shift_Q = self.prompts * rng.standard_normal(72)[CLUSTER_Q]
        hits = int((rng.random(80) < self.inside).sum())
        return edge_DS, rng.permutation(shift_Q), Seen(hits, 80, BLOCKS)

    def search(self, rng, edge, shift_Q, origin, number=0, plan=PLAN):
        """One search from the first question to its edge."""
        order = block_order(number, BLOCKS)

        def answer(radius, block):
            at = slice(order[block] * SIZE, (order[block] + 1) * SIZE)
            return int((rng.random(SIZE) < self.share(radius, edge, shift_Q[at])).sum())

        return searched(answer, origin, plan)

    def searches(self, rng, directions, plan=PLAN):
        """All searches of an experiment, and its edges."""
        edge_DS, shift_Q, origin = self.world(rng, directions)
        found = [
            [self.search(rng, edge_DS[d, s], shift_Q, origin, 2 * d + s, plan) for s in range(2)]
            for d in range(directions)
        ]
        return EdgeSearches(found, origin, plan, 72), edge_DS


def searched(answer, origin, plan=PLAN, size=SIZE, observed=()):
    """Ask `answer(radius, block)` for hits until there is nothing more to ask."""
    observed = dict(observed)
    while not isinstance(asked := next_question(observed, origin, plan), FoundEdge):
        hits, _, blocks = observed.get(asked.radius, Seen(0, 0, 0))
        assert blocks < asked.blocks <= plan.blocks
        hits += sum(answer(asked.radius, block) for block in range(blocks, asked.blocks))
        observed[asked.radius] = Seen(hits, asked.blocks * size, asked.blocks)
    return asked
