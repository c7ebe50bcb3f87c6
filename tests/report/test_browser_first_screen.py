"""What is seen before anything is scrolled, on a desk and on a phone."""

from __future__ import annotations

import pytest

from safebasin.report.page import render

from .browser import OVERLAPS, browser, folder, needs_browser, show
from .factory import summary
from .factory_comparison import comparison
from .factory_line import line
from .factory_plane import plane
from .factory_searches import searches

pytestmark = needs_browser
__all__ = ["browser", "folder", "show"]

HEIGHT = {1280: 800, 390: 844}
BOX = "const b = document.querySelector(arguments[0]).getBoundingClientRect(); "
LABELS = "{0} .xtick text, {0} .ytick text, {0} .annotation-text, {0} .xtitle, {0} .ytitle"
OUTSIDE = """
  const frame = document.querySelector(arguments[0]).getBoundingClientRect();
  return [...document.querySelectorAll(`${arguments[0]} text`)].filter((e) => {
    const b = e.getBoundingClientRect();
    return b.width && (b.left < frame.left - 1 || b.right > frame.right + 1);
  }).map((e) => e.textContent);
"""
KINDS = [
    (summary, "#chart-harmful"),
    (line, "#chart-harmful"),
    (plane, "#basin"),
    (searches, "#chart-searches"),
    (comparison, "#chart-overlay"),
]


@pytest.mark.parametrize("width", HEIGHT)
@pytest.mark.parametrize(("make", "chart"), KINDS, ids=[make.__name__ for make, _ in KINDS])
def test_the_chart_is_on_the_first_screen_and_its_labels_are_apart(show, make, chart, width):
    shown = show(render(make()), width=width)
    top, bottom = shown.execute_script(f"{BOX} return [b.top, b.bottom]", chart)
    cards = shown.execute_script(f"{BOX} return b.top", "#numbers")
    assert top < HEIGHT[width] / 2
    assert bottom <= HEIGHT[width]
    assert bottom < cards
    assert shown.execute_script(OVERLAPS, LABELS.format(chart)) == []
    assert shown.execute_script(OUTSIDE, chart) == []


@pytest.mark.parametrize("width", HEIGHT)
def test_a_map_with_checkpoints_begins_with_them(show, width):
    shown = show(render(plane(checkpoints=3)), width=width)
    places = [
        shown.execute_script(f"{BOX} return b.top", name)
        for name in ("#checkpoints", "#landscape", "#numbers")
    ]
    assert places == sorted(places)
    assert places[0] < HEIGHT[width] / 2
