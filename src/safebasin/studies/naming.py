"""What a place in weight space is called, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from safebasin.points import Direction, Point, Prefill, Steering, Way
from safebasin.report.formatting import count
from safebasin.studies.grid import Grid

ORIGIN = "the checkpoint itself"


def called(point: Point, names: Mapping[str, str]) -> str:
    """How far it is along which ways: "direction 0, α = +0.25", "40 % of the way to tuned".

    Args:
        point: the place.
        names: of ways that are no random directions, by key; see `ways`.
    """
    if not point.terms:
        return ORIGIN
    alone = len(point.terms) == 1
    return " and ".join(_step(way, x, names, alone=alone) for way, x in point.terms)


def ways(request: Mapping[str, Any]) -> dict[str, str]:
    """What the ways of a run's grid lead to or are, by key; a scan has none that need a name.

    From the request alone, since a summary must be the same wherever the run lies.
    """
    if "grid" not in request:
        return {}
    grid = Grid.from_json(request["grid"])
    found = {axis.way.key: axis.name.removeprefix("towards ") for axis in grid.axes}
    found |= {stop.way.key: stop.name for stop in grid.stops}
    short = {key: _last_part(name) for key, name in found.items()}
    often = Counter(short.values())
    return {key: short[key] if often[short[key]] == 1 else name for key, name in found.items()}


def _step(way: Way, x: float, names: Mapping[str, str], *, alone: bool) -> str:
    if isinstance(way, Direction):
        return f"direction {way.index}, α = {_signed(x)}"
    name = names.get(way.key, way.key)
    if isinstance(way, Prefill):
        return f"{count(int(x), 'tokens')} of the answer given"
    if isinstance(way, Steering):
        return f"steered by {name}, α = {_signed(x)}"
    if name.startswith("principal direction"):
        return f"{name}, α = {_signed(x)}"
    if alone and x == 1:
        return f"{name} itself"
    return f"{100 * x:.3g} % of the way to {name}".replace("-", "−", 1 if x < 0 else 0)


def _signed(x: float) -> str:
    return f"{x:+.3g}".replace("-", "−")


def _last_part(name: str) -> str:
    """Of a folder its own name; a model by name keeps all of it."""
    return PurePath(name).name if name.startswith(("/", "./", "../", "~")) else name
