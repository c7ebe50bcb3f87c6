"""A rectangular grid of points around an origin, and maps of shares on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from safebasin.stats.grid import Floats, bridge, mean_known, origin_index
from safebasin.stats.rays import Rays


@dataclass(frozen=True)
class Plane:
    """The grid, with what is integrated over it and followed out of it.

    Attributes:
        x_X, y_Y: coordinates, two or more, ascending, among them 0.
        weight_YX: share of the window that each point stands for, by the trapezoid rule.
        rays: from the origin to the window's border.
    """

    x_X: Floats
    y_Y: Floats
    weight_YX: Floats
    rays: Rays

    @classmethod
    def of(cls, x_X: Floats, y_Y: Floats) -> Plane:
        """The grid of two checked axes."""
        return cls(x_X, y_Y, np.outer(_weights(y_Y), _weights(x_X)), Rays.of(x_X, y_Y))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows along y, columns along x."""
        return self.y_Y.size, self.x_X.size

    @property
    def zero(self) -> tuple[int, int]:
        """Row and column of the origin."""
        return origin_index(self.y_Y), origin_index(self.x_X)

    def filled(self, share_YX: Floats) -> Floats:
        """Maps (shape ...YX) with unknown points (nan) filled in from their row and column.

        Along each of them as `grid.bridge` does, then the mean of both. A map without any known
        point stays nan.
        """
        for _ in range(2):  # a point whose row and column are unknown has neighbours after one
            if not np.isnan(share_YX).any():
                break
            along_x = bridge(share_YX, self.x_X)
            along_y = bridge(share_YX.swapaxes(-1, -2), self.y_Y).swapaxes(-1, -2)
            share_YX = mean_known(np.stack([along_x, along_y]), 0)
        return share_YX

    def mean(self, share_YX: Floats) -> Floats:
        """The mean over the window's area of maps without unknown points, shape ...."""
        mean: Floats = np.clip(np.tensordot(share_YX, self.weight_YX, 2), 0, 1)
        return mean

    def area(self, share_BYX: Floats, threshold_B: Floats) -> Floats:
        """Share of the window's area at or above the threshold, shape B; nan if that is not > 0."""
        within = (share_BYX >= threshold_B[:, None, None]).astype(float)
        return np.where(threshold_B > 0, self.mean(within), np.nan)

    def area_between(self, share_YX: Floats, threshold: float) -> tuple[float, float]:
        """Area of the cells with all, and with any, of their four corners above the threshold."""
        within = share_YX >= threshold
        pairs = within[:-1], within[1:]
        every, some = pairs[0] & pairs[1], pairs[0] | pairs[1]
        cell_YX = np.outer(np.diff(self.y_Y), np.diff(self.x_X))
        cell_YX = cell_YX / cell_YX.sum()
        least = cell_YX[every[:, :-1] & every[:, 1:]].sum()
        most = cell_YX[some[:, :-1] | some[:, 1:]].sum()
        return float(least), float(most)


def _weights(values: Floats) -> Floats:
    """The trapezoid rule on one axis, as weights that add up to 1."""
    width = np.diff(values)
    weights: Floats = (np.append(width, 0.0) + np.append(0.0, width)) / 2 / width.sum()
    return weights
