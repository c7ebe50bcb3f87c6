from __future__ import annotations

from safebasin.points import Direction, Displacement, Point
from safebasin.report.places import key, places

from .factory import summary
from .factory_plane import plane


def test_a_key_is_that_of_the_store():
    first, second = Direction(0), Displacement("ab" * 32)
    for x, y in ((0.5, -0.25), (0.0, 1.0), (1e-5, 0.0), (0.0, -0.0), (1, 2)):
        point = Point(((first, x), (second, y)))
        assert key((first.key, x), (second.key, y)) == point.key


def test_a_scan_is_counted_direction_by_direction():
    found = [place.key for place in places(summary(directions=2, points=3))]
    d0, d1 = (f"gaussian.layer.norms.s0.d{d}" for d in (0, 1))
    assert found == [f"{d0}@-0.5", "origin", f"{d0}@0.5", f"{d1}@-0.5", "origin", f"{d1}@0.5"]


def test_a_map_is_counted_row_by_row():
    found = [place.key for place in places(plane(nx=3, ny=2, reach=1.0))]
    x, y = (f"gaussian.layer.norms.s0.d{d}" for d in (0, 1))
    assert found[:3] == [f"{x}@-1.0 {y}@-1.0", f"{y}@-1.0", f"{x}@1.0 {y}@-1.0"]


def test_a_small_map_wants_every_place_and_a_fine_one_some_of_them():
    assert all(place.wanted for place in places(plane(nx=25, ny=25)))
    fine = plane(nx=101, ny=101)
    wanted = [place.key for place in places(fine) if place.wanted]
    assert 400 <= len(wanted) <= 800
    assert "origin" in wanted
