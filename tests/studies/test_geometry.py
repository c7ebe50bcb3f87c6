"""Lengths and angles of a map, against whole tensors in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from safebasin.errors import IntegrityError
from safebasin.models.load import load
from safebasin.records import ModelRef
from safebasin.studies import geometry
from safebasin.studies.checkpoints import open_beside
from safebasin.studies.geometry import describe
from safebasin.studies.grid import Axis, Grid
from safebasin.studies.plan import Plan
from safebasin.weights.overlay import Overlay


def flat(folder: Path) -> np.ndarray:
    tensors = load_file(folder / "model.safetensors")
    return np.concatenate([tensors[name].double().numpy().ravel() for name in sorted(tensors)])


@pytest.fixture
def measured(tiny: Path, second: Path, third: Path, straight: Path) -> dict[str, Any]:
    """The plane of the second and the third checkpoint, and one that lies in it."""
    origin = load(ModelRef(str(tiny)), device="cpu")
    names = [str(second), str(third), str(straight / "checkpoint-2")]
    found, _ = open_beside(origin, names)
    one, other, inside = found
    axes = (Axis(one.way, "one", (0.0, 1.0)), Axis(other.way, "other", (0.0, 1.0)))
    overlay = Overlay(origin.model, given={each.way: each.towards for each in found})
    result = describe(overlay, Grid(axes, (inside.stop,)), found)
    return {**result, "keys": [each.way.key for each in found]}


def test_steps_and_angle(measured, tiny: Path, second: Path, third: Path) -> None:
    origin = flat(tiny)
    ways = [flat(folder) - origin for folder in (second, third)]
    lengths = [np.linalg.norm(way) for way in ways]
    weight = np.linalg.norm(origin)
    assert measured["steps"] == pytest.approx([x / weight for x in lengths], rel=1e-6)
    assert measured["cosine"] == pytest.approx(ways[0] @ ways[1] / np.prod(lengths), abs=1e-6)
    assert abs(measured["cosine"]) <= measured["cosine_worst"] <= 1


def test_places(measured) -> None:
    places = [measured["places"][key] for key in measured["keys"]]
    expected = [[1, 0], [0, 1], [0.25, 0]]
    for place, coordinates in zip(places, expected, strict=True):
        assert place["coordinates"] == pytest.approx(coordinates, abs=1e-5)
        assert place["explained"] == pytest.approx(1, abs=1e-6)
    assert places[2]["distance"] == pytest.approx(places[0]["distance"] / 4, rel=1e-5)
    assert measured["explained"] == pytest.approx(1, abs=1e-6)


def test_without_checkpoints_there_are_no_places(planned_surface: Plan) -> None:
    grid = Grid.from_json(planned_surface.request["grid"])
    found = describe(Overlay(planned_surface.loaded.model), grid, [])
    assert found["places"] == {}
    assert found["explained"] is None


def test_one_axis_has_no_angle(planned_line: Plan) -> None:
    grid = Grid.from_json(planned_line.request["grid"])
    found = describe(Overlay(planned_line.loaded.model, given=planned_line.given), grid, [])
    assert (found["cosine"], found["cosine_worst"]) == (0, 0)
    assert len(found["steps"]) == 1


def test_directions_that_are_not_orthogonal_are_noticed(
    planned_surface: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geometry, "ORTHOGONAL", 0.0)
    grid = Grid.from_json(planned_surface.request["grid"])
    with pytest.raises(IntegrityError, match="two random directions have a cosine of"):
        describe(Overlay(planned_surface.loaded.model), grid, [])
