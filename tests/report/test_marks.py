from __future__ import annotations

import itertools

import pytest

from safebasin.report.marks import _span, marks

from .factory import summary

RADII = (0.03, 0.1, 0.2, 0.3, 0.4, 0.48, 0.7)


@pytest.mark.parametrize(("safety", "capability"), list(itertools.product(RADII, RADII)))
def test_no_line_runs_through_a_name(safety, capability):
    both = marks(summary(safety=safety, capability=capability))
    upper, lower = sorted(both, key=lambda mark: mark.row)
    assert (upper.row, lower.row) == (0, 1)
    if upper.radius is None:
        return
    # The lower row's line ends below the upper row; the upper row's line crosses the lower one.
    start, end = _span(lower, 0.5)
    assert not start < upper.radius < end


@pytest.mark.parametrize(("safety", "capability"), list(itertools.product(RADII, RADII)))
def test_names_stay_in_the_panel(safety, capability):
    for mark in marks(summary(safety=safety, capability=capability)):
        start, end = _span(mark, 0.5)
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
