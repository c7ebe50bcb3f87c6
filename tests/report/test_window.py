from __future__ import annotations

import pytest

from safebasin.report.window import Window
from safebasin.summary import Axis

from .factory import estimate
from .factory_plane import plane


def window(step_x, step_y, reach=0.5):
    found = plane(nx=3, ny=3)
    axes = [
        Axis(name="n", label="l", key="k", step=step, values=[-reach, 0.0, reach])
        for step in (step_x, step_y)
    ]
    return Window.of(found.model_copy(update={"x": axes[0], "y": axes[1]}))


def test_the_same_length_is_the_same_distance():
    assert window(0.08, 0.06).aspect == pytest.approx(0.75)


@pytest.mark.parametrize("steps", [(1.0, 0.1), (0.1, 1.0), (0.0, 1.0)])
def test_a_window_that_would_be_a_strip_is_a_square(steps):
    assert window(*steps).aspect == 1


def test_small_distances_have_more_decimals():
    edge = estimate(0.0131, 0, bounds=(0, 1))
    assert window(1, 1, reach=0.5).edge(edge).value == "0.01"
    assert window(1, 1, reach=0.02).edge(edge).value == "0.013"


def test_coordinates_of_a_fine_map_stay_short():
    found = plane(nx=100, ny=100)
    assert Window.of(found).x.coordinate(found.x.values[1]) == "−0.4899"
