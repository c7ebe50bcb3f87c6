"""Each study as a figure for a paper."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from safebasin.errors import ResourceError, UsageError
from safebasin.report.figures import comparison, line, plane, published, scan, searches
from safebasin.report.figures.style import METADATA, STYLE
from safebasin.summary import (
    AnySummary,
    ComparisonSummary,
    EdgesSummary,
    LineSummary,
    PlaneSummary,
    ScanSummary,
)

_STUDIES: dict[type, Callable[[Any], Figure]] = {
    ScanSummary: scan.landscape,
    PlaneSummary: plane.figure,
    LineSummary: line.figure,
    EdgesSummary: searches.figure,
    ComparisonSummary: comparison.figure,
}


Kind = Literal["landscape", "published"]
PUBLISHED: Kind = "published"


def draw(summary: AnySummary, kind: Kind = "landscape") -> Figure:
    """The figure of any study. No global state changes.

    Args:
        summary: of the study.
        kind: "landscape" for all that was found, 180 mm wide; "published" for keyword ASR as Peng
            et al. (NeurIPS 2024) draw it, of scans and surfaces.

    Raises:
        UsageError: there is no such figure of this study; see `published.figure`.
    """
    with mpl.rc_context(STYLE):
        return published.figure(summary) if kind == PUBLISHED else _STUDIES[type(summary)](summary)


def chosen(text: str, folder: Path) -> tuple[Kind, Path]:
    """Which figure is meant, and where it goes.

    Args:
        text: FILE, published=FILE, or the bare word for published.pdf in the folder.
        folder: of the run.
    """
    if text == PUBLISHED:
        return PUBLISHED, folder / f"{PUBLISHED}.pdf"
    if text.startswith(f"{PUBLISHED}="):
        return PUBLISHED, Path(text.removeprefix(f"{PUBLISHED}="))
    return "landscape", Path(text)


def save(summary: AnySummary, path: Path, kind: Kind = "landscape") -> None:
    """Write the figure, in the format that the name ends in. The same summary, the same bytes.

    Raises:
        UsageError: the name ends in none of .svg, .pdf and .png, or there is no such figure.
        ResourceError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in METADATA:
        raise UsageError(f"figure {path}: choose a name that ends in .svg, .pdf or .png")
    drawn = io.BytesIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A name may use letters that the font lacks; they are drawn as boxes, which is enough.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        draw(summary, kind).savefig(drawn, format=suffix[1:], dpi=300, metadata=METADATA[suffix])
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(drawn.getvalue())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise ResourceError(
            f"figure {path} cannot be written ({error.strerror}): pass a file in a folder that can "
            "be written to"
        ) from error
