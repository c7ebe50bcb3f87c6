from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.stats.grid import bridge, mean_known, on_grid, origin_index

X_P = np.array([-2.0, -1.0, 0.0, 3.0])


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_bridge_agrees_with_linear_interpolation(known):
    curve = np.array([0.9, 0.1, 0.5, 0.8])
    holes = np.where(known, curve, np.nan)
    if any(known):
        expected = np.interp(X_P, X_P[known], curve[known])
        np.testing.assert_allclose(bridge(holes, X_P), expected)
    else:
        assert np.isnan(bridge(holes, X_P)).all()


def test_bridge_does_all_leading_axes_and_leaves_known_points_alone():
    rng = np.random.default_rng(0)
    curves = rng.random((2, 3, 4))
    holes = np.where(rng.random(curves.shape) < 0.4, np.nan, curves)
    filled = bridge(holes, X_P)
    for i in np.ndindex(2, 3):
        np.testing.assert_array_equal(filled[i], bridge(holes[i], X_P))
    assert np.array_equal(filled[np.isfinite(holes)], holes[np.isfinite(holes)])


@pytest.mark.parametrize("x", [[], [0, 0], [1, 0], [0, np.nan], [[0, 1]], [0, np.inf]])
def test_bad_grids_are_refused(x):
    with pytest.raises(UsageError, match="ascending"):
        on_grid(np.zeros(2), x)


def test_curve_must_fit_its_grid():
    with pytest.raises(UsageError, match="does not fit"):
        on_grid(np.zeros((4, 3)), X_P)


def test_origin_must_be_on_the_grid():
    assert origin_index(X_P) == 2
    with pytest.raises(UsageError, match="odd number"):
        origin_index(np.array([-0.5, 0.5]))


def test_mean_leaves_unknown_values_out():
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    np.testing.assert_array_equal(mean_known(values, 0), [2, np.nan])
