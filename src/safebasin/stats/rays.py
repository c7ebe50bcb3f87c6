"""How far from the origin of a plane a share first falls, in every direction within the plane.

Rays leave the origin at equal angles. A share is known where a ray crosses a line of the grid, by
interpolation between the two points next to the crossing; between crossings it is a straight line.
Along an axis of the grid this is what `edges.edges` finds on that row or column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safebasin.stats.edges import Edges
from safebasin.stats.grid import Floats

_SAME = 1e-9  # as a share: crossings closer than this are the same grid point


@dataclass(frozen=True)
class Rays:
    """Where rays cross the lines of a grid of Y x X points, counted row by row.

    Attributes:
        angle_A: radians from the x axis towards the y axis, as drawn in axis units.
        radius_AK: of each crossing, from 0; the last one, at the window's border, is repeated
            where a ray has fewer than K.
        point_2AK: the two grid points next to each crossing.
        weight_2AK: their share in it; they add up to 1.
    """

    angle_A: Floats
    radius_AK: Floats
    point_2AK: NDArray[np.int64]
    weight_2AK: Floats

    @classmethod
    def of(cls, x_X: Floats, y_Y: Floats, angles: int = 72) -> Rays:
        """Rays at equal angles from (0, 0), which must be a point of the grid.

        Where the origin lies on the window's border, rays that would leave it are of no length.
        """
        angle_A = 2 * np.pi * np.arange(angles) / angles
        rays = [_crossings(x_X, y_Y, angle) for angle in angle_A]
        longest = max(radius.size for radius, _, _ in rays)
        index = [np.minimum(np.arange(longest), radius.size - 1) for radius, _, _ in rays]
        every = [tuple(part[..., k] for part in ray) for ray, k in zip(rays, index, strict=True)]
        radius_A, point_A, weight_A = zip(*every, strict=True)
        return cls(angle_A, np.stack(radius_A), np.stack(point_A, 1), np.stack(weight_A, 1))

    @property
    def reach_A(self) -> Floats:
        """How far the window's border is; 0 for a ray that does not enter the window."""
        return self.radius_AK[:, -1]

    def radius(self, share_BP: Floats, threshold_B: Floats) -> Floats:
        """Where the share first falls below the threshold, shape BA; else the border.

        nan where the threshold is nan or not above 0, and for rays of no length.
        """
        corner_2BAK = share_BP[:, self.point_2AK].swapaxes(0, 1)
        share_BAK = (corner_2BAK * self.weight_2AK[:, None]).sum(0)
        below = share_BAK < threshold_B[:, None, None]
        outer = np.where(below.any(-1), below.argmax(-1), self.radius_AK.shape[1] - 1)
        inner = np.maximum(outer - 1, 0)
        ends = inner, outer
        above, under = (np.take_along_axis(share_BAK, i[..., None], -1)[..., 0] for i in ends)
        near, far = (self.radius_AK[np.arange(self.angle_A.size), i] for i in ends)
        crosses = (under < threshold_B[:, None]) & (above > under)
        along = np.ones(crosses.shape)
        np.divide(above - threshold_B[:, None], above - under, out=along, where=crosses)
        defined = (threshold_B[:, None] > 0) & (self.reach_A > 0)
        radius_BA: Floats = np.where(defined, near + np.clip(along, 0, 1) * (far - near), np.nan)
        return radius_BA

    def edges(self, share_P: Floats, threshold: float) -> Edges:
        """The same for one map, with what the grid leaves open; arrays of shape A.

        `inner` is the last crossing before which both grid points at every crossing are at or
        above the threshold, `outer` the first with both below it: a share that falls at once,
        somewhere between grid points, falls between them.
        """
        radius = self.radius(share_P[None], np.array([threshold]))[0]
        used_2AK = self.weight_2AK > 0
        corner_2AK = share_P[self.point_2AK]
        least_AK = np.where(used_2AK, corner_2AK, np.inf).min(0)
        most_AK = np.where(used_2AK, corner_2AK, -np.inf).max(0)
        last, ray = self.radius_AK.shape[1] - 1, np.arange(self.angle_A.size)
        some, every = least_AK < threshold, most_AK < threshold
        inner = np.where(some.any(-1), np.maximum(some.argmax(-1) - 1, 0), last)
        outer = np.where(every.any(-1), every.argmax(-1), last)
        defined = np.isfinite(radius)
        fallen = ((corner_2AK * self.weight_2AK).sum(0) < threshold).any(-1)
        return Edges(
            radius,
            ~fallen & defined,
            np.where(defined, np.minimum(self.radius_AK[ray, inner], radius), np.nan),
            np.where(defined, np.maximum(self.radius_AK[ray, outer], radius), np.nan),
        )


def _crossings(x_X: Floats, y_Y: Floats, angle: float) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Radii at which one ray crosses grid lines, the two points next to each, their weights."""
    across, up = np.round([np.cos(angle), np.sin(angle)], 12)
    radii = [np.zeros(1)]
    reach = np.inf
    for values, slope in ((x_X, across), (y_Y, up)):
        if slope:
            along = values / slope
            radii.append(along[along > 0])
            reach = min(reach, float(max(along[0], along[-1])))
    radius = np.unique(np.concatenate(radii))
    radius = radius[radius <= reach * (1 + _SAME)]
    radius = radius[np.append(True, np.diff(radius) > _SAME * max(reach, 1e-300))]
    column, row = _position(x_X, radius * across), _position(y_Y, radius * up)
    on_column = np.abs(column - np.round(column)) <= np.abs(row - np.round(row))
    fixed = np.where(on_column, np.round(column), np.round(row)).astype(int)
    free = np.where(on_column, row, column)
    lower = np.floor(free + _SAME).astype(int)
    share = np.where(free - lower < _SAME, 0.0, free - lower)
    upper = np.where(share > 0, lower + 1, lower)
    flat = [np.where(on_column, i * x_X.size + fixed, fixed * x_X.size + i) for i in (lower, upper)]
    return radius, np.stack(flat), np.stack([1 - share, share])


def _position(values: Floats, at_K: Floats) -> Floats:
    """Where coordinates lie among the grid's lines, as a fractional index."""
    position: Floats = np.interp(at_K, values, np.arange(values.size))
    return position
