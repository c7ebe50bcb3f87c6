"""A grid is the same after a round trip through JSON, and its points are where they should be."""

from __future__ import annotations

import json

import pytest

from safebasin.points import Direction, Displacement, Point
from safebasin.studies.grid import Axis, Grid, Stop

FIRST = Direction(0, 3, "rademacher", "row", "vectors")
SECOND = Direction(1, 3, "rademacher", "row", "vectors", 0)
AWAY, OTHER = Displacement("a" * 64), Displacement("b" * 64)

LINE = Grid((Axis(AWAY, "towards B", (-0.5, 0.0, 1.0)),), (Stop("checkpoint-9", OTHER),))
PLANE = Grid(
    (Axis(FIRST, "random direction 0", (-1.0, 0.0, 2.0)), Axis(SECOND, "random direction 1",
     (0.0, 0.5))),
)  # fmt: skip
MIXED = Grid((Axis(AWAY, "towards B", (0.0, 1.0)), Axis(FIRST, "random direction 0", (-1.0, 0.0))))


@pytest.mark.parametrize("grid", [LINE, PLANE, MIXED])
def test_json_round_trip(grid: Grid) -> None:
    written = json.dumps(grid.to_json())
    again = Grid.from_json(json.loads(written))
    assert again == grid
    assert again.plan == grid.plan
    assert json.dumps(again.to_json()) == written


def test_a_line_goes_from_end_to_end() -> None:
    assert [point.terms for point in LINE.points] == [((AWAY, -0.5),), (), ((AWAY, 1.0),)]


def test_a_plane_goes_row_by_row_from_the_bottom_each_from_left_to_right() -> None:
    expected = [
        ((FIRST, -1.0),),
        (),
        ((FIRST, 2.0),),
        ((FIRST, -1.0), (SECOND, 0.5)),
        ((SECOND, 0.5),),
        ((FIRST, 2.0), (SECOND, 0.5)),
    ]
    assert [point.terms for point in PLANE.points] == expected


@pytest.mark.parametrize("grid", [LINE, PLANE, MIXED])
def test_the_plan_has_everything_once_and_the_origin_first(grid: Grid) -> None:
    plan = grid.plan
    assert plan[0] == Point()
    assert len(set(plan)) == len({point.key for point in plan}) == len(plan)
    assert set(plan) == {Point(), *grid.points, *(stop.point for stop in grid.stops)}
    assert plan[len(plan) - len(grid.stops) :] == tuple(stop.point for stop in grid.stops)


def test_a_stop_that_an_axis_leads_to_is_the_same_place() -> None:
    grid = Grid(LINE.axes, (Stop("B", AWAY),))
    assert len(grid.plan) == 3


def test_a_plane_without_its_second_direction_has_the_points_of_a_scan() -> None:
    for x in (-1.0, 0.0, 2.0):
        assert PLANE.point(x, 0.0).key == Point(((FIRST, x),)).key


def test_a_point_needs_a_coordinate_for_each_axis() -> None:
    with pytest.raises(ValueError, match="shorter"):
        PLANE.point(1.0)


def test_the_second_direction_is_made_orthogonal_to_the_first() -> None:
    assert PLANE.to_json()["axes"][1]["random"]["orthogonal_to"] == 0


@pytest.mark.parametrize(
    ("way", "name", "label"),
    [
        (FIRST, "random direction 0", "α along random direction 0, relative to each tensor's norm"),
        (AWAY, "principal direction 1",
         "α along principal direction 1, relative to the norm of all weights"),
        (AWAY, "towards B", "position towards B"),
    ],
)  # fmt: skip
def test_the_label_of_an_axis_says_its_unit(way, name: str, label: str) -> None:
    assert Axis(way, name, (0.0, 1.0)).label == label
