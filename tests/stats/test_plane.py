from __future__ import annotations

import numpy as np
import pytest

from safebasin.stats.plane import Plane
from safebasin.stats.visage import visage

X = np.array([-0.5, -0.3, 0, 0.1, 0.4])
Y = np.array([-2.0, 0, 0.5, 3])
PLANE = Plane.of(X, Y)
RNG = np.random.default_rng(0)


def test_mean_is_the_trapezoid_rule_along_both_axes():
    share_YX = RNG.random(PLANE.shape)
    assert PLANE.mean(share_YX) == pytest.approx(np.trapezoid(np.trapezoid(share_YX, X), Y) / 4.5)
    assert PLANE.mean(np.ones((3, *PLANE.shape))) == pytest.approx([1, 1, 1])


def test_a_map_that_is_the_same_along_y_has_the_curves_visage():
    share_X = RNG.random(X.size)
    assert 100 * PLANE.mean(np.tile(share_X, (Y.size, 1))) == pytest.approx(visage(share_X, X))


def test_area_counts_what_each_point_stands_for():
    share_YX = np.zeros(PLANE.shape)
    share_YX[1, 2] = 1
    expected = (2.5 / 2) * (0.4 / 2) / 4.5
    assert PLANE.area(share_YX[None], np.array([0.5])) == pytest.approx(expected)
    assert PLANE.area_between(share_YX, 0.5) == (0, pytest.approx(2.5 * 0.4 / 4.5))


def test_area_lies_between_the_cells_that_are_wholly_and_partly_inside():
    for seed in range(20):
        share_YX = np.random.default_rng(seed).random(PLANE.shape)
        least, most = PLANE.area_between(share_YX, 0.5)
        assert least <= PLANE.area(share_YX[None], np.array([0.5]))[0] <= most


def test_area_of_everything_and_of_nothing_to_compare_with():
    share_BYX = np.ones((3, *PLANE.shape))
    found = PLANE.area(share_BYX, np.array([0.5, 0.0, np.nan]))
    np.testing.assert_array_equal(found, [1, np.nan, np.nan])
    assert PLANE.area_between(share_BYX[0], 0.5) == (1, 1)


def test_unknown_points_are_filled_from_row_and_column():
    flat_YX = 0.2 + 0.3 * X + 0.1 * Y[:, None]
    holes = flat_YX.copy()
    holes[1, 2] = holes[2, 3] = np.nan
    np.testing.assert_allclose(PLANE.filled(holes), flat_YX)
    holes[1] = holes[:, 2] = np.nan
    assert np.isfinite(PLANE.filled(holes)).all()
    assert np.isnan(PLANE.filled(np.full(PLANE.shape, np.nan))).all()


def test_filling_does_not_prefer_an_axis():
    share_YX = np.where(RNG.random(PLANE.shape) < 0.4, np.nan, RNG.random(PLANE.shape))
    turned = Plane.of(Y, X).filled(share_YX.T)
    np.testing.assert_allclose(PLANE.filled(share_YX), turned.T)
