"""`pytest -m slow -s tests/stats/test_bisected.py` prints the table in `bisected`'s docstring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from safebasin.stats.bisected import (
    EdgeSearches,
    edge_gap,
    mean_edge,
    uniform_equivalent,
    uniform_error,
)
from safebasin.stats.bisection import SearchPlan
from safebasin.stats.edges import edges
from safebasin.stats.odds import Seen
from safebasin.stats.ordering import order

from .searched import BLOCKS, SIZE, Slope, searched

ORIGIN = Seen(72, 80, BLOCKS)
FULL = SearchPlan(0.5, BLOCKS)
SHARP = Slope(slope=0.002, prompts=0.0)
SOFT = Slope()


def steps(*edges_D, origin=ORIGIN, clusters=80):
    """All prompts of a direction fall at the same radius on both sides."""
    found = [
        [searched(lambda r, block, e=edge: SIZE * (r < e), origin, FULL) for _ in range(2)]
        for edge in edges_D
    ]
    return EdgeSearches(found, origin, FULL, clusters)


def measure(curve, directions, experiments, seed=0):
    """Coverage of the mean and of single sides, root mean square errors, bias and cost."""
    bias, rows = curve.bias(), []
    truth = curve.edge + bias
    for number in range(experiments):
        rng = np.random.default_rng([seed, directions, number])
        searches, edge_DS = curve.searches(rng, directions)
        found = mean_edge(searches)
        edge_DS, radius_DS = edge_DS + bias, searches.array("radius")
        inside = (searches.array("low") <= edge_DS) & (edge_DS <= searches.array("high"))
        off_DS = radius_DS - edge_DS
        per_side = (searches.answered - 80) / radius_DS.size
        rows.append((found.low <= truth <= found.high, inside.mean(), (off_DS**2).mean(),
                     off_DS.mean(), per_side, (found.high - found.low) / 2))  # fmt: skip
    cover, side, square, bias, cost, half = np.mean(rows, axis=0)
    return {"mean": cover, "side": side, "rmse": square**0.5, "bias": bias, "answers": cost,
            "half": half}  # fmt: skip


def uniform_rmse(curve, points, experiments=400, seed=3):
    """Root mean square error of one side's edge on a uniform grid, all prompts at each point."""
    rng, radius_P = np.random.default_rng(seed), np.linspace(0, 0.5, points + 1)
    edge_D = curve.edge + curve.between * rng.standard_normal(experiments)
    shift_DPQ = curve.prompts * rng.standard_normal((experiments, 1, 80))
    share_DPQ = curve.share(radius_P[:, None], edge_D[:, None, None], shift_DPQ)
    share_DPQ[:, 0] = curve.inside
    share_DP = (rng.random(share_DPQ.shape) < share_DPQ).mean(-1)
    off_D = edges(share_DP, radius_P).radius[:, 1] - edge_D - curve.bias()
    return float(np.sqrt(np.mean(off_D**2)))


def test_sharp_edges_are_known_to_the_cell():
    found = mean_edge(steps(0.2, 0.2, 0.2))
    assert found.low <= 0.1875 < found.value < 0.203125 <= found.high
    assert (found.n, found.unit, found.censored) == (3, "directions", 0)
    assert found.high - found.low < 3 * FULL.resolution


def test_directions_that_differ_widen_it_by_students_t():
    found = mean_edge(steps(0.1, 0.2, 0.3))
    assert found.value == pytest.approx(0.2, abs=FULL.resolution)
    assert found.high - found.low == pytest.approx(2 * 4.303 * 0.1 / 3**0.5, rel=0.1)


def test_a_flat_curve_is_censored_and_not_found():
    flat = steps(0.9, 0.9, 0.9)
    found = mean_edge(flat)
    assert (found.value, found.high, found.censored) == (0.5, 0.5, 6)
    assert uniform_equivalent(flat, 80) == 0


def test_censored_sides_count_as_the_reach():
    found = mean_edge(steps(0.2, 0.9, 0.9))
    assert found.censored == 4
    assert found.value == pytest.approx((0.2 + 0.5 + 0.5) / 3, abs=FULL.resolution)


def test_no_hit_at_the_origin_is_undefined():
    none = steps(0.2, 0.2, origin=Seen(0, 80, BLOCKS))
    found = mean_edge(none)
    assert np.isnan(found.value)
    assert (found.low, found.high, found.censored) == (0, 0.5, 0)
    assert none.answered == 80
    assert uniform_equivalent(none, 80) == 0
    assert np.isnan(edge_gap(steps(0.2, 0.2), none).value)


def test_an_origin_of_two_hits_has_the_whole_range():
    found = mean_edge(steps(0.2, 0.2, origin=Seen(2, 80, BLOCKS)))
    assert (found.low, found.high) == (0, 0.5)


def test_five_prompts_support_no_interval():
    found = mean_edge(steps(0.2, 0.2, clusters=5))
    assert (found.low, found.high) == (0, 0.5)


def test_a_direction_without_verdicts_is_left_out():
    searches = steps(0.1, 0.2, 0.3)
    nan = float("nan")
    unknown = replace(searches.found_DS[0][0], radius=nan, error=nan, inner=nan, outer=nan,
                      points=())  # fmt: skip
    with_it = mean_edge(replace(searches, found_DS=[*searches.found_DS, [unknown, unknown]]))
    without = mean_edge(searches)
    assert with_it.value == pytest.approx(without.value)
    assert with_it.high - with_it.low == pytest.approx(without.high - without.low, rel=0.02)


