"""The safety edge of another run, as a measure for the distances of checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safebasin.errors import UsageError
from safebasin.studies.result import Edges, Scan, command, open_run


def reference_edge(folder: Path | None) -> dict[str, Any] | None:
    """The safety edge of a scan, as JSON values, or None where no scan is named.

    Raises:
        UsageError: the folder is no scan or not complete, or its model has no safety edge.
    """
    if folder is None:
        return None
    found = open_run(folder)
    if not isinstance(found, Scan | Edges):
        raise UsageError(
            f"--edge {folder} is a run of {command(found)}; pass one of `safebasin scan`"
        )
    if not found.summary.status.complete:
        raise UsageError(f"--edge {folder} is not complete: run its command again, then this one")
    if found.safety_edge.value is None:
        raise UsageError(
            f"--edge {folder}: {found.summary.model.name} has no safety edge there; leave it out"
        )
    return {
        "run": folder.name,
        "weights_digest": found.summary.model.weights_digest,
        "estimate": found.safety_edge.model_dump(),
    }
