from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from safebasin.stats.edges import edges
from safebasin.stats.rays import Rays

X = np.array([-0.5, -0.3, -0.2, -0.05, 0, 0.1, 0.15, 0.4])
Y = np.array([-2.0, -1, 0, 0.5, 1.5, 3])
RNG = np.random.default_rng(0)


def falls(share_YX, x=X, y=Y, angles=72, threshold=0.5):
    return Rays.of(x, y, angles).edges(share_YX.ravel(), threshold)


def test_shares_at_crossings_are_bilinear():
    share_YX = RNG.random((Y.size, X.size))
    rays = Rays.of(X, Y)
    x, y = (rays.radius_AK * f(rays.angle_A)[:, None] for f in (np.cos, np.sin))
    between = RegularGridInterpolator((Y, X), share_YX, bounds_error=False, fill_value=None)
    found = (share_YX.ravel()[rays.point_2AK] * rays.weight_2AK).sum(0)
    np.testing.assert_allclose(found, between(np.stack([y, x], -1)), atol=1e-9)
    np.testing.assert_allclose(rays.weight_2AK.sum(0), 1)


def test_rays_end_at_the_border():
    rays = Rays.of(X, Y)
    x, y = rays.reach_A * np.cos(rays.angle_A), rays.reach_A * np.sin(rays.angle_A)
    off = np.min([x - X[0], X[-1] - x, y - Y[0], Y[-1] - y], 0)
    np.testing.assert_allclose(off, 0, atol=1e-9)
    assert (np.diff(rays.radius_AK) >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_along_the_axes_it_is_what_edges_finds(seed):
    share_YX = np.random.default_rng(seed).random((Y.size, X.size))
    share_YX[2, 4] = 0.9
    found = falls(share_YX, angles=4, threshold=0.45)
    row, column = edges(share_YX[2], X), edges(share_YX[:, 4], Y)
    for name in ("radius", "censored", "inner", "outer"):
        one, other = getattr(row, name), getattr(column, name)
        np.testing.assert_allclose(
            getattr(found, name).astype(float), [one[1], other[1], one[0], other[0]]
        )


def test_a_cone_falls_at_the_same_distance_everywhere():
    x = np.linspace(-1, 1, 41)
    share_YX = 1 - np.hypot(*np.meshgrid(x, x))
    found = falls(share_YX, x, x)
    np.testing.assert_allclose(found.radius, 0.5, atol=2e-3)
    assert not found.censored.any()


def test_a_step_lies_between_inner_and_outer():
    x = np.linspace(-1, 1, 41)
    for radius in (0.31, 0.43, 0.62):
        found = falls((np.hypot(*np.meshgrid(x, x)) <= radius).astype(float), x, x)
        assert (found.inner <= radius + 1e-9).all()
        assert (found.outer >= radius - 1e-9).all()
        assert (found.outer - found.inner).max() <= 3 * 0.05


def test_where_it_never_falls_the_border_counts():
    found = falls(np.ones((Y.size, X.size)))
    assert found.censored.all()
    np.testing.assert_allclose(found.radius, Rays.of(X, Y).reach_A)
    np.testing.assert_allclose(found.inner, found.outer)


@pytest.mark.parametrize("threshold", [0.0, np.nan])
def test_no_threshold_no_distance(threshold):
    found = falls(np.ones((Y.size, X.size)), threshold=threshold)
    assert np.isnan(found.radius).all()
    assert not found.censored.any()


def test_an_origin_on_the_border_has_rays_inside_the_window_only():
    x = np.linspace(0, 1, 11)
    found = falls(1 - np.hypot(*np.meshgrid(x, x)), x, x)
    angle = np.degrees(Rays.of(x, x).angle_A).round()
    np.testing.assert_array_equal(np.isfinite(found.radius), angle <= 90)


def test_many_maps_at_once_are_each_map_alone():
    share_BP = RNG.random((7, X.size * Y.size))
    threshold_B = np.array([0.1, 0.2, 0.3, 0.4, 0.5, np.nan, 0.0])
    rays = Rays.of(X, Y)
    together = rays.radius(share_BP, threshold_B)
    for share_P, threshold, found_A in zip(share_BP, threshold_B, together, strict=True):
        np.testing.assert_array_equal(rays.edges(share_P, threshold).radius, found_A)
