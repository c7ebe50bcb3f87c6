"""Intervals of measures: right in known cases, covering in simulated ones, silent about nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from safebasin.errors import UsageError
from safebasin.measures.base import About
from safebasin.measures.summarise import arrays, curve, estimate
from safebasin.stats import curve as shares

SHARE = About("a", "accuracy", "share", True)
PERPLEXITY = About("p", "perplexity", "word_perplexity", False)
LINEAR = About("b", "bits", "bits_per_byte", False)


def test_arrays_put_items_in_order_and_mark_what_is_missing() -> None:
    known = {
        "origin": {"b": (2.0, 3.0), "a": (1.0, 1.0)},
        "p": {"a": (math.nan, 1.0), "b": (4.0, 3.0)},
        "q": {},
    }
    asked: list[str] = []

    def found(key: str) -> dict[str, tuple[float, float]]:
        asked.append(key)
        return known[key]

    value, weight, names = arrays(found, [["p", "origin"], ["q", "origin"]])
    assert names == ("a", "b")
    assert weight.tolist() == [1.0, 3.0]
    assert np.array_equal(
        value,
        [[[math.nan, 4.0], [1.0, 2.0]], [[math.nan, math.nan], [1.0, 2.0]]],
        equal_nan=True,
    )
    assert sorted(asked) == ["origin", "p", "q"]


def test_nothing_at_all() -> None:
    value, weight, names = arrays(lambda _: {}, [["p", "q"]])
    assert value.shape == (1, 2, 0)
    for about in (SHARE, PERPLEXITY, LINEAR):
        found = curve(about, value, weight, seed=0, replicates=50)
        assert np.isnan(found.mean_P).all()
        assert (found.low_P <= 0).all()
        assert (found.high_P >= 1).all()
    assert names == ()


def test_a_share_has_the_interval_of_shares() -> None:
    draw = np.random.default_rng(0)
    hit = (draw.random((3, 4, 30)) < 0.7).astype(float)
    cluster = np.arange(30) // 2
    ours = curve(SHARE, hit, np.ones(30), cluster, seed=1, replicates=200)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(ours, shares.curve(hit, cluster, seed=1, replicates=200), strict=True)
    )


@pytest.mark.parametrize("about", [PERPLEXITY, LINEAR])
def test_the_value_is_that_of_the_items(about: About) -> None:
    draw = np.random.default_rng(0)
    value, weight = draw.normal(3, 0.5, 12), draw.integers(1, 50, 12).astype(float)
    items = {str(i): (v, w) for i, (v, w) in enumerate(zip(value, weight, strict=True))}
    found = estimate(about, value, weight, seed=0, replicates=200)
    assert found.value == pytest.approx(about.aggregate(items), rel=1e-12)
    assert found.low < found.value < found.high
    assert (found.n, found.unit) == (12, "items")


@pytest.mark.parametrize("seed", range(3))
def test_one_direction_of_equal_windows_has_students_interval_on_the_log_scale(seed: int) -> None:
    value = np.random.default_rng(seed).normal(3, 0.5, 20)
    found = estimate(PERPLEXITY, value, np.full(20, 511.0), seed=seed, replicates=20_000)
    half = student.ppf(0.975, 19) * value.std(ddof=1) / math.sqrt(20)
    assert math.log(found.high / found.value) == pytest.approx(half, rel=0.03)
    assert math.log(found.value / found.low) == pytest.approx(half, rel=0.03)


def test_it_covers_the_truth_over_directions_and_windows() -> None:
    """Five directions and thirty windows share their effects; the truth is exp(3)."""
    draw, covered, runs = np.random.default_rng(0), 0, 200
    for run in range(runs):
        value = (
            3
            + draw.normal(0, 0.2, (5, 1, 1))
            + draw.normal(0, 0.5, (1, 1, 30))
            + draw.normal(0, 0.1, (5, 1, 30))
        )
        found = curve(PERPLEXITY, value, np.ones(30), seed=run, replicates=200)
        covered += bool(found.low_P[0] <= math.exp(3) <= found.high_P[0])
    assert 0.91 <= covered / runs <= 1


def test_the_order_of_items_and_directions_changes_nothing_but_noise() -> None:
    draw = np.random.default_rng(0)
    value, weight = draw.normal(3, 0.5, (3, 2, 40)), draw.random(40) + 0.5
    one = curve(PERPLEXITY, value, weight, seed=0)
    other = curve(PERPLEXITY, value[::-1, :, ::-1], weight[::-1], seed=0)
    assert other.mean_P == pytest.approx(one.mean_P, rel=1e-12)
    assert other.low_P == pytest.approx(one.low_P, rel=0.03)


def test_one_window_says_nothing_of_others() -> None:
    found = estimate(PERPLEXITY, [2.0], [100.0], seed=0, replicates=50)
    assert (found.value, found.low, found.high) == (pytest.approx(math.exp(2)), 0.0, math.inf)
    found = estimate(LINEAR, [2.0], [100.0], seed=0, replicates=50)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_windows_that_are_no_numbers_are_left_out() -> None:
    value = [2.0, math.nan, 2.5, 2.2]
    found = estimate(PERPLEXITY, value, np.ones(4), seed=0, replicates=200)
    assert found.value == pytest.approx(math.exp((2.0 + 2.5 + 2.2) / 3))
    assert found.n == 3
    nothing = estimate(PERPLEXITY, [math.nan] * 4, np.ones(4), seed=0, replicates=200)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (0.0, math.inf, 0)


def test_bad_arguments() -> None:
    with pytest.raises(UsageError):
        curve(SHARE, [[[2.0]]], [1.0], seed=0)
    with pytest.raises(UsageError):
        curve(PERPLEXITY, [[[2.0]]], [1.0], seed=0, level=1.0)
    with pytest.raises(UsageError, match="do not fit"):
        curve(PERPLEXITY, [[[2.0, 3.0]]], [1.0], seed=0)
