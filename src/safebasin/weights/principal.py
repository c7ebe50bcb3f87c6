"""The plane that shows most of a trajectory: its first two principal directions.

Displacements are taken from the origin and not from their mean, so that the origin lies in the
plane, at (0, 0).

Source: Li et al., "Visualizing the Loss Landscape of Neural Nets" (NeurIPS 2018), section 7, with
the trajectory's base in place of its last model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from safebasin.weights.geometry import Geometry
from safebasin.weights.given import Along, Held, Rows
from safebasin.weights.windows import windows

_HALF_STEP = 2.0**-24
"""Half the relative spacing of float32: no stored weight is known more precisely."""


def principal_axes(geometry: Geometry) -> NDArray[np.float64]:
    """Up to two orthogonal axes, as mixtures of the ways, that explain most of the trajectory.

    Each has the norm ‖W‖, so coordinate 1 is as far as the weights are long, as it is for a random
    direction. The last checkpoint that lies appreciably off zero along an axis lies on its
    positive side.

    Args:
        geometry: from `measure`; directions that are no displacements take no part.

    Returns:
        Shape (axes, ways). Fewer than two rows where there are fewer than two independent
        displacements; rounding to float32 alone makes none independent.
    """
    n = geometry.checkpoints
    gram_PP = geometry.gram_WW[:n, :n]
    square_K, mixture_PK = np.linalg.eigh(gram_PP)
    rounding = 2 * n * (_HALF_STEP * geometry.weight) ** 2
    floor = max(rounding, 1e-13 * float(square_K.max(initial=0.0)))
    axis_AW = np.zeros((0, len(geometry.gram_WW)))
    for k in list(reversed(range(n)))[:2]:
        if square_K[k] > floor:
            mixture_P = mixture_PK[:, k] * _sign(gram_PP @ mixture_PK[:, k])
            axis_W = np.zeros(len(geometry.gram_WW))
            axis_W[:n] = mixture_P * (geometry.weight / np.sqrt(square_K[k]))
            axis_AW = np.vstack([axis_AW, axis_W])
    return axis_AW


def _sign(coordinate_P: NDArray[np.float64]) -> float:
    size_P = np.abs(coordinate_P)
    last = int(np.flatnonzero(size_P > 1e-6 * size_P.max())[-1])
    return float(np.sign(coordinate_P[last]))


@torch.no_grad()
def mixtures(
    like: Mapping[str, Tensor],
    origin: Rows,
    others: Sequence[Rows],
    axis_AP: NDArray[np.float64],
) -> tuple[Along, ...]:
    """Axes that are mixtures of displacements, as tensors: Σ axis · (checkpoint − origin).

    Every row of each checkpoint is read once. What is returned takes four bytes for each entry of
    each axis; what the work takes beside it is bounded as in `windows`.

    Args:
        like: as in `windows`.
        origin: where the displacements start.
        others: the checkpoints.
        axis_AP: one row for each axis, one column for each checkpoint: the first columns of what
            `principal_axes` returns.

    Returns:
        One `Along` for each row, its tensors in fp32 on the CPU.
    """
    weight_AP = torch.as_tensor(axis_AP, dtype=torch.float64)
    held: tuple[dict[str, Tensor], ...] = tuple(
        {name: torch.empty(t.shape, dtype=torch.float32) for name, t in like.items() if t.numel()}
        for _ in axis_AP
    )
    filled = dict.fromkeys(like, 0)
    for name, entry_SE in windows(like, (origin, *others)):
        entry_SE[1:] -= entry_SE[0]
        start = filled[name]
        filled[name] += entry_SE.shape[1]
        for tensors, weight_P in zip(held, weight_AP, strict=True):
            tensors[name].view(-1)[start : filled[name]] = weight_P @ entry_SE[1:]
    return tuple(Along(Held(tensors)) for tensors in held)
