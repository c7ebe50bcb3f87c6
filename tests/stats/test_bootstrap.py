from __future__ import annotations

import numpy as np
import pytest

from safebasin.errors import UsageError
from safebasin.stats.bootstrap import pool, resample, resampled

RNG = np.random.default_rng(0)
HIT_DPQ = RNG.random((3, 5, 12)) < 0.6
CLUSTER_Q = np.array([4, 4, 1, 1, 1, 7, 8, 9, 10, 11, 12, 13])


def slowly(hit_DPQ, cluster_Q, count_C):
    """Rates with every prompt written out as often as its cluster is drawn."""
    names = np.unique(cluster_Q)
    chosen = [q for c, n in zip(names, count_C, strict=True) for _ in range(n)
              for q in np.flatnonzero(cluster_Q == c)]  # fmt: skip
    return np.nanmean(hit_DPQ[..., chosen].astype(float), axis=-1)


def test_rates_are_those_of_the_prompts_drawn():
    hit = HIT_DPQ.astype(float)
    hit[0, 0, :3] = hit[2, 4, 6] = np.nan
    found = resampled(hit, CLUSTER_Q, replicates=20, seed=3)
    np.testing.assert_allclose(found.rate_DP, np.nanmean(hit, -1))
    for rate_DP, count_C in zip(found.rate_BDP, resample(9, 20, 3), strict=True):
        np.testing.assert_allclose(rate_DP, slowly(hit, CLUSTER_Q, count_C))


def test_chunks_change_nothing(monkeypatch):
    whole = resampled(HIT_DPQ, CLUSTER_Q, replicates=50, seed=1).rate_BDP
    monkeypatch.setattr("safebasin.stats.bootstrap._CHUNK", 1000)
    np.testing.assert_array_equal(
        resampled(HIT_DPQ, CLUSTER_Q, replicates=50, seed=1).rate_BDP, whole
    )


def test_draws_one_cluster_fewer_than_there_are():
    counts = resample(7, 500, seed=0)
    assert counts.shape == (500, 7)
    assert (counts.sum(1) == 6).all()
    np.testing.assert_allclose(counts.mean(0), 6 / 7, atol=0.15)


def test_variance_of_a_mean_is_unbiased_even_for_few_clusters():
    values = np.array([0.0, 0.2, 0.9])
    rates = resampled(values[None, None], np.arange(3), replicates=40_000, seed=0).rate_BDP
    assert rates.var() == pytest.approx(values.var(ddof=1) / 3, rel=0.03)


def test_prompts_of_a_cluster_move_together():
    hit = np.tile([0.0, 1.0], 20)[None, None]
    apart = resampled(hit, np.arange(40), replicates=4000, seed=0).rate_BDP.std()
    pairs = resampled(hit, np.arange(40) // 2, replicates=4000, seed=0).rate_BDP.std()
    alike = resampled(np.sort(hit), np.arange(40) // 2, replicates=4000, seed=0).rate_BDP.std()
    assert pairs == 0
    assert alike == pytest.approx(2**0.5 * apart, rel=0.06)


def test_same_seed_same_bytes_and_streams_differ():
    assert resample(30, 100, 5).tobytes() == resample(30, 100, 5).tobytes()
    assert not np.array_equal(resample(30, 100, 5), resample(30, 100, 6))
    assert not np.array_equal(resample(30, 100, 5), resample(30, 100, 5, stream=1))


def test_order_of_prompts_and_directions_and_gaps_between_numbers_change_nothing():
    expected = resampled(HIT_DPQ, CLUSTER_Q, replicates=30, seed=0).rate_BDP
    by_prompt = RNG.permutation(12)
    found = resampled(HIT_DPQ[..., by_prompt], CLUSTER_Q[by_prompt], replicates=30, seed=0)
    np.testing.assert_array_equal(found.rate_BDP, expected)
    found = resampled(HIT_DPQ[::-1], 10 * CLUSTER_Q - 3, replicates=30, seed=0)
    np.testing.assert_array_equal(found.rate_BDP[:, ::-1], expected)


def test_statistics_on_the_same_prompts_share_their_replicates():
    yes = resampled(HIT_DPQ, CLUSTER_Q, replicates=30, seed=0).rate_BDP
    no = resampled(~HIT_DPQ, CLUSTER_Q, replicates=30, seed=0).rate_BDP
    np.testing.assert_allclose(yes + no, 1)


def test_one_prompt_and_none():
    one = resampled(np.ones((2, 3, 1)), [5], replicates=4, seed=0)
    assert (one.rate_BDP == 1).all()
    assert one.clusters == 1
    none = resampled(np.ones((2, 3, 0)), [], replicates=4, seed=0)
    assert np.isnan(none.rate_DP).all()
    assert np.isnan(none.rate_BDP).all()
    assert none.clusters == 0


def test_nothing_answered_is_unknown():
    hit = np.ones((1, 2, 4))
    hit[0, 1] = np.nan
    np.testing.assert_array_equal(pool(hit, np.arange(4)).rates(), [[1, np.nan]])


@pytest.mark.parametrize("shape", [(3, 4), (0, 3, 4), (2, 0, 4), (2, 3, 5)])
def test_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(UsageError, match="do not fit"):
        pool(np.zeros(shape), np.arange(4))


@pytest.mark.parametrize("value", [-0.1, 1.1, np.inf, -np.inf])
def test_responses_out_of_range_are_refused(value):
    with pytest.raises(UsageError, match="between 0 and 1"):
        pool(np.full((1, 1, 1), value), [0])


def test_too_few_replicates_and_negative_seeds_are_refused():
    with pytest.raises(UsageError, match="replicates"):
        resample(3, 1, 0)
    with pytest.raises(UsageError, match="seed"):
        resample(3, 10, -1)


def test_variance_is_that_of_the_replicates():
    rng = np.random.default_rng(1)
    cluster_Q = np.repeat(np.arange(60), 2)
    hit = np.repeat(rng.random((2, 3, 60)) < 0.4, 2, axis=-1).astype(float)
    hit[0, 0, :7] = np.nan
    pooled = pool(hit, cluster_Q)
    replicates = pooled.resampled(resample(60, 20_000, 0))
    np.testing.assert_allclose(pooled.variance(), replicates.var(0, ddof=1), rtol=0.06)


def test_variance_of_what_cannot_vary_is_zero():
    assert not pool(np.ones((1, 2, 5)), np.arange(5)).variance().any()
    assert not pool(np.full((1, 2, 5), np.nan), np.arange(5)).variance().any()
    assert not pool(np.eye(5)[None], np.zeros(5)).variance().any()
