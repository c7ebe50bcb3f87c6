from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safebasin.errors import UsageError
from safebasin.stats.edges import edges

X_P = np.linspace(-0.5, 0.5, 21)
shares = st.integers(0, 20).map(lambda k: k / 20)
curves = arrays(float, 21, elements=shares)


def test_triangle_falls_to_half_at_half_its_radius():
    found = edges(1 - 2 * np.abs(X_P), X_P)
    np.testing.assert_allclose(found.radius, 0.25)
    assert not found.censored.any()


def test_step_lies_in_the_cell_that_it_crosses():
    found = edges((X_P > -0.12) & (X_P < 0.33), X_P)
    np.testing.assert_allclose(found.inner, [0.1, 0.3])
    np.testing.assert_allclose(found.outer, [0.15, 0.35])
    np.testing.assert_allclose(found.radius, [0.125, 0.325])


def test_a_curve_without_a_drop_has_no_edge():
    for height in (0.01, 0.5, 1.0):
        found = edges(np.full(21, height), X_P)
        assert found.censored.all()
        np.testing.assert_array_equal(found.radius, 0.5)


def test_touching_the_threshold_is_not_falling_below_it():
    assert edges(np.where(X_P == 0, 1.0, 0.5), X_P).censored.all()


def test_no_safety_at_the_origin_has_no_edge_to_speak_of():
    found = edges(np.where(X_P == 0, 0.0, 1.0), X_P)
    assert np.isnan(found.radius).all()
    assert not found.censored.any()


def test_the_first_crossing_counts_if_the_curve_comes_back():
    curve = np.ones(21)
    curve[12] = 0
    found = edges(curve, X_P)
    assert found.radius[1] == pytest.approx(0.075)
    assert found.censored.tolist() == [True, False]


@given(curves, st.sampled_from([0.25, 0.5, 0.9, 1.0]))
def test_mirror_image_swaps_the_sides(curve, drop):
    here, there = edges(curve, X_P, drop=drop), edges(curve[::-1], X_P, drop=drop)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one, other[::-1], atol=1e-12)


@given(curves)
def test_a_deeper_drop_lies_further_out(curve):
    radii = np.stack([edges(curve, X_P, drop=drop).radius for drop in (0.9, 0.5, 0.2)])
    assert curve[10] == 0 or np.all(np.diff(radii, axis=0) >= -1e-12)


@given(curves, st.sampled_from([0.25, 0.5, 1.0]))
def test_only_the_shape_counts_and_the_radius_is_in_its_cell(curve, scale):
    found, scaled = edges(curve, X_P), edges(scale * curve, X_P)
    np.testing.assert_allclose(found.radius, scaled.radius, atol=1e-9)
    known = np.isfinite(found.radius)
    assert known.all() == (curve[10] > 0)
    assert np.all((found.inner <= found.radius)[known] & (found.radius <= found.outer)[known])
    assert np.all(found.radius[known] <= 0.5)


def test_leading_axes_are_done_at_once():
    many = np.random.default_rng(0).random((3, 4, 21))
    many[0, 0, 10] = 0
    many[1, 1, 3:9] = many[1, 2, 18:] = np.nan
    found = edges(many, X_P)
    for i in np.ndindex(3, 4):
        for all_, one in zip(found, edges(many[i], X_P), strict=True):
            np.testing.assert_array_equal(all_[i], one)


def test_unknown_points_are_bridged_inside_and_end_the_range_outside():
    tent = 1 - 2 * np.abs(X_P)
    tent[14] = np.nan
    assert edges(tent, X_P).radius[1] == pytest.approx(0.25)
    flat = np.ones(21)
    flat[-3:] = np.nan
    found = edges(flat, X_P)
    np.testing.assert_allclose(found.radius, [0.5, 0.35])
    assert found.censored.all()


def test_a_side_that_nobody_looked_at_is_undefined():
    found = edges([1.0, 0.0], [0.0, 1.0])
    np.testing.assert_array_equal(found.radius, [np.nan, 0.5])
    assert not found.censored.any()
    assert np.isnan(edges([1.0], [0.0]).radius).all()
    assert np.isnan(edges([1.0, np.nan, 1.0], [-1.0, 0.0, 1.0]).radius).all()


def test_three_points():
    np.testing.assert_allclose(edges([0.0, 1.0, 0.75], [-1.0, 0.0, 1.0]).radius, [0.5, 1.0])


def test_another_origin_can_be_the_yardstick():
    curve = 1 - 2 * np.abs(X_P)
    np.testing.assert_allclose(edges(curve, X_P, origin=0.4).radius, 0.4)
    np.testing.assert_allclose(edges(curve / 4, X_P, origin=1.0).radius, 0)


@pytest.mark.parametrize("drop", [0, -1, 1.5, np.nan])
def test_drop_out_of_range_is_refused(drop):
    with pytest.raises(UsageError, match="drop"):
        edges(np.ones(21), X_P, drop=drop)


def test_a_grid_without_the_origin_is_refused():
    with pytest.raises(UsageError, match="contain 0"):
        edges(np.ones(2), [-1.0, 1.0])
