"""What the page of a comparison adds."""

from __future__ import annotations

from typing import Any

from safebasin.report.charts.comparison import charts
from safebasin.report.contrasts import FOREST
from safebasin.report.facts.comparison import fact_table, quantities, run_rows
from safebasin.report.palette import DASHES, colour, dash
from safebasin.report.untrusted import one_line
from safebasin.summary import ComparisonSummary

NAME = "comparison"
SCRIPTS = ("plotly", "core", "comparison")


def content(summary: ComparisonSummary) -> dict[str, Any]:
    """The runs with their lines, and the tables of what they are and how they differ."""
    return {
        "runs": [
            (one_line(run.name, 60), colour(number), " ".join(map(str, DASHES[dash(number)])))
            for number, run in enumerate(summary.runs)
        ],
        "facts": fact_table(summary),
        "numbers": run_rows(summary),
        "forest": [{"name": name, "title": words} for name, words, _ in FOREST],
        "quantities": quantities(summary),
    }


def payload(summary: ComparisonSummary) -> dict[str, Any]:
    """Charts; a comparison has no responses of its own."""
    return {"charts": charts(summary)}
