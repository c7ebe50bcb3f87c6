"""Where it stops, and what that costs; `pytest -m slow -s` prints `sequential`'s table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from safebasin.errors import UsageError
from safebasin.stats.sequential import Decision, WidthRule, decide, stops

CLUSTERS, CAP = 72, 100
widths = st.lists(st.floats(0.1, 20) | st.just(float("nan")), max_size=30)


def experiments(rng, draw_ND, shared):
    """Half-widths by `twoway`'s formula and errors of the mean, shapes ND."""
    number = np.arange(1, draw_ND.shape[1] + 1)
    x_ND = draw_ND + shared * rng.standard_normal((len(draw_ND), 1))
    mean_ND = x_ND.cumsum(1) / number
    square_ND = (x_ND**2).cumsum(1) - number * mean_ND**2
    variance_ND = np.maximum(square_ND, 0)[:, 1:] / (number - 1)[1:]
    t_D = stdtrit(number[1:] - 1, 0.975)
    prompts = stdtrit(CLUSTERS - 1, 0.975) ** 2 * shared**2
    half_ND = np.full(x_ND.shape, np.nan)
    half_ND[:, 1:] = np.sqrt(t_D**2 * variance_ND / number[1:] + prompts)
    return half_ND, mean_ND


def measure(draw_ND, shared, fewest, target=2.0, seed=1):
    """Coverage where it stops, and the mean number of directions."""
    half_ND, error_ND = experiments(np.random.default_rng(seed), draw_ND, shared)
    stop_N = stops(half_ND, WidthRule(target, draw_ND.shape[1], fewest))
    row = np.arange(len(stop_N)), stop_N - 1
    return np.mean(np.abs(error_ND[row]) <= half_ND[row]), stop_N.mean()


def normal(sd, experiments=4000, cap=CAP):
    return sd * np.random.default_rng(0).standard_normal((experiments, cap))


def test_stops_at_the_first_width_that_suffices_after_the_minimum():
    rule = WidthRule(2.0, most=10, fewest=4)
    assert decide([np.nan, 1.0, 1.0], rule) == Decision(True, 3, False, 4)
    assert decide([np.nan, 1.0, 1.0, 2.0], rule) == Decision(False, 4, True, 4)
    assert decide([np.nan, 9.0, 9.0, 4.0], rule) == Decision(True, 4, False, 10)
    assert decide([np.nan, 9.0, 9.0, 2.3, 2.1], rule) == Decision(True, 5, False, 6)


def test_the_cap_stops_it_and_says_that_it_was_the_cap():
    rule = WidthRule(2.0, most=5, fewest=3)
    assert decide([9.0] * 4, rule) == Decision(True, 4, False, 5)
    assert decide([9.0] * 5, rule) == Decision(False, 5, False, 5)
    assert decide([9.0] * 4 + [2.0], rule) == Decision(False, 5, True, 5)
    assert decide([9.0] * 4 + [np.nan], rule) == Decision(False, 5, False, 5)


def test_a_cap_below_the_minimum_wins_and_claims_nothing():
    assert decide([1.0, 1.0], WidthRule(2.0, most=2)) == Decision(False, 2, False, 2)


def test_nothing_yet_means_go_on():
    assert decide([], WidthRule(2.0)) == Decision(True, 0, False, 8)


def test_an_undefined_score_runs_into_the_cap():
    assert decide([np.nan] * 20, WidthRule(2.0, most=20)) == Decision(False, 20, False, 20)


@given(widths, widths, st.integers(1, 20), st.integers(3, 10))
def test_once_stopped_more_directions_change_nothing(first, more, most, fewest):
    rule = WidthRule(2.0, most, fewest)
    found = decide(first, rule)
    assert found.directions <= min(len(first), most) if not found.go_on else found.forecast <= most
    assert found.go_on or decide(first + more, rule) == found


@given(st.lists(widths.filter(len), min_size=1, max_size=4), st.integers(3, 10))
def test_many_experiments_stop_where_each_does(rows, fewest):
    rule = WidthRule(2.0, 20, fewest)
    length = min(map(len, rows))
    together = stops([row[:length] for row in rows], rule)
    alone = [decide(row[:length], rule) for row in rows]
    assert together.tolist() == [0 if each.go_on else each.directions for each in alone]


@pytest.mark.parametrize("wrong", [{"target": 0}, {"target": np.nan}, {"most": 0}, {"fewest": 2}])
def test_senseless_rules_are_refused(wrong):
    with pytest.raises(UsageError):
        WidthRule(**{"target": 2.0, **wrong})


def test_intervals_still_cover_and_a_minimum_of_three_would_not_do():
    eight, _ = measure(normal(4.0), 0.0, 8)
    three, _ = measure(normal(4.0), 0.0, 3)
    assert eight >= 0.92
    assert three < eight - 0.015


def test_directions_that_vary_twice_as_much_take_about_four_times_as_many():
    few, many = measure(normal(3.0), 0.0, 8)[1], measure(normal(6.0), 0.0, 8)[1]
    assert many / few == pytest.approx(35.4 / 11.2, rel=0.05)
    assert many == pytest.approx((1.96 * 6 / 2) ** 2, rel=0.05)


def test_directions_that_agree_take_the_minimum():
    assert measure(normal(0.1), 0.0, 8) == (pytest.approx(0.95, abs=0.015), 8)


def test_the_forecast_finds_the_order_of_magnitude():
    half_ND, _ = experiments(np.random.default_rng(0), normal(5.0, 300), 0.0)
    rule = WidthRule(2.0, most=CAP)
    forecast = np.median([decide(half_D[:8], rule).forecast for half_D in half_ND])
    assert 0.7 < forecast / np.mean(stops(half_ND, rule)) < 1.5


@pytest.mark.slow
def test_coverage_at_length():
    rng = np.random.default_rng(2)
    print("\n    fewest  common  " + "  ".join(f"sd {sd:<7}" for sd in (1.5, 2, 3, 4, 5, 6)))
    for fewest in (3, 5, 8):
        for shared in (0.0, 0.5):
            found = [
                measure(normal(sd, 40_000), shared, fewest) for sd in (1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
            ]
            row = "  ".join(f"{cover:.3f} {mean:4.1f}" for cover, mean in found)
            print(f"    {fewest}       {shared}     {row}")
            assert fewest < 8 or min(cover for cover, _ in found) >= 0.93
    for sd in (2.0, 4.0, 6.0):
        skewed = sd * (rng.gamma(4.0, 0.5, (40_000, CAP)) - 2.0)  # skewness 1
        print(f"    skewness 1, fewest 8, sd {sd}: %.3f %.1f" % measure(skewed, 0.0, 8))
        assert measure(skewed, 0.0, 8)[0] >= 0.90
