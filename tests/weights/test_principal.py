from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from safebasin.weights.geometry import Geometry, measure
from safebasin.weights.given import Held
from safebasin.weights.principal import mixtures, principal_axes
from safebasin.weights.projection import project
from weights.test_geometry import draw, odd, whole
from weights.test_windows import Counting

SHAPES = {"embed.weight": (32, 16), "layers.0.w": (48, 16), "norm.weight": (16,)}


def network(seed: int, size: float = 1.0) -> dict[str, Tensor]:
    return {
        name: size * draw(*shape, seed=100 * seed + place)
        for place, (name, shape) in enumerate(SHAPES.items())
    }


def moved(base: dict[str, Tensor], *steps: tuple[float, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Exact in fp64, so that what lies in a plane by construction does."""
    return {
        name: tensor.double() + sum(x * step[name].double() for x, step in steps)
        for name, tensor in base.items()
    }


def measured(base: dict[str, Tensor], others: list[dict[str, Tensor]]) -> Geometry:
    return measure(base, Held(base), list(map(Held, others)))


@pytest.mark.parametrize("seed", range(3))
def test_against_a_dense_decomposition(seed: int) -> None:
    base = network(seed)
    others = [
        moved(base, (0.1 * step, network(seed + 10)), (0.05, network(seed + 20 + step)))
        for step in range(1, 7)
    ]
    found = measured(base, others)
    axes = principal_axes(found)
    delta = np.array([whole(other) - whole(base) for other in others])
    left, sizes, right = np.linalg.svd(delta, full_matrices=False)
    norm = np.linalg.norm(whole(base))
    for k in range(2):
        direction = axes[k] @ delta
        assert np.linalg.norm(direction) == pytest.approx(norm, rel=1e-9)
        assert abs(direction @ right[k]) == pytest.approx(norm, rel=1e-9)
    projected = project(found, axes)
    assert projected.explained == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum(), rel=1e-9)
    np.testing.assert_allclose(
        np.abs(projected.coordinate_PA), np.abs(left[:, :2] * sizes[:2]) / norm, atol=1e-9
    )
    assert abs((axes[0] @ delta) @ (axes[1] @ delta)) < 1e-8 * norm**2
    assert projected.coordinate_PA[-1, 0] > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_plane_is_found_and_explains_everything(seed: int) -> None:
    base, first, second = network(seed), network(seed + 10), network(seed + 20)
    places = [(0.1, 0.0), (0.2, 0.1), (0.3, -0.1), (0.35, 0.2)]
    others = [moved(base, (x, first), (y, second)) for x, y in places]
    found = measured(base, others)
    assert len(principal_axes(found)) == 2
    projected = project(found, principal_axes(found))
    np.testing.assert_allclose(projected.explained_P, 1.0, rtol=1e-9)


def test_the_plane_of_other_checkpoints_does_not_explain_a_random_one() -> None:
    base, first, second = network(0), network(10), network(20)
    others = [
        moved(base, (0.5, first)),
        moved(base, (0.5, second)),
        moved(base, (1e-3, network(30))),
    ]
    projected = project(found := measured(base, others), principal_axes(found))
    np.testing.assert_allclose(projected.explained_P[:2], 1.0, rtol=1e-4)
    assert projected.explained_P[2] < 0.02


class TestFewerThanTwo:
    def test_a_line(self) -> None:
        base, step = network(1), network(11)
        others = [moved(base, (x, step)) for x in (0.1, 0.25, -0.5, 0.3)]
        found = measured(base, others)
        axes = principal_axes(found)
        assert axes.shape == (1, 4)
        projected = project(found, axes)
        np.testing.assert_allclose(projected.explained_P, 1.0, rtol=1e-9)
        along = projected.coordinate_PA[:, 0] / projected.coordinate_PA[-1, 0]
        np.testing.assert_allclose(along, np.array([0.1, 0.25, -0.5, 0.3]) / 0.3, rtol=1e-9)
        assert projected.coordinate_PA[-1, 0] > 0

    @pytest.mark.parametrize("seed", range(5))
    def test_a_line_that_was_rounded_to_float32(self, seed: int) -> None:
        base, step = network(seed), network(seed + 10)
        others = [
            {name: tensor.float() for name, tensor in moved(base, (x, step)).items()}
            for x in (1e-4, 2e-4, 3e-4, 0.3)
        ]
        assert len(principal_axes(measured(base, others))) == 1

    def test_one_checkpoint(self) -> None:
        base = network(2)
        found = measured(base, [moved(base, (0.2, network(12)))])
        axes = principal_axes(found)
        assert axes.shape == (1, 1)
        share = np.sqrt(found.gram_WW[0, 0]) / found.weight
        assert project(found, axes).coordinate_PA[0, 0] == pytest.approx(share)

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_nothing_moved(self, count: int) -> None:
        base = network(3)
        found = measured(base, [base] * count)
        assert principal_axes(found).shape == (0, count)


def test_signs_do_not_depend_on_the_order_of_the_others() -> None:
    base = network(4)
    steps = [network(40 + step) for step in range(4)]
    others = [moved(base, (0.1, steps[0]), (0.1 * k, step)) for k, step in enumerate(steps)]
    last = [moved(base, (0.4, steps[0]), (0.1, steps[3]))]
    forward, backward = (
        project(found := measured(base, each), principal_axes(found)).coordinate_PA
        for each in (others + last, others[::-1] + last)
    )
    np.testing.assert_allclose(forward[-1], backward[-1], rtol=1e-9)
    assert (forward[-1] > 0).all()


def test_directions_take_no_part() -> None:
    base, others = network(5), [moved(network(5), (0.1, network(50 + k))) for k in range(3)]
    alone = principal_axes(measured(base, others))
    with_one = measure(base, Held(base), list(map(Held, others)), [Held(network(60, 100.0))])
    np.testing.assert_allclose(principal_axes(with_one)[:, :3], alone)
    assert not principal_axes(with_one)[:, 3].any()


class TestMixtures:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_against_whole_tensors(self, dtype: torch.dtype) -> None:
        base, others = odd(0, dtype), [odd(seed, dtype) for seed in (1, 2)]
        weights = np.array([[0.5, -2.0], [1.0, 0.0], [0.0, 0.0]])
        found = mixtures(base, Held(base), list(map(Held, others)), weights)
        assert len(found) == 3
        for row, along in zip(weights, found, strict=True):
            assert isinstance(along.direction, Held)
            for name, tensor in base.items():
                if not tensor.numel():
                    assert name not in along.direction.tensors
                    continue
                dense = sum(
                    x * (other[name].double() - tensor.double())
                    for x, other in zip(row, others, strict=True)
                )
                mixed = along.direction.tensors[name]
                assert (mixed.dtype, mixed.shape) == (torch.float32, tensor.shape)
                torch.testing.assert_close(mixed, dense.float(), rtol=1e-6, atol=1e-7)

    def test_every_row_is_read_exactly_once(self) -> None:
        base, others = network(0), [Counting(network(k)) for k in (1, 2, 3)]
        mixtures(base, Held(base), others, np.ones((2, 3)))
        assert all(set(other.read.values()) == {1} for other in others)
        assert len(others[0].read) == 32 + 48 + 1

    def test_a_principal_direction_is_as_long_as_the_weights(self) -> None:
        base = network(6)
        others = [moved(base, (0.1, network(70 + k))) for k in range(3)]
        found = measured(base, others)
        axes = principal_axes(found)
        for along in mixtures(base, Held(base), list(map(Held, others)), axes[:, :3]):
            assert isinstance(along.direction, Held)
            length = np.linalg.norm(whole(along.direction.tensors))
            assert length == pytest.approx(found.weight, rel=1e-6)
