"""Where checkpoints lie in the span of given axes, and how much of their way the span explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safebasin.weights.geometry import Geometry

_DEPENDENT = 1e-12
"""Axes of unit length whose Gram matrix has an eigenvalue below this (× the largest) are one."""


@dataclass(frozen=True)
class Projection:
    """Checkpoints seen in the span of some axes; the origin is at zero.

    Attributes:
        coordinate_PA: the nearest point of the span, in the axes' own units: Σ coordinate · axis.
        explained_P: ‖projection‖² / ‖Δ‖² of each displacement, in [0, 1]; 1 where Δ is zero, since
            nothing of it lies outside.
        explained: the same for all of them together, Σ‖projection‖² / Σ‖Δ‖².
    """

    coordinate_PA: NDArray[np.float64]
    explained_P: NDArray[np.float64]
    explained: float


def unit(geometry: Geometry, *ways: int) -> NDArray[np.float64]:
    """The ways themselves as axes, by their places in the geometry; shape (ways, all ways)."""
    chosen_AW: NDArray[np.float64] = np.eye(len(geometry.gram_WW))[list(ways)]
    return chosen_AW


def project(geometry: Geometry, axis_AW: NDArray[np.float64]) -> Projection:
    """Project every checkpoint, by least squares, on the span of axes that need not be orthogonal.

    Args:
        geometry: from `measure`.
        axis_AW: each axis as a mixture of the ways, as from `unit` or `principal_axes`. Where axes
            depend on each other, the shortest of all coordinates is chosen.
    """
    n, gram_WW = geometry.checkpoints, geometry.gram_WW
    gram_AA = axis_AW @ gram_WW @ axis_AW.T
    cross_PA = gram_WW[:n] @ axis_AW.T
    length_A = np.sqrt(np.clip(np.diagonal(gram_AA), 0.0, None))
    length_A = np.where(length_A > 0, length_A, 1.0)
    inverse_AA = np.linalg.pinv(
        gram_AA / np.outer(length_A, length_A), rcond=_DEPENDENT, hermitian=True
    ) / np.outer(length_A, length_A)
    coordinate_PA = cross_PA @ inverse_AA
    total_P = np.diagonal(gram_WW)[:n]
    inside_P = np.clip((coordinate_PA * cross_PA).sum(axis=1), 0.0, total_P)
    return Projection(
        coordinate_PA,
        np.where(total_P > 0, inside_P / np.where(total_P > 0, total_P, 1.0), 1.0),
        float(inside_P.sum() / total_P.sum()) if total_P.sum() > 0 else 1.0,
    )
