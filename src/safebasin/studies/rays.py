"""The grid of a one-dimensional landscape: rays through the origin, and places along them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from safebasin.points import Direction, Noise, Norm, Point, Skip


@dataclass(frozen=True, kw_only=True)
class Rays:
    """Random directions and the coordinates along each of them.

    Attributes:
        directions: how many.
        points: places along each, an odd number.
        radius: the outermost coordinate.
        seed, noise, norm, skip: of every direction; see `Direction`.
    """

    directions: int
    points: int
    radius: float
    seed: int
    noise: Noise
    norm: Norm
    skip: Skip

    @property
    def axis_P(self) -> tuple[float, ...]:
        """Coordinates, ascending, exactly symmetric about an exact 0."""
        half = self.points // 2
        right = [round(self.radius * step / half, 12) for step in range(1, half + 1)]
        return (*(-x for x in reversed(right)), 0.0, *right)

    @property
    def middle(self) -> int:
        """Where on the axis the origin is."""
        return self.points // 2

    def first(self, directions: int) -> Rays:
        """The same with its first directions alone."""
        return replace(self, directions=directions)

    def direction(self, index: int) -> Direction:
        """The recipe of one direction."""
        return Direction(index, self.seed, self.noise, self.norm, self.skip)

    def point(self, index: int, x: float) -> Point:
        """A place along a direction; x = 0 is the same place for all of them."""
        return Point(((self.direction(index), x),))

    @property
    def points_DP(self) -> list[list[Point]]:
        """The places of each direction; the origin is among those of every one."""
        return [[self.point(index, x) for x in self.axis_P] for index in range(self.directions)]

    @property
    def plan(self) -> tuple[Point, ...]:
        """Every place once: the origin first, then each direction from end to end."""
        return tuple(dict.fromkeys((Point(), *(point for row in self.points_DP for point in row))))

    def to_json(self) -> dict[str, Any]:
        """As it stands in a request; `Rays(**…)` reads it back."""
        return asdict(self)