def test_one_direction_says_that_it_knows_nothing_of_others():
    found = mean_edge(steps(0.2))
    assert "1 direction" in found.method
    assert "1 direction" not in mean_edge(steps(0.2, 0.2)).method
    assert found.low < 0.2 < found.high


def test_fewer_clusters_of_prompts_widen_it():
    searches, _ = replace(SOFT, between=0.001).searches(np.random.default_rng(0), 5)
    wide, narrow = (mean_edge(replace(searches, clusters=c)) for c in (10, 80))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_gap_is_paired_by_direction_and_ordered():
    gap = edge_gap(steps(0.05, 0.15, 0.3), steps(0.15, 0.25, 0.4))
    assert gap.value == pytest.approx(-0.1, abs=FULL.resolution)
    assert order(gap, 0.5) == "capability_first"
    back = edge_gap(steps(0.15, 0.25, 0.4), steps(0.05, 0.15, 0.3))
    assert (back.value, back.low, back.high) == pytest.approx((-gap.value, -gap.high, -gap.low))
    same = steps(0.1, 0.2, 0.4)
    assert edge_gap(same, same).value == 0
    assert order(edge_gap(same, same), 0.5) == "indistinguishable"
    assert order(edge_gap(steps(0.9, 0.9), steps(0.9, 0.9)), 0.5) == "undetermined"


@pytest.mark.slow
def test_equal_edges_are_not_told_apart_and_unequal_ones_are():
    near, far = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        one, _ = SOFT.searches(rng, 5)
        other, _ = SOFT.searches(rng, 5)
        further, _ = replace(SOFT, edge=0.4).searches(rng, 5)
        near.append(order(edge_gap(one, other), 0.5))
        far.append(order(edge_gap(one, further), 0.5))
    assert near.count("indistinguishable") >= 18
    assert far.count("capability_first") >= 19


def test_the_slope_is_that_of_the_curve():
    searches, _ = SOFT.searches(np.random.default_rng(0), 40)
    at = SOFT.edge + SOFT.bias() + np.array([-1e-3, 1e-3])
    shift = SOFT.prompts * np.random.default_rng(1).standard_normal(4000)
    share = SOFT.share(at[:, None], SOFT.edge, shift).mean(-1)
    assert searches.slope() == pytest.approx((share[0] - share[1]) / 2e-3, rel=0.15)


@pytest.mark.parametrize("points", [8, 16, 32])
@pytest.mark.parametrize("slope", [0.002, 0.01, 0.04])
def test_error_of_a_uniform_grid_is_the_simulated_one(slope, points):
    curve = Slope(slope=slope, prompts=0.0, floor=0.0)
    found = float(uniform_error(0.5 / points, 0.9, 0.9 / (4 * slope), 80))
    assert found == pytest.approx(uniform_rmse(curve, points), rel=0.15)


def test_error_of_a_uniform_grid_at_its_limits():
    assert uniform_error(0.1, 0.9, 1e6, 80) == pytest.approx(0.1 / 12**0.5, rel=0.05)
    fine = uniform_error([0.01, 0.005], 0.9, 5.0, 80)
    assert fine[0] == pytest.approx(fine[1], rel=0.1)
    assert np.all(fine > uniform_error([0.01, 0.005], 0.9, 5.0, 320))


@pytest.mark.slow
def test_a_sharp_edge_saves_more_than_ten_times_a_soft_one_about_twice():
    saved = []
    for curve in (SHARP, SOFT):
        found, points = measure(curve, 10, 10), np.arange(2, 33)
        least = next(p for p in points if uniform_rmse(curve, p, 150) <= found["rmse"] * 1.05)
        saved.append(80 * least / found["answers"])
    assert saved[0] > 10
    assert 1.5 < saved[1] < 6


@pytest.mark.parametrize(
    "curve",
    [SHARP, *(pytest.param(each, marks=pytest.mark.slow) for each in (SOFT, Slope(slope=0.04)))],
)
def test_the_true_error_of_a_search_is_below_two_thirds_of_what_it_says(curve):
    searches, edge_DS = curve.searches(np.random.default_rng(0), 150)
    off_DS = searches.array("radius") - edge_DS - curve.bias()
    ratio = np.sqrt(np.mean(off_DS**2) / np.mean(searches.array("error") ** 2))
    assert 0.25 < ratio < 2 / 3


def test_the_reported_equivalent_is_cautious():
    for curve, most in ((SHARP, 25), (SOFT, 6)):
        searches, _ = curve.searches(np.random.default_rng(0), 5)
        assert 1 < uniform_equivalent(searches, 80) / searches.answered < most


@pytest.mark.slow
def test_intervals_cover():
    found = measure(SOFT, 5, 40)
    assert found["mean"] >= 0.9
    assert abs(found["bias"]) < 0.002


WORLDS = {
    "soft": (SOFT, 5),
    "soft, D 3": (SOFT, 3),
    "soft, D 10": (SOFT, 10),
    "sharp": (SHARP, 5),
    "shallow": (Slope(slope=0.04), 5),
    "floor 0.2": (Slope(floor=0.2), 5),
    "prompts differ most": (Slope(slope=0.005, prompts=0.04, between=0.005), 10),
    "rises again": (Slope(edge=0.18, between=0.01, back=0.35), 5),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_intervals_cover_at_length(name):
    curve, directions = WORLDS[name]
    found = measure(curve, directions, 240 if directions < 10 else 120)
    print(f"    {name:20}" + "  ".join(
        f"{value:7.0f}" if what == "answers" else f"{value:7.4f}" for what, value in found.items()
    ))  # fmt: skip
    assert found["mean"] >= 0.93
    assert found["side"] >= 0.93
    assert abs(found["bias"]) < 0.003
