from __future__ import annotations

import numpy as np
import pytest

from safebasin.records import Estimate
from safebasin.stats.bootstrap import resampled
from safebasin.stats.ordering import EdgeSample, edge_gap, mean_edge, order

X_P = np.linspace(-0.5, 0.5, 21)
PROMPTS = np.arange(40)


def steps(*edges, prompts=40):
    """All prompts fall at the same radius, one a direction."""
    hit_DP = np.abs(X_P) <= np.array(edges)[:, None] + 1e-9
    sample = resampled(
        np.repeat(hit_DP[..., None], prompts, -1), np.arange(prompts), replicates=50, seed=0
    )
    return EdgeSample.of(sample, X_P)


def gap(value, low, high, censored=0):
    return Estimate(value, low, high, 5, "directions", "", censored=censored)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (gap(-0.2, -0.3, -0.1), "capability_first"),
        (gap(-0.2, -0.3, -0.1, censored=3), "capability_first"),
        (gap(0.2, 0.1, 0.3), "safety_first"),
        (gap(0.0, -0.1, 0.1), "indistinguishable"),
        (gap(-0.1, -0.2, 0.0), "indistinguishable"),
        (gap(0.0, -0.1, 0.1, censored=1), "undetermined"),
        (gap(0.0, 0.0, 0.0, censored=10), "undetermined"),
        (gap(np.nan, -0.5, 0.5), "undetermined"),
        (gap(0.1, -0.5, 0.5), "undetermined"),
    ],
)
def test_verdicts(found, verdict):
    assert order(found, 0.5) == verdict


def test_sharp_edges_are_known_to_the_cell():
    found = mean_edge(steps(0.2, 0.2, 0.2), 0.95)
    assert found.value == pytest.approx(0.225)
    assert (found.low, found.high) == pytest.approx((0.2, 0.25))
    assert (found.n, found.unit, found.censored) == (3, "directions", 0)


def test_directions_that_differ_widen_it():
    found = mean_edge(steps(0.1, 0.2, 0.3), 0.95)
    assert found.value == pytest.approx(0.225)
    assert found.high - found.low == pytest.approx(2 * 4.303 * 0.1 / 3**0.5, abs=0.06)


def test_censored_sides_are_counted_and_count_as_the_range():
    found = mean_edge(steps(0.2, 0.9, 0.9), 0.95)
    assert found.censored == 4
    assert found.value == pytest.approx((0.225 + 0.5 + 0.5) / 3)
    assert found.high == 0.5


def test_undefined_edge_has_the_whole_range():
    nothing = resampled(np.zeros((3, 21, 40)), PROMPTS, replicates=50, seed=0)
    found = mean_edge(EdgeSample.of(nothing, X_P), 0.95)
    assert np.isnan(found.value)
    assert (found.low, found.high, found.censored) == (0, 0.5, 0)
    between = edge_gap(EdgeSample.of(nothing, X_P), steps(0.2, 0.2, 0.2), 0.95)
    assert np.isnan(between.value)
    assert order(between, 0.5) == "undetermined"


def test_an_edge_that_hangs_on_one_prompt_has_the_whole_range():
    """One refusal of forty at the origin: in a third of the replicates there is none."""
    hit = np.zeros((3, 21, 40))
    hit[:, 10, 0] = 1
    sample = resampled(hit, PROMPTS, replicates=500, seed=0)
    found = mean_edge(EdgeSample.of(sample, X_P), 0.95)
    assert (found.low, found.high) == (0, 0.5)


def test_same_edges_have_no_gap_however_the_directions_differ():
    sample = steps(0.1, 0.2, 0.4)
    found = edge_gap(sample, sample, 0.95)
    assert found.value == 0
    assert found.low < 0 < found.high
    assert order(found, 0.5) == "indistinguishable"


def test_gap_is_paired_by_direction():
    found = edge_gap(steps(0.05, 0.15, 0.3), steps(0.15, 0.25, 0.4), 0.95)
    assert found.value == pytest.approx(-0.1)
    assert (found.low, found.high) == pytest.approx((-0.15, -0.05))
    assert order(found, 0.5) == "capability_first"


def test_swapping_the_edges_swaps_the_verdict():
    one, other = steps(0.05, 0.1, 0.1), steps(0.3, 0.3, 0.4)
    forth, back = edge_gap(one, other, 0.95), edge_gap(other, one, 0.95)
    assert (back.value, back.low, back.high) == pytest.approx(
        (-forth.value, -forth.high, -forth.low)
    )
    assert order(forth, 0.5) == "capability_first"
    assert order(back, 0.5) == "safety_first"


def test_neighbouring_cells_are_not_told_apart():
    found = edge_gap(steps(0.2, 0.2, 0.2), steps(0.25, 0.25, 0.25), 0.95)
    assert found.value == pytest.approx(-0.05)
    assert order(found, 0.5) == "indistinguishable"


def test_five_prompts_support_no_verdict():
    found = edge_gap(steps(0.1, 0.1, prompts=5), steps(0.4, 0.4), 0.95)
    assert order(found, 0.5) == "undetermined"


def test_both_edges_beyond_the_range_cannot_be_ordered():
    found = edge_gap(steps(0.9, 0.9), steps(0.9, 0.9), 0.95)
    assert found.censored == 4
    assert order(found, 0.5) == "undetermined"
