"""`summary.json`: the contract between a run and everything that reads it.

Every number that a page, a table or a script shows comes from here. The file is derived from the
store alone: the same store gives the same bytes. Shares are in [0, 1], VISAGE is on 0-100, radii
are in the unit of the axis, and an undefined number is `null`.

A reader may rely on every field of its `schema_version`; new fields may appear within a version,
none changes its meaning.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from safebasin.errors import IntegrityError
from safebasin.summary.common import (
    SCHEMA_VERSION,
    Curve,
    Curves,
    Estimate,
    JudgeInfo,
    Kind,
    Measure,
    Model,
    Ordering,
    PromptSet,
    Sentences,
    Status,
    finite,
)
from safebasin.summary.comparison import Compared, ComparisonSummary, Difference
from safebasin.summary.edges import EdgeScores, EdgesSummary, Probe, Search, Spent
from safebasin.summary.judged import (
    LABELS,
    Agreement,
    Calibration,
    Corrected,
    Differing,
    Rates,
    Sampled,
    Stratum,
)
from safebasin.summary.line import LineScores, LineSummary, Paired
from safebasin.summary.plane import (
    Axis,
    Map,
    Maps,
    MeasureMap,
    Place,
    PlaneScores,
    PlaneSummary,
    Shares,
    Trajectory,
)
from safebasin.summary.run import Summary
from safebasin.summary.scan import DirectionResult, ScanSummary, Scores, Sequential, Side

AnySummary = ScanSummary | PlaneSummary | LineSummary | EdgesSummary | ComparisonSummary

_TYPES: dict[tuple[Any, Any], type[AnySummary]] = {
    ("scan", None): ScanSummary,
    ("surface", "plane"): PlaneSummary,
    ("path", "plane"): PlaneSummary,
    ("path", "line"): LineSummary,
    ("edges", None): EdgesSummary,
    ("compare", None): ComparisonSummary,
}


def read(path: Path) -> AnySummary:
    """Read a `summary.json` of any study.

    Raises:
        IntegrityError: the file is not a summary, or of a newer schema.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path} cannot be read as a summary: {error}") from error
    data = data if isinstance(data, dict) else {}
    if (version := data.get("schema_version")) != SCHEMA_VERSION:
        raise IntegrityError(
            f"{path} has schema_version {version!r}; this safebasin reads {SCHEMA_VERSION}: "
            "use the version that wrote it"
        )
    kind = _TYPES.get((data.get("study"), data.get("shape")), ScanSummary)
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is not a summary (the first of {error.error_count()} errors is in "
            f"{'.'.join(map(str, error.errors()[0]['loc']))}): make it again with "
            "`safebasin show RUN --json`"
        ) from error


__all__ = [
    "LABELS",
    "SCHEMA_VERSION",
    "Agreement",
    "AnySummary",
    "Axis",
    "Calibration",
    "Compared",
    "ComparisonSummary",
    "Corrected",
    "Curve",
    "Curves",
    "Difference",
    "Differing",
    "DirectionResult",
    "EdgeScores",
    "EdgesSummary",
    "Estimate",
    "JudgeInfo",
    "Kind",
    "LineScores",
    "LineSummary",
    "Map",
    "Maps",
    "Measure",
    "MeasureMap",
    "Model",
    "Ordering",
    "Paired",
    "Place",
    "PlaneScores",
    "PlaneSummary",
    "Probe",
    "PromptSet",
    "Rates",
    "Sampled",
    "ScanSummary",
    "Scores",
    "Search",
    "Sentences",
    "Sequential",
    "Shares",
    "Side",
    "Spent",
    "Status",
    "Stratum",
    "Summary",
    "Trajectory",
    "finite",
    "read",
]
