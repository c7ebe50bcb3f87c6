"""What the page of a map adds."""

from __future__ import annotations

from typing import Any

from safebasin.report import formatting
from safebasin.report.charts.plane import charts
from safebasin.report.facts.plane import checkpoint_rows, checkpoints
from safebasin.report.layers import Layers
from safebasin.summary import PlaneSummary

NAME = "plane"
SCRIPTS = ("core", "grid", "map", "basin", "plane")


def content(summary: PlaneSummary) -> dict[str, Any]:
    """The tables of checkpoints, and a word across a map that is not finished."""
    named = [(f"{mark}  {place.name}", place) for mark, place in checkpoints(summary)]
    explained = summary.trajectory.explained if summary.trajectory else None
    return {
        "partial": formatting.partial(summary.status),
        "checkpoints": checkpoint_rows(summary),
        "layers": Layers.of(named),
        "explained": None if explained is None else formatting.percent(explained),
        "ends": len(summary.places),
    }


def payload(summary: PlaneSummary) -> dict[str, Any]:
    """The maps; places are counted row by row."""
    return {"maps": charts(summary)}
