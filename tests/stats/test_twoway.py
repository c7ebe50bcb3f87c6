from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from safebasin.stats.bootstrap import resampled
from safebasin.stats.proportion import unseen, wilson
from safebasin.stats.twoway import Spread, method, range_interval, share_interval, spread


def certain(half=0.0, *, alike=False, undefined=0.0):
    return Spread(np.array(half), np.array(alike), np.array(undefined))


def test_is_students_t_where_prompts_do_not_vary():
    value_D = np.array([0.2, 0.35, 0.3, 0.5])
    found = spread(value_D, np.tile(value_D, (50, 1)), 80)
    low, high = stats.t.interval(0.95, 3, value_D.mean(), stats.sem(value_D))
    assert found.half == pytest.approx((high - low) / 2)
    assert found.alike


def test_is_the_prompts_alone_where_directions_do_not_vary():
    rate_B = np.random.default_rng(0).normal(0.5, 0.05, 4000)
    found = spread(np.full(5, 0.5), np.tile(rate_B[:, None], 5), 81)
    assert found.half == pytest.approx(stats.t.ppf(0.975, 80) * rate_B.std(ddof=1))
    assert not found.alike


def test_noise_of_single_directions_is_counted_once():
    rng = np.random.default_rng(0)
    shared_B1 = rng.normal(0, 1, (20_000, 1))
    noise_BD = rng.normal(0, 2, (20_000, 4))
    value_D = np.array([-1.5, -0.5, 0.5, 1.5]) * 2 / np.std([-1.5, -0.5, 0.5, 1.5], ddof=1)
    found = spread(value_D, shared_B1 + noise_BD, 80)
    expected = stats.t.ppf(0.975, 3) ** 2 * 4 / 4 + stats.t.ppf(0.975, 79) ** 2 * 1
    assert found.half == pytest.approx(expected**0.5, rel=0.03)


def test_directions_that_agree_by_chance_do_not_narrow_it():
    hit_DPQ = 1 - np.eye(80)[:3, None]  # each direction fails on one prompt, each on another
    sample = resampled(hit_DPQ, np.arange(80), replicates=4000, seed=0)
    found = spread(sample.rate_DP, sample.rate_BDP, 80)
    assert found.half[0] == pytest.approx(1.99 * (1 / 80) / 3**0.5, rel=0.05)


def test_one_direction_has_no_direction_part_and_says_so():
    rate_B = np.random.default_rng(0).normal(0.5, 0.05, 4000)
    found = spread(np.array([0.5]), rate_B[:, None], 81)
    assert found.half == pytest.approx(stats.t.ppf(0.975, 80) * rate_B.std(ddof=1))
    assert "1 direction" in method(1)
    assert "1 direction" not in method(2)


def test_undefined_directions_and_replicates_are_left_out_and_counted():
    value_D = np.array([0.2, np.nan, 0.4])
    replicate_BD = np.tile(value_D, (10, 1))
    replicate_BD[:3] = np.nan
    found = spread(value_D, replicate_BD, 80)
    kept = np.array([0.2, 0.4])
    assert found.half == pytest.approx(spread(kept, np.tile(kept, (10, 1)), 80).half)
    assert found.undefined == pytest.approx(0.3)


@pytest.mark.parametrize("k", [1, 4, 20, 40, 79])
def test_is_wilsons_interval_for_one_proportion(k):
    """Up to Student's t for the normal quantile and n - 1 for n, both under 3 % at n = 80."""
    n, share = 80, k / 80
    hit = (np.arange(n) < k)[None, None]
    sample = resampled(hit, np.arange(n), replicates=20_000, seed=0)
    found = spread(sample.rate_DP, sample.rate_BDP, n)
    low, high = share_interval(np.array([share]), found, n)
    expected = wilson(k, n)
    np.testing.assert_allclose([low[0], high[0]], expected, atol=0.06 * (expected[1] - expected[0]))


@given(
    st.floats(0, 1), st.floats(0, 1), st.integers(0, 600), st.booleans()
)  # fmt: skip
def test_share_interval_contains_its_value_and_stays_in_range(value, half, clusters, alike):
    low, high = share_interval(np.array(value), certain(half, alike=alike), clusters)
    assert 0 <= low <= value + 1e-12
    assert value - 1e-12 <= high <= 1
    assert low < high or (half < 1e-9 and not alike)


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(1, 600), st.booleans())
def test_share_interval_mirrors(value, half, clusters, alike):
    low, high = share_interval(np.array(value), certain(half, alike=alike), clusters)
    mirrored = share_interval(np.array(1 - value), certain(half, alike=alike), clusters)
    np.testing.assert_allclose(mirrored, (1 - high, 1 - low), atol=1e-6)


def test_no_claim_beyond_what_the_number_of_prompts_allows():
    allowance = unseen(80)
    for value in (1.0, 0.9999):
        low, _ = share_interval(np.array(value), certain(1e-5), 80)
        assert low == pytest.approx(1 - allowance)
    low, high = share_interval(np.array(0.4), certain(alike=True), 80)
    assert (low, high) == pytest.approx((0.4 * (1 - allowance), 0.4 + 0.6 * allowance))


def test_unknown_share_has_the_whole_range():
    assert share_interval(np.array(np.nan), certain(np.nan), 0) == (0, 1)


def test_radius_is_never_narrower_than_the_grid_nor_outside_its_range():
    cell, bounds = (0.20, 0.25), (0.0, 0.5)
    assert range_interval(0.22, certain(0.001), 80, cell, bounds) == cell
    assert range_interval(0.22, certain(0.1), 80, cell, bounds) == pytest.approx((0.12, 0.32))
    assert range_interval(0.22, certain(1.0), 80, cell, bounds) == bounds


def test_radius_is_unknown_where_too_little_supports_it():
    cell, bounds = (0.20, 0.25), (0.0, 0.5)
    assert range_interval(np.nan, certain(), 80, cell, bounds) == bounds
    assert range_interval(0.22, certain(undefined=0.06), 80, cell, bounds) == bounds
    assert range_interval(0.22, certain(), 5, cell, bounds) == bounds
