"""Do the intervals hold what they promise? Repeated experiments with known truth.

`pytest -m slow -s tests/stats/test_coverage.py` prints the table in `twoway`'s docstring.
"""

from __future__ import annotations

import numpy as np
import pytest

from safebasin.stats.bootstrap import resampled
from safebasin.stats.edges import edges
from safebasin.stats.landscape import summarise
from safebasin.stats.visage import visage

from .simulated import CLUSTER_Q, X_P, World

STATISTICS = ("visage", "safety edge", "refused at 0", "refused at 0.2")


def measure(world, directions, x_P, repetitions):
    """How often each interval covers the truth, and how often equal edges are told apart."""
    curves = world.curves(x_P=x_P)
    at = [int(np.abs(x_P - x).argmin()) for x in (0, 0.2)]
    truth = [visage(curves, x_P).mean(), edges(curves, x_P).radius.mean(), *curves[:, at].mean(0)]
    covers, verdicts = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, directions])
        refused, coherent = (world.hits(rng, directions, x_P=x_P) for _ in range(2))
        found = summarise(
            x_P, refused, ~refused, coherent, CLUSTER_Q, CLUSTER_Q, seed=seed, replicates=200
        )
        low = [found.visage.low, found.safety_edge.low, *found.refused.low_P[at]]
        high = [found.visage.high, found.safety_edge.high, *found.refused.high_P[at]]
        covers.append(np.less_equal(low, truth) & np.less_equal(truth, high))
        verdicts.append(found.ordering != "indistinguishable")
    return dict(zip(STATISTICS, np.mean(covers, axis=0), strict=True)), np.mean(verdicts)


def check(world, directions, x_P, repetitions):
    cover, told_apart = measure(world, directions, x_P, repetitions)
    row = "  ".join(f"{name} {share:.3f}" for name, share in cover.items())
    print(f"P {x_P.size}  D {directions:2}  {row}  told apart {told_apart:.3f}")
    assert all(share >= 0.90 for share in cover.values())
    assert told_apart <= 0.07
    return cover


def test_intervals_cover_and_equal_edges_are_not_told_apart():
    check(World(), 5, X_P, repetitions=80)


@pytest.mark.slow
@pytest.mark.parametrize("directions", [3, 5, 10])
def test_intervals_cover_at_length(directions):
    cover = check(World(), directions, np.linspace(-0.5, 0.5, 41), repetitions=300)
    assert all(share <= 0.99 for share in cover.values())


@pytest.mark.slow
@pytest.mark.parametrize("directions", [3, 5, 10])
def test_a_coarse_grid_only_makes_edges_more_cautious(directions):
    cover = check(World(), directions, X_P, repetitions=300)
    assert all(share <= 0.99 for name, share in cover.items() if name != "safety edge")


@pytest.mark.slow
def test_the_percentile_interval_over_few_directions_would_be_too_narrow():
    """Owen's pigeonhole bootstrap, percentiles, D = 3: the reason for `twoway`'s construction."""
    world, inside = World(), []
    truth = visage(world.curves(), X_P).mean()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sample = resampled(world.hits(rng, 3), CLUSTER_Q, replicates=300, seed=seed)
        count_BD = rng.multinomial(3, [1 / 3] * 3, size=300)
        mean_B = (visage(sample.rate_BDP, X_P) * count_BD).sum(1) / 3
        low, high = np.percentile(mean_B, [2.5, 97.5])
        inside.append(low <= truth <= high)
    print(f"percentile interval, D 3: {np.mean(inside):.3f}")
    assert np.mean(inside) < 0.85
