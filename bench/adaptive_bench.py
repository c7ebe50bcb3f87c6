"""Answers per edge by bisection, and by a uniform grid that is as accurate; simulated curves.

python bench/adaptive_bench.py
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from safebasin.stats.bisected import EdgeSearches, uniform_equivalent
from safebasin.stats.bisection import FoundEdge, SearchPlan, block_order, next_question
from safebasin.stats.edges import edges
from safebasin.stats.odds import Seen

PROMPTS, SIZE, REACH, INSIDE = 80, 8, 0.5, 0.9
PLAN = SearchPlan(REACH, PROMPTS // SIZE)
EXPERIMENTS = 500
GRIDS = (*range(2, 33), *range(36, 129, 4))
SEVERAL = np.linspace(-4, 4, 201)


@dataclass(frozen=True)
class Curve:
    """The share of hits falls in an S from 0.9 to `floor`, at an edge of 0.23 +- 0.04.

    Attributes:
        slope: width of the fall for one prompt.
        prompts: standard deviation of the edge over prompts.
        floor: share beyond the edge.
    """

    slope: float
    prompts: float
    floor: float = 0.02

    def share(self, margin: np.ndarray) -> np.ndarray:
        """The chance of a hit at this distance inside the edge."""
        steep = np.clip(margin / self.slope, -50, 50)
        return self.floor + (INSIDE - self.floor) / (1 + np.exp(-steep))

    def bias(self) -> float:
        """How far the edge of the mean over prompts lies beyond that of a median prompt."""
        off, weight = np.linspace(-0.2, 0.2, 4001), np.exp(-(SEVERAL**2) / 2)
        share = self.share(self.prompts * SEVERAL - off[:, None]) @ weight / weight.sum()
        return float(np.interp(-INSIDE / 2, -share, off))

    def bisect(self, rng: np.random.Generator, edge: float, number: int) -> tuple[FoundEdge, Seen]:
        """One search, and the origin's answers."""
        shift_Q = self.prompts * rng.standard_normal(PROMPTS)
        origin = Seen(int((rng.random(PROMPTS) < INSIDE).sum()), PROMPTS, PLAN.blocks)
        order, observed = block_order(number, PLAN.blocks), {}
        while not isinstance(asked := next_question(observed, origin, PLAN), FoundEdge):
            seen = observed.get(asked.radius, Seen(0, 0, 0))
            at = [SIZE * b + q for b, q in product(order[seen.blocks : asked.blocks], range(SIZE))]
            hits = (rng.random(len(at)) < self.share(edge + shift_Q[at] - asked.radius)).sum()
            observed[asked.radius] = Seen(
                seen.hits + int(hits), seen.answered + len(at), asked.blocks
            )
        return asked, origin

    def uniform(self, rng: np.random.Generator, edge_E: np.ndarray, points: int) -> np.ndarray:
        """The edges that uniform grids find, shape E."""
        radius_P = np.linspace(0, REACH, points + 1)
        found = []
        for edge in edge_E:
            shift_Q = self.prompts * rng.standard_normal(PROMPTS)
            share_PQ = self.share(edge + shift_Q - radius_P[:, None])
            share_PQ[0] = INSIDE
            share_P = (rng.random(share_PQ.shape) < share_PQ).mean(-1)
            found.append(edges(share_P, radius_P).radius[1])
        return np.array(found)


CURVES = {
    "sharp (0.002), prompts alike": Curve(0.002, 0.0),
    "sharp (0.002), prompts differ by 0.02": Curve(0.002, 0.02),
    "soft (0.02), prompts differ by 0.02": Curve(0.02, 0.02),
    "soft (0.02), floor of 20 %": Curve(0.02, 0.02, 0.2),
    "shallow (0.04), prompts differ by 0.02": Curve(0.04, 0.02),
}


def rms(off_E: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(off_E**2)))


def row(name: str, curve: Curve) -> None:
    """Measure one curve and print it."""
    rng = np.random.default_rng(0)
    edge_E = 0.23 + 0.04 * rng.standard_normal(EXPERIMENTS)
    truth_E = edge_E + curve.bias()
    searches = [curve.bisect(rng, edge, number) for number, edge in enumerate(edge_E)]
    found = [each for each, _ in searches]
    error = rms(np.array([each.radius for each in found]) - truth_E)
    answers = float(np.mean([each.answered for each in found]))
    errors = ((n, rms(curve.uniform(rng, edge_E, n) - truth_E)) for n in GRIDS)
    points, reached = next(((n, e) for n, e in errors if e <= 1.05 * error), (GRIDS[-1], np.nan))
    all_of_them = EdgeSearches([[each] for each in found], searches[0][1], PLAN, PROMPTS)
    said = (uniform_equivalent(all_of_them, PROMPTS) - PROMPTS) / EXPERIMENTS
    print(
        f"| {name} | {error:.4f} | {answers:.0f} | {PROMPTS * points:,} ({reached:.4f}) "
        f"| {PROMPTS * points / answers:.1f} | {said / answers:.1f} |",
        flush=True,
    )


def main() -> None:
    print("| curve | error | answers | uniform grid (its error) | times fewer | as reported |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, curve in CURVES.items():
        row(name, curve)


if __name__ == "__main__":
    main()
