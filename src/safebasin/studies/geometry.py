"""What the summary of a map says about lengths and angles, measured once when a run begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from safebasin.errors import IntegrityError
from safebasin.points import Direction
from safebasin.studies.checkpoints import Checkpoint
from safebasin.studies.grid import Grid
from safebasin.summary import finite
from safebasin.weights.geometry import Geometry, cosine, distances, measure
from safebasin.weights.overlay import Overlay
from safebasin.weights.projection import project, unit

ORTHOGONAL = 1e-4
"""Cosine in one tensor that rounding to fp32 may leave; that of two fresh directions in a tensor of
a million entries is about ten times as large."""


def describe(overlay: Overlay, grid: Grid, checkpoints: Sequence[Checkpoint]) -> dict[str, Any]:
    """Steps and angles of the axes, and where each checkpoint lies on them, as JSON values.

    Args:
        overlay: at the origin.
        grid: its axes are known to the overlay.
        checkpoints: all that are to be placed, in order; may be none.

    Raises:
        IntegrityError: directions that are made orthogonal are not so in every tensor.
    """
    pristine = overlay.pristine
    measured = measure(
        pristine.tensors,
        pristine,
        [each.rows for each in checkpoints],
        [overlay.way(axis.way) for axis in grid.axes],
    )
    angle = _angle(measured, len(grid.axes))
    if _meant_orthogonal(grid) and angle["cosine_worst"] > ORTHOGONAL:
        raise IntegrityError(
            f"two random directions have a cosine of {angle['cosine_worst']:.2g} in a tensor and "
            "should have none: the weights or the generator are not what they were; load again"
        )
    return {
        "steps": [float(step) for step in _steps(measured, len(grid.axes))],
        **angle,
        **_places(measured, len(grid.axes), [each.way.key for each in checkpoints]),
    }


def _meant_orthogonal(grid: Grid) -> bool:
    last = grid.axes[-1].way
    return isinstance(last, Direction) and last.orthogonal_to is not None


def _steps(measured: Geometry, axes: int) -> Any:
    """How long each axis is, relative to all weights."""
    first = measured.checkpoints
    length_A = np.sqrt(np.diagonal(measured.gram_WW)[first : first + axes])
    return length_A / measured.weight if measured.weight else np.zeros(axes)


def _angle(measured: Geometry, axes: int) -> dict[str, Any]:
    if axes < 2:
        return {"cosine": 0.0, "cosine_worst": 0.0}
    found = cosine(measured, measured.checkpoints, measured.checkpoints + 1)
    return {"cosine": found.overall, "cosine_worst": abs(found.largest)}


def _places(measured: Geometry, axes: int, keys: Sequence[str]) -> dict[str, Any]:
    if not keys:
        return {"places": {}, "explained": None}
    first = measured.checkpoints
    seen = project(measured, unit(measured, *range(first, first + axes)))
    moved = distances(measured)
    return {
        "explained": seen.explained,
        "places": {
            key: {
                "coordinates": seen.coordinate_PA[p].tolist(),
                "explained": float(seen.explained_P[p]),
                "distance": float(moved.overall_P[p]),
                "layers": dict(
                    zip(moved.layers, map(finite, moved.layer_PL[p].tolist()), strict=True)
                ),
            }
            for p, key in enumerate(keys)
        },
    }
