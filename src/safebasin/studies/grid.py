"""Where a line or plane goes through weight space, as a request keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from safebasin.points import Direction, Displacement, Point, WeightWay


@dataclass(frozen=True)
class Axis:
    """One axis: where it leads, and the coordinates along it.

    Attributes:
        way: coordinate 1 is one way from the origin.
        name: for a reader: "random direction 0", "towards organism:base".
        values: ascending.
    """

    way: WeightWay
    name: str
    values: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """As it stands in a request."""
        if isinstance(self.way, Direction):
            return {"random": asdict(self.way), "name": self.name, "values": list(self.values)}
        return {"given": self.way.digest, "name": self.name, "values": list(self.values)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Axis:
        """What `to_json` wrote."""
        way = Direction(**data["random"]) if "random" in data else Displacement(data["given"])
        return cls(way, data["name"], tuple(data["values"]))

    @property
    def label(self) -> str:
        """For the axis of a picture, with its unit."""
        if isinstance(self.way, Direction):
            return f"α along {self.name}, relative to each tensor's norm"
        if self.name.startswith("principal"):
            return f"α along {self.name}, relative to the norm of all weights"
        return f"position {self.name}"


@dataclass(frozen=True)
class Stop:
    """A checkpoint that is measured itself, beside the points of the grid."""

    name: str
    way: Displacement

    @property
    def point(self) -> Point:
        """The checkpoint, bit for bit."""
        return Point(((self.way, 1.0),))


@dataclass(frozen=True)
class Grid:
    """A line (one axis) or a plane (two), and checkpoints that are shown on it.

    Attributes:
        axes: x, then y.
        stops: in order.
    """

    axes: tuple[Axis, ...]
    stops: tuple[Stop, ...] = ()

    def point(self, *coordinates: float) -> Point:
        """The place with these coordinates."""
        ways = (axis.way for axis in self.axes)
        return Point(tuple(zip(ways, coordinates, strict=True)))

    @property
    def points(self) -> Iterator[Point]:
        """Every place of the grid, row by row from the bottom, each from left to right."""
        if len(self.axes) == 1:
            return (self.point(x) for x in self.axes[0].values)
        across, up = self.axes
        return (self.point(x, y) for y in up.values for x in across.values)

    @property
    def plan(self) -> tuple[Point, ...]:
        """Everything once: the origin, the grid, then the checkpoints."""
        return tuple(dict.fromkeys((Point(), *self.points, *(stop.point for stop in self.stops))))

    def to_json(self) -> dict[str, Any]:
        """As it stands in a request; `from_json` reads it back."""
        return {
            "axes": [axis.to_json() for axis in self.axes],
            "stops": [{"name": stop.name, "given": stop.way.digest} for stop in self.stops],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Grid:
        """What `to_json` wrote."""
        return cls(
            tuple(Axis.from_json(axis) for axis in data["axes"]),
            tuple(Stop(stop["name"], Displacement(stop["given"])) for stop in data["stops"]),
        )
