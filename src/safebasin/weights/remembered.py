"""Directions that are held whole between points, as far as there is room for them.

The points of a line share its direction. To hold it costs four bytes for each entry, and spares
drawing it again at each point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from safebasin.points import Direction, WeightWay
from safebasin.weights.direction import Scales, materialise
from safebasin.weights.given import Held
from safebasin.weights.memory import for_directions


class Remembered:
    """The directions of the point that was placed last.

    Args:
        weights: tensors of the names, shapes and devices of those that directions move.
        limit: bytes that may be spent; None as many as `memory.for_directions` allows whenever
            another direction is asked for.
    """

    def __init__(self, weights: Mapping[str, Tensor], limit: int | None) -> None:
        self._weights = weights
        self._limit = limit
        self._bytes = 4 * sum(tensor.numel() for tensor in weights.values())
        self._held: dict[WeightWay, Held] = {}

    def only(
        self, directions: Sequence[Direction], scales: Callable[[Direction], Scales]
    ) -> Mapping[WeightWay, Held]:
        """Hold these directions and no others; none of them if there is no room for all."""
        self._held = {way: self._held[way] for way in directions if way in self._held}
        fresh = [way for way in directions if way not in self._held]
        if fresh and self._bytes * len(directions) > self._room():
            self._held = {}
        else:
            for way in fresh:
                self._held[way] = Held(materialise(way, self._weights, scales(way)))
        return self._held

    def forget(self) -> None:
        """Give the memory back, and hold nothing from now on."""
        self._held, self._limit = {}, 0

    def _room(self) -> int:
        if self._limit is not None:
            return self._limit
        devices = {tensor.device for tensor in self._weights.values()}
        held = self._bytes * len(self._held)
        return sum(for_directions(device, held // len(devices)) for device in devices)
