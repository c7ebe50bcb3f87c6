from __future__ import annotations

import itertools

import pytest

from safebasin.report.marks import Room, _span, falls, marks

from .factory import summary
from .factory_line import line

ROOM = Room(0.0, 0.5, 0.21)
RADII = (0.03, 0.1, 0.2, 0.3, 0.4, 0.48, 0.7)


@pytest.mark.parametrize(("safety", "capability"), list(itertools.product(RADII, RADII)))
def test_no_line_runs_through_a_name(safety, capability):
    both = marks(summary(safety=safety, capability=capability))
    upper, lower = sorted(both, key=lambda mark: mark.row)
    assert (upper.row, lower.row) == (0, 1)
    if upper.radius is None:
        return
    # The lower row's line ends below the upper row; the upper row's line crosses the lower one.
    start, end = _span(lower, ROOM)
    assert not start < upper.radius < end


@pytest.mark.parametrize(("safety", "capability"), list(itertools.product(RADII, RADII)))
def test_names_stay_in_the_panel(safety, capability):
    for mark in marks(summary(safety=safety, capability=capability)):
        start, end = _span(mark, ROOM)
        assert start > -0.15
        assert end < 0.55


def test_sides_mirror_each_other():
    mark = marks(summary())[0]
    right, left = mark.side(1), mark.side(-1)
    assert left[0] == -right[0]
    assert left[2] == (-right[2][1], -right[2][0])
    assert {left[3], right[3]} == {"left", "right"}


def test_an_edge_beyond_the_range_is_written_not_drawn():
    safety, _ = marks(summary(safety=0.8))
    assert (safety.text, safety.radius) == ("safety edge > 0.50", None)


def test_an_undefined_edge_is_written_not_drawn():
    safety, _ = marks(summary(safety=None))
    assert (safety.text, safety.radius) == ("safety edge undefined", None)


PLACES = (-0.1, 0.05, 0.3, 0.62, 0.9, 1.1, 1.22, 2.0)


@pytest.mark.parametrize(("refusals", "coherence"), list(itertools.product(PLACES, PLACES)))
def test_names_on_a_line_are_free_and_stay_in_the_panel(refusals, coherence):
    both = falls(line(refusals=refusals, coherence=coherence))
    room = Room(-0.25, 1.25, 0.315)
    upper, lower = sorted(both, key=lambda mark: mark.row)
    for mark in both:
        start, end = _span(mark, room)
        assert start > -0.3
        assert end < 1.3
        assert mark.signs == (1,)
    if upper.radius is not None:
        start, end = _span(lower, room)
        assert not start < upper.radius < end


def test_a_fall_beyond_the_line_is_written_not_drawn():
    refusals, coherence = falls(line(coherence=1.6))
    assert (coherence.text, coherence.radius) == ("coherence falls > 1.25", None)
    assert (refusals.text, refusals.radius) == ("refusals fall 0.62", 0.62)
    assert (refusals.solid, coherence.solid) == (True, False)
