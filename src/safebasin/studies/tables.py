"""A summary as a tidy table: one number a row, for notebooks and other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safebasin.errors import ResourceError, UsageError
from safebasin.summary import (
    AnySummary,
    ComparisonSummary,
    Curve,
    Curves,
    EdgesSummary,
    LineSummary,
    PlaneSummary,
    ScanSummary,
)

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that starts with one of these is a formula to a spreadsheet."""


def to_pandas(summary: AnySummary) -> pd.DataFrame:
    """The shares (of an adaptive scan, the edges) of a summary, one a row.

    Columns are named after what they hold: coordinates, `prompts` ("harmful" or "benign"), `label`,
    `share` in [0, 1], and `low` and `high` where there is an interval. Scans have a row for each
    direction, and for their mean rows without a direction.

    Raises:
        ResourceError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise _missing() from error
    return pd.DataFrame(list(rows(summary)))


def write(summary: AnySummary, path: Path) -> Path:
    """The same as a file: `.parquet` or `.csv`. In a CSV, text that looks like a formula is quoted.

    Raises:
        UsageError: the name ends in neither.
        ResourceError: pandas or pyarrow is not installed, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise UsageError(f"table {path}: choose a name that ends in .parquet or .csv")
    frame = to_pandas(summary)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if suffix == ".parquet":
            frame.to_parquet(unfinished, index=False)
        else:
            frame.map(_harmless).to_csv(unfinished, index=False)
        unfinished.replace(path)
    except ImportError as error:
        raise _missing() from error
    except OSError as error:
        raise ResourceError(f"table {path} cannot be written: {error.strerror or error}") from error
    return path


def rows(summary: AnySummary) -> Iterator[Row]:
    """The rows of the table."""
    if isinstance(summary, ScanSummary):
        yield from _scan(summary)
    elif isinstance(summary, LineSummary):
        yield from _over(summary.axis.values, "position", summary.curves)
    elif isinstance(summary, PlaneSummary):
        yield from _plane(summary)
    elif isinstance(summary, EdgesSummary):
        yield from _edges(summary)
    else:
        yield from _comparison(summary)


def _scan(summary: ScanSummary) -> Iterator[Row]:
    yield from _over(summary.axis_P, "alpha", summary.curves, direction=None)
    for direction in summary.directions:
        for prompts, curves in summary.curves.items():
            for label, curve in _labels(curves):
                shares = curve.directions_DP[direction.index]
                for x, share in zip(summary.axis_P, shares, strict=True):
                    yield {
                        "direction": direction.index,
                        "alpha": x,
                        "prompts": prompts,
                        "label": label,
                        "share": share,
                        "low": None,
                        "high": None,
                    }


def _comparison(summary: ComparisonSummary) -> Iterator[Row]:
    for run in summary.runs:
        yield from _over(summary.axis_P, "alpha", run.curves, run=run.name)


def _over(axis_P: list[float], name: str, curves: Any, **first: Any) -> Iterator[Row]:
    for prompts, of_side in curves.items():
        for label, curve in _labels(of_side):
            known = zip(axis_P, curve.mean_P, curve.low_P, curve.high_P, strict=True)
            for x, share, low, high in known:
                yield {
                    **first,
                    name: x,
                    "prompts": prompts,
                    "label": label,
                    "share": share,
                    "low": low,
                    "high": high,
                }


def _plane(summary: PlaneSummary) -> Iterator[Row]:
    for prompts, maps in summary.maps.items():
        for label in type(maps).model_fields:
            found = getattr(maps, label)
            for j, y in enumerate(summary.y.values):
                for i, x in enumerate(summary.x.values):
                    yield {
                        "x": x,
                        "y": y,
                        "prompts": prompts,
                        "label": label,
                        "share": found.share_YX[j][i],
                        "low": found.low_YX[j][i],
                        "high": found.high_YX[j][i],
                    }


def _edges(summary: EdgesSummary) -> Iterator[Row]:
    for search in summary.searches:
        yield {
            "edge": "safety" if search.kind == "harmful" else "capability",
            "direction": search.direction,
            "side": search.side,
            "radius": search.radius,
            "low": search.low,
            "high": search.high,
            "censored": search.censored,
            "rises": search.rises,
            "responses": sum(probe.answered for probe in search.probes),
        }


def _labels(curves: Curves) -> Iterator[tuple[str, Curve]]:
    return ((label, getattr(curves, label)) for label in type(curves).model_fields)


def _harmless(cell: Any) -> Any:
    text = cell.lstrip(" \u00a0") if isinstance(cell, str) else ""
    return f"'{cell}" if text.startswith(_FORMULA) else cell


def _missing() -> ResourceError:
    return ResourceError("tables need pandas and pyarrow: pip install 'safebasin[analysis]'")
