"""Checkpoints on a map, from what was measured when the run began and what they said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from safebasin import summary as contract
from safebasin.points import Displacement, Point
from safebasin.store import Store
from safebasin.studies.grid import Grid, Stop
from safebasin.studies.summaries.overview import at_point
from safebasin.studies.summaries.shares import SIDES, Shares

Sides = Mapping[contract.Kind, Shares]


def geometry(store: Store) -> dict[str, Any]:
    """Lengths and angles, as `studies.geometry.describe` measured them."""
    found: dict[str, Any] = store.recall("geometry")
    return found


def axes(grid: Grid, measured: Mapping[str, Any]) -> list[contract.Axis]:
    """The axes, as a summary describes them."""
    return [
        contract.Axis(
            name=axis.name,
            label=axis.label,
            key=axis.way.key,
            step=step,
            values=list(axis.values),
        )
        for axis, step in zip(grid.axes, measured["steps"], strict=True)
    ]


def ends(grid: Grid, measured: Mapping[str, Any], sides: Sides) -> list[contract.Place]:
    """The checkpoints that the axes lead to."""
    found = []
    for number, axis in enumerate(grid.axes):
        if isinstance(axis.way, Displacement) and axis.way.key in measured["places"]:
            stop = Stop(axis.name.removeprefix("towards "), axis.way)
            corner = [float(number == other) for other in range(len(grid.axes))]
            x, y = (*corner, None)[:2]  # what the projection has up to rounding
            place = _place(stop, measured, sides, None)
            found.append(place.model_copy(update={"x": x, "y": y}))
    return found


def trajectory(
    store: Store,
    grid: Grid,
    measured: Mapping[str, Any],
    sides: Sides,
    own_edge: tuple[contract.Estimate, float] | None,
) -> contract.Trajectory | None:
    """The checkpoints of a fine-tune, in order; None where none were asked for.

    Args:
        store: its request may name the edge of a scan.
        grid: with the checkpoints.
        measured: by `geometry`.
        sides: what the checkpoints said.
        own_edge: the map's own safety edge, and how long one unit of it is relative to all
            weights; None where the map has no distance that is the same in all directions.
    """
    if not grid.stops:
        return None
    edge, source = None, ""
    if reference := store.request.get("edge"):
        edge, source = contract.Estimate(**reference["estimate"]), reference["run"]
    elif own_edge is not None and own_edge[0].value is not None:
        edge, source = _scaled(*own_edge), "this map"
    length = edge.value if edge is not None else None
    return contract.Trajectory(
        explained=_explained(grid, measured),
        edge=edge,
        edge_source=source,
        places=[_place(stop, measured, sides, length) for stop in grid.stops],
    )


def _place(
    stop: Stop, measured: Mapping[str, Any], sides: Sides, edge: float | None
) -> contract.Place:
    found = measured["places"][stop.way.key]
    x, y = (*found["coordinates"], None)[:2]
    key = Point(((stop.way, 1.0),)).key
    return contract.Place(
        name=stop.name,
        x=x,
        y=y,
        explained=found["explained"],
        distance=found["distance"],
        layers=dict(sorted(found["layers"].items(), key=_from_the_input_on)),
        edge_ratio=found["distance"] / edge if edge else None,
        measured={side: at_point(sides[side], key) for side in SIDES},
    )


def _from_the_input_on(layer: tuple[str, float | None]) -> tuple[bool, bool, list[int], str]:
    """Embedding, blocks by their numbers, head."""
    name = layer[0]
    return name == "head", name != "embedding", list(map(int, re.findall(r"\d+", name))), name


def _scaled(edge: contract.Estimate, unit: float) -> contract.Estimate:
    """An edge in units of the axis as a distance relative to all weights."""
    ends = {name: getattr(edge, name) for name in ("value", "low", "high")}
    return edge.model_copy(
        update={name: None if end is None else end * unit for name, end in ends.items()}
    )


def _explained(grid: Grid, measured: Mapping[str, Any]) -> float | None:
    """Share of the checkpoints' squared displacement that lies in the map."""
    places = [measured["places"][stop.way.key] for stop in grid.stops]
    squared = [place["distance"] ** 2 for place in places]
    inside = sum(s * place["explained"] for s, place in zip(squared, places, strict=True))
    return inside / sum(squared) if sum(squared) > 0 else None
