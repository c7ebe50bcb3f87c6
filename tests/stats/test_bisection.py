from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.stats.bisection import (
    FoundEdge,
    Question,
    SearchPlan,
    block_order,
    next_question,
)
from safebasin.stats.odds import Seen

from .searched import BLOCKS, PLAN, SIZE, Slope, searched

ORIGIN = Seen(72, 80, BLOCKS)
FULL = SearchPlan(0.5, BLOCKS)


def step(edge, high=SIZE, low=0):
    return lambda radius, block: high if radius < edge else low


@given(st.floats(0.001, 0.499))
def test_a_sharp_edge_is_bracketed_by_a_narrowest_cell(edge):
    found = searched(step(edge), ORIGIN, FULL)
    assert found.inner < edge + 1e-9
    assert edge <= found.outer
    assert found.outer - found.inner == pytest.approx(FULL.resolution)
    assert found.inner < found.radius < found.outer
    assert found.low <= edge <= found.high
    assert not found.censored
    assert not found.rises


def test_a_sharp_edge_costs_one_or_two_blocks_a_point():
    found = searched(step(0.23), ORIGIN, FULL)
    assert len(found.points) == FULL.coarse + FULL.halvings
    assert found.answered <= 2 * SIZE * len(found.points)


def test_the_coarse_radii_are_those_of_the_uniform_grid():
    assert FULL.coarse_radii == (0.125, 0.25, 0.375, 0.5)
    assert SearchPlan(0.3, 1, coarse=3).coarse_radii == (0.1, 0.2, 0.3)


@pytest.mark.parametrize("hits", [SIZE, 6])
def test_a_flat_curve_has_no_edge_in_reach(hits):
    found = searched(lambda radius, block: hits, ORIGIN, FULL)
    assert found.censored
    assert found.radius == found.inner == found.outer == 0.5
    assert [radius for radius, _ in found.points] == list(FULL.coarse_radii)


def test_no_hit_at_the_origin_is_undefined_and_asks_nothing():
    found = next_question({}, Seen(0, 80, BLOCKS), FULL)
    assert isinstance(found, FoundEdge)
    assert np.isnan(found.radius)
    assert (found.low, found.high, found.censored) == (0, 0.5, False)


def test_no_verdict_anywhere_is_undefined():
    nothing = dict.fromkeys(FULL.coarse_radii, Seen(0, 0, BLOCKS))
    found = next_question(nothing, ORIGIN, FULL)
    assert isinstance(found, FoundEdge)
    assert np.isnan(found.radius)


def test_a_curve_that_rises_again_gets_all_prompts_and_is_told():
    def answer(radius, block):
        return SIZE if radius < 0.2 or 0.3 < radius < 0.45 else 0

    found = searched(answer, ORIGIN, FULL)
    points = dict(found.points)
    assert found.rises
    assert found.inner <= 0.2 <= found.outer
    assert points[0.25].blocks == points[0.375].blocks == BLOCKS
    assert points[0.5].blocks < BLOCKS


def test_a_first_block_that_misled_is_corrected_by_the_rest():
    def answer(radius, block):
        odd = radius == 0.125 and block == 0
        return 0 if odd or radius > 0.4 else SIZE

    found = searched(answer, ORIGIN, FULL)
    assert not found.rises
    assert found.inner <= 0.4 <= found.outer


def test_more_answers_at_a_wrong_turn_undo_it():
    def answer(radius, block):
        wrong = radius == 0.1875 and block == 0
        return 0 if wrong or radius > 0.23 else SIZE

    found = searched(answer, ORIGIN, FULL)
    assert found.outer == 0.1875
    told = {**dict(found.points), 0.1875: Seen(72, 80, BLOCKS)}
    found = searched(answer, ORIGIN, FULL, observed=told)
    assert found.inner <= 0.23 <= found.outer


@given(st.data())
def test_any_answers_come_to_an_end_and_the_edge_lies_in_its_interval(data):
    shares = data.draw(st.lists(st.integers(0, SIZE), min_size=8, max_size=8))
    found = searched(lambda radius, block: shares[min(int(radius * 16), 7)], ORIGIN, FULL)
    assert 0 <= found.low <= found.radius <= found.high <= 0.5
    assert found.inner <= found.radius <= found.outer
    assert len(found.points) <= 2**FULL.halvings * FULL.coarse
    assert found.error >= 0


def test_the_order_in_which_answers_came_changes_nothing():
    rng = np.random.default_rng(0)
    found = Slope().search(rng, 0.23, np.zeros(80), ORIGIN)
    there = list(found.points)
    for _ in range(5):
        rng.shuffle(there)
        assert next_question(dict(there), ORIGIN, PLAN) == found


def test_a_search_that_was_interrupted_goes_on_the_same_way():
    asked, observed = [], {}
    while isinstance(question := next_question(observed, ORIGIN, FULL), Question):
        asked.append(question)
        hits = 7 if question.radius < 0.23 else 1
        observed[question.radius] = Seen(hits * question.blocks, 8 * question.blocks, question[1])
    again = {}
    for question in asked:
        assert next_question(dict(reversed(again.items())), ORIGIN, FULL) == question
        again[question.radius] = observed[question.radius]._replace(
            hits=(7 if question.radius < 0.23 else 1) * question.blocks,
            answered=8 * question.blocks,
            blocks=question.blocks,
        )


def test_scaling_the_axis_scales_the_search():
    one = searched(step(0.23), ORIGIN, FULL)
    other = searched(step(2.3), ORIGIN, SearchPlan(5.0, BLOCKS))
    assert other.answered == one.answered
    np.testing.assert_allclose(
        [other.radius, other.low, other.high, other.error],
        [10 * each for each in (one.radius, one.low, one.high, one.error)],
    )


def test_every_search_begins_with_other_prompts_and_asks_all():
    orders = [block_order(search, 10) for search in range(10)]
    assert {order[0] for order in orders} == set(range(10))
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert block_order(13, 10) == block_order(3, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reach": 0}, {"reach": np.nan}, {"blocks": 0}, {"coarse": 0}, {"halvings": -1},
        {"bound": 1}, {"rise": 0}, {"worth": 0}, {"worth": 1.1}, {"level": 1},
    ],
)  # fmt: skip
def test_senseless_plans_are_refused(wrong):
    with pytest.raises(UsageError):
        SearchPlan(**{"reach": 0.5, "blocks": 10, **wrong})


@pytest.mark.parametrize("observed", [{0.0: Seen(1, 2, 1)}, {0.1: Seen(3, 2, 1)}])
def test_impossible_observations_are_refused(observed):
    with pytest.raises(UsageError, match="not possible"):
        next_question(observed, ORIGIN, FULL)


def test_one_block_of_all_prompts_is_a_plain_bisection():
    found = searched(lambda radius, block: 80 if radius < 0.23 else 0, ORIGIN, SearchPlan(0.5, 1),
                     size=80)  # fmt: skip
    assert found.answered == 80 * 7
    assert found.inner <= 0.23 <= found.outer


@pytest.mark.parametrize("slope", [0.002, 0.02, 0.04])
def test_the_interval_of_a_side_covers_its_edge(slope):
    curve, inside, rng = Slope(slope=slope), [], np.random.default_rng(1)
    bias = curve.bias()
    for _ in range(15):
        searches, edge_DS = curve.searches(rng, 5)
        edge_DS = edge_DS + bias
        low, high = searches.array("low"), searches.array("high")
        inside.append((low <= edge_DS) & (edge_DS <= high))
    assert np.mean(inside) >= 0.92
