"""The grid: symmetric to the last bit, with one origin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safebasin.points import Point
from safebasin.studies.rays import Rays


def rays(**changes) -> Rays:
    usual = {"directions": 2, "points": 5, "radius": 0.5, "seed": 0}
    return Rays(**usual | {"noise": "gaussian", "norm": "layer", "skip": "norms"} | changes)


grids = st.builds(
    lambda directions, half, radius: rays(
        directions=directions, points=2 * half + 1, radius=radius
    ),
    st.integers(1, 4),
    st.integers(1, 30),
    st.floats(1e-6, 100),
)


@given(grids)
def test_the_axis_is_exactly_symmetric_about_an_exact_zero(grid: Rays) -> None:
    axis = grid.axis_P
    assert len(set(axis)) == len(axis) == grid.points
    assert list(axis) == sorted(axis)
    assert axis[grid.middle] == 0.0
    assert axis == tuple(-x for x in reversed(axis))
    assert abs(axis[-1] - grid.radius) <= 1e-12 * max(1, grid.radius) + 5e-13


@given(grids)
def test_the_origin_is_first_and_is_asked_once(grid: Rays) -> None:
    plan = grid.plan
    assert plan[0] == Point()
    assert len(set(plan)) == len(plan) == grid.directions * (grid.points - 1) + 1
    assert all(grid.point(d, 0.0) == Point() for d in range(grid.directions))


def test_more_directions_keep_the_first_ones() -> None:
    assert rays(directions=5).plan[: len(rays().plan)] == rays().plan


def test_usual_steps_are_round_numbers() -> None:
    assert rays(points=21).axis_P[10:14] == (0.0, 0.05, 0.1, 0.15)


def test_it_goes_through_json() -> None:
    assert Rays(**rays().to_json()) == rays()
