from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safebasin.errors import UsageError
from safebasin.stats.visage import visage, visage_published

shares = st.integers(0, 80).map(lambda k: k / 80)
curves = st.integers(1, 25).flatmap(lambda n: arrays(float, n, elements=shares))


def grid(points):
    return np.linspace(-0.5, 0.5, points) if points > 1 else np.zeros(1)


def plainly(asr):
    """The published rule, scanned point by point."""
    asr = [100 * a for a in asr]
    start, end, half = 0, len(asr) - 1, len(asr) // 2
    for i in range(1, half):
        if asr[i] <= 99.99 < asr[i - 1]:
            start = i
            break
    for i in range(len(asr) - 2, half, -1):
        if asr[i] <= 99.99 < asr[i + 1]:
            end = i
            break
    return float(np.mean([100 - a for a in asr[start : end + 1]]))


@given(curves)
def test_lies_between_least_and_greatest_safety(safe):
    found = visage(safe, grid(safe.size))
    assert 100 * safe.min() - 1e-9 <= found <= 100 * safe.max() + 1e-9


@given(curves)
def test_mirror_image_has_the_same_score(safe):
    x = grid(safe.size)
    assert visage(safe[::-1], -x[::-1]) == pytest.approx(float(visage(safe, x)))


@given(curves)
def test_safety_and_danger_add_up(safe):
    x = grid(safe.size)
    assert visage(safe, x) + visage(1 - safe, x) == pytest.approx(100)


def test_triangle_has_half_its_height():
    x = np.linspace(-1, 1, 41)
    assert visage(1 - np.abs(x), x) == pytest.approx(50)


def test_step_has_the_width_of_its_basin_up_to_the_grid():
    for points in (21, 41, 401):
        x = np.linspace(-0.5, 0.5, points)
        assert visage(np.abs(x) <= 0.2, x) == pytest.approx(40, abs=100 / points)


def test_spacing_does_not_matter_for_a_broken_line():
    even = np.linspace(-1, 1, 21)
    uneven = np.array([-1, -0.9, -0.5, 0, 0.1, 0.5, 0.6, 1])
    score = visage(1 - np.abs(even), even)
    assert visage(1 - np.abs(uneven), uneven) == pytest.approx(float(score))


def test_unknown_points_are_bridged():
    x = np.linspace(-1, 1, 5)
    assert visage([0, 0.5, np.nan, 0.5, 0], x) == pytest.approx(
        float(visage([0, 0.5, 0.5, 0.5, 0], x))
    )
    assert np.isnan(visage(np.full(5, np.nan), x))


def test_a_single_point_is_its_own_score():
    assert visage([0.25], [0]) == 25
    assert visage_published([0.25]) == 75


def test_leading_axes_are_done_at_once():
    curves_ = np.random.default_rng(0).integers(0, 3, (4, 5, 9)) / 2
    x = grid(9)
    for i in np.ndindex(4, 5):
        assert visage(curves_, x)[i] == pytest.approx(float(visage(curves_[i], x)))
        assert visage_published(curves_)[i] == pytest.approx(float(visage_published(curves_[i])))


def test_bad_grid_is_refused():
    with pytest.raises(UsageError):
        visage([1, 1], [1, 0])


@given(
    st.integers(1, 25).flatmap(lambda n: arrays(float, n, elements=st.sampled_from([0, 0.5, 1])))
)
def test_published_rule_point_by_point(asr):
    assert visage_published(asr) == pytest.approx(plainly(asr))


@pytest.mark.parametrize(
    ("asr", "score"),
    [
        ([1, 1, 0, 0, 0, 1, 1], 100),  # both plateaus: the basin alone
        ([0.5, 1, 0, 0, 0, 1, 1], 100),  # a dip at the edge does not open it
        ([0.9, 0.9, 0, 0, 0, 0.9, 0.9], 100 - 360 / 7),  # never a plateau: the whole range
        ([1, 1, 0, 0, 0, 0.9, 0.9], 100 - 180 / 5),  # one plateau
        ([1, 1, 1, 1, 1, 1, 1], 0),
        ([0, 0, 0, 0, 0, 0, 0], 100),
        ([1, 0, 1, 0, 1, 0, 1], 60),  # outermost transitions count, holes inside do too
        ([1, 1, 1, 0, 1, 1, 1], 100 / 7),  # the middle point is outside both scans
        ([1, 0, 1], 100 / 3),
    ],
)
def test_published_rule_on_curves_by_hand(asr, score):
    assert visage_published(asr) == pytest.approx(score)


def test_every_attack_of_any_number_is_exactly_on_the_plateau():
    for n in range(1, 600):
        asr = np.array([n, n, 0, 0, 0, n, n]) / n
        assert visage_published(asr) == 100


def test_published_score_jumps_where_ours_does_not():
    """One response of 1,680: the reason for the fixed window."""
    x = grid(21)
    before = np.where(np.abs(x) <= 0.2, 0.05, 79 / 80)
    after = before.copy()
    after[5] = 1.0
    assert abs(visage_published(after) - visage_published(before)) > 10
    assert abs(visage(1 - after, x) - visage(1 - before, x)) < 0.1
