"""The weights of a network at a point, and what a checkpoint says by itself."""

from __future__ import annotations

from pathlib import Path

import torch
from scans import ASKED, settings

from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import load
from safebasin.points import Point
from safebasin.records import ModelRef
from safebasin.store import reading
from safebasin.studies import landscape
from safebasin.studies.grid import Grid
from safebasin.studies.plan import Plan
from safebasin.studies.run import run


def weights(model: str) -> dict[str, torch.Tensor]:
    loaded = load(ModelRef.parse(model), device="cpu")
    return {name: p.detach().clone() for name, p in loaded.model.named_parameters()}


def placed(planned: Plan, *coordinates: float) -> dict[str, torch.Tensor]:
    """The live weights at a point of the plan's grid."""
    engine = TransformersEngine(
        planned.loaded, Manner(skip=planned.settings.skip, max_new_tokens=4, given=planned.given)
    )
    point = Grid.from_json(planned.request["grid"]).point(*coordinates)
    with engine.at(point):
        found = {name: p.detach().clone() for name, p in planned.loaded.model.named_parameters()}
    engine.overlay.verify()
    return found


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor.view(torch.int32), other[name].view(torch.int32)), name


def alone(model: Path | str, out: Path) -> Path:
    """A scan of a checkpoint by itself, for what it says at its own weights."""
    return run(landscape.plan(settings(model, out, directions=1, points=3))).folder


def assert_says(folder: Path, point: Point, other: Path) -> None:
    with reading(folder) as path, reading(other) as scan:
        assert path.responses(point.key) == scan.responses("origin")
        assert len(path.responses(point.key)) == 2 * ASKED["limit"]
