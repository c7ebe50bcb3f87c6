"""What the page of an adaptive scan adds."""

from __future__ import annotations

from typing import Any

from safebasin.report import searches
from safebasin.report.charts.searches import charts
from safebasin.report.facts.searches import partial, search_rows
from safebasin.summary import EdgesSummary

NAME = "searches"
SCRIPTS = ("plotly", "core", "searches")


def content(summary: EdgesSummary) -> dict[str, Any]:
    """The table of searches, and a word across a chart that is not finished."""
    return {
        "partial": partial(summary),
        "directions": len(searches.directions(summary)),
        "searches": search_rows(summary),
        "bounded": any(one.beyond for one in searches.drawn(summary)),
    }


def payload(summary: EdgesSummary) -> dict[str, Any]:
    """Charts, and the places that a reader can choose.

    Of each place: direction, coordinate, the coordinate in words, and the prompts asked there.
    """
    ruler = searches.fine(summary)
    points = [
        [index, x, ruler.coordinate(x), kinds]
        for (index, x), kinds in searches.probed(summary).items()
    ]
    return {"charts": charts(summary), "points": points}
