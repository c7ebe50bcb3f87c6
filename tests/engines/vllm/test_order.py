"""What a worker makes of an order is what the overlay makes of the point; needs no vLLM."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from builders import tiny_checkpoint
from torch import Tensor

from safebasin.engines.vllm import order as orders
from safebasin.engines.vllm.checkpoint import Checkpoint
from safebasin.engines.vllm.order import Order, weights
from safebasin.models.load import LoadedModel, load
from safebasin.models.tensors import network_rows, owners
from safebasin.points import Direction, Displacement, Point
from safebasin.records import ModelRef
from safebasin.weights.given import Along, Given, Held, Towards
from safebasin.weights.overlay import Overlay

CPU = torch.device("cpu")
FIRST, SECOND, THIRD = (Direction(index) for index in range(3))
ROWWISE = Direction(1, norm="row", orthogonal_to=0)
THERE, ASIDE = Displacement("a" * 64), Displacement("b" * 64)

POINTS = [
    Point(),
    Point(((FIRST, 0.3),)),
    Point(((FIRST, -0.7), (SECOND, 0.2), (THIRD, 1e-4))),
    Point(((ROWWISE, 0.5),)),
]
GIVEN_POINTS = [
    Point(((THERE, 0.4),)),
    Point(((THERE, 1.0),)),
    Point(((FIRST, 0.3), (THERE, 1.0), (ASIDE, -0.2))),
    Point(((ASIDE, 0.5), (FIRST, 0.5))),
]


def placed_by_overlay(loaded: LoadedModel, overlay: Overlay, point: Point) -> dict[str, Tensor]:
    with overlay.at(point):
        return {name: p.detach().clone() for name, p in loaded.model.named_parameters()}


def compare(loaded: LoadedModel, overlay: Overlay, checkpoint: Checkpoint, point: Point) -> None:
    expected = placed_by_overlay(loaded, overlay, point)
    owner = owners(loaded.model)
    found = dict(weights(checkpoint.stored, checkpoint.order(point), CPU, []))
    seen = set()
    for one in checkpoint.stored:
        if one.network:
            assert torch.equal(found[one.name], expected[one.network])
            seen.add(one.network)
    assert seen == set(owner.values())


@pytest.mark.parametrize("point", POINTS, ids=range(4))
@pytest.mark.parametrize(
    ("family", "tied", "dtype"),
    [("llama", True, "bfloat16"), ("qwen2", False, "float32"), ("gpt_neox", False, "float16")],
)
def test_random_directions(
    tmp_path: Path, family: str, tied: bool, dtype: str, point: Point
) -> None:
    folder = tiny_checkpoint(tmp_path / "m", family, tied=tied, dtype=dtype, shards=True)
    loaded = load(ModelRef(str(folder)), dtype=dtype)
    overlay = Overlay(loaded.model)
    compare(loaded, overlay, Checkpoint(loaded, overlay, {}, tmp_path), point)


def given_by(tmp_path: Path, loaded: LoadedModel) -> dict[Displacement, Given]:
    other = load(ModelRef(str(tiny_checkpoint(tmp_path / "other", seed=7))))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        aside = {name: torch.randn(p.shape) for name, p in loaded.model.named_parameters()}
    return {THERE: Towards(network_rows(other.model)), ASIDE: Along(Held(aside))}


@pytest.mark.parametrize("point", GIVEN_POINTS, ids=range(4))
def test_displacements(tmp_path: Path, point: Point) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    given = given_by(tmp_path, loaded)
    overlay = Overlay(loaded.model, given=given)
    compare(loaded, overlay, Checkpoint(loaded, overlay, given, tmp_path), point)


def test_an_order_without_steps_is_the_checkpoint(tmp_path: Path) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    checkpoint = Checkpoint(loaded, Overlay(loaded.model), MappingProxyType({}), tmp_path)
    own = dict(loaded.model.named_parameters())
    for name, tensor in weights(checkpoint.stored, Order(), CPU, []):
        assert torch.equal(tensor, own[name])


def test_what_cannot_be_placed_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vLLM's loader has to be fed to the end, or it mixes what it has with what comes next."""
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    checkpoint = Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)

    def full(*_: object) -> None:
        raise MemoryError("full")

    monkeypatch.setattr(orders, "place", full)
    failed: list[Exception] = []
    found = weights(checkpoint.stored, checkpoint.order(Point(((FIRST, 0.3),))), CPU, failed)
    assert {name for name, _ in found} == {one.name for one in checkpoint.stored}
    assert list(map(str, failed)) == ["full"]
