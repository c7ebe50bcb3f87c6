from __future__ import annotations

import numpy as np
import pytest
import torch

from safebasin.weights.geometry import Geometry, measure
from safebasin.weights.given import Held
from safebasin.weights.projection import project, unit

N = 4096


def geometry(displacements: np.ndarray, directions: np.ndarray) -> Geometry:
    """Of a network of one tensor; the numbers go through fp64 tensors unchanged."""
    base = torch.from_numpy(np.random.default_rng(0).normal(size=N))
    others = [Held({"0.w": base + torch.from_numpy(delta)}) for delta in displacements]
    given = [Held({"0.w": torch.from_numpy(way)}) for way in directions]
    return measure({"0.w": base}, Held({"0.w": base}), others, given)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slant", [0.0, 0.5, 0.99])
def test_against_dense_least_squares_on_oblique_axes(seed: int, slant: float) -> None:
    random = np.random.default_rng(seed)
    axes = random.normal(size=(2, N))
    axes[1] = slant * axes[0] + np.sqrt(1 - slant**2) * axes[1]
    moved = random.normal(size=(4, N)) + random.normal(size=(4, 2)) @ axes
    found = geometry(moved, axes)
    projected = project(found, unit(found, 4, 5))
    expected = np.linalg.lstsq(axes.T, moved.T, rcond=None)[0].T
    np.testing.assert_allclose(projected.coordinate_PA, expected, rtol=1e-7, atol=1e-9)
    inside = ((expected @ axes) ** 2).sum(axis=1)
    np.testing.assert_allclose(projected.explained_P, inside / (moved**2).sum(axis=1), rtol=1e-9)
    assert projected.explained == pytest.approx(inside.sum() / (moved**2).sum(), rel=1e-9)


def test_in_the_plane_by_construction_and_outside_it() -> None:
    random = np.random.default_rng(1)
    axes = random.normal(size=(2, N))
    coordinates = np.array([[1.0, 0.0], [0.25, -3.0], [1.5, 0.5], [0.0, 0.0]])
    found = geometry(coordinates @ axes, axes)
    projected = project(found, unit(found, 4, 5))
    np.testing.assert_allclose(projected.coordinate_PA, coordinates, atol=1e-12)
    np.testing.assert_allclose(projected.explained_P, 1.0, rtol=1e-12)
    assert projected.explained == pytest.approx(1.0, rel=1e-12)


def test_a_random_displacement_is_not_explained() -> None:
    """In N dimensions a plane holds 2 / N of a random displacement on average."""
    shares = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        found = geometry(random.normal(size=(1, N)), random.normal(size=(2, N)))
        shares.append(project(found, unit(found, 1, 2)).explained)
    assert 0.2 < np.mean(shares) * N / 2 < 2.0
    assert max(shares) < 0.01


def test_exactly_orthogonal() -> None:
    axes = np.zeros((2, N))
    axes[0, 0], axes[1, 1] = 1.0, 2.0
    moved = np.zeros((1, N))
    moved[0, 2] = 5.0
    projected = project(found := geometry(moved, axes), unit(found, 1, 2))
    assert projected.explained == 0.0
    assert projected.coordinate_PA.tolist() == [[0.0, 0.0]]


def test_the_ends_of_a_path_lie_at_their_own_coordinates() -> None:
    moved = np.random.default_rng(3).normal(size=(2, N))
    moved[1] += moved[0]
    found = geometry(moved, np.zeros((0, N)))
    projected = project(found, unit(found, 0, 1))
    np.testing.assert_allclose(projected.coordinate_PA, np.eye(2), atol=1e-12)
    line = project(found, unit(found, 0))
    assert line.coordinate_PA[0] == pytest.approx(1.0)
    assert line.explained_P[0] == pytest.approx(1.0)
    assert 0.4 < line.explained_P[1] < 0.6


class TestDegenerate:
    def test_axes_that_are_one(self) -> None:
        axis = np.random.default_rng(4).normal(size=N)
        found = geometry(np.array([3.0 * axis]), np.array([axis, 2.0 * axis]))
        projected = project(found, unit(found, 1, 2))
        assert projected.explained == pytest.approx(1.0)
        assert projected.coordinate_PA[0] @ [1.0, 2.0] == pytest.approx(3.0)

    def test_an_axis_of_no_length_and_a_checkpoint_that_did_not_move(self) -> None:
        axis = np.random.default_rng(4).normal(size=N)
        found = geometry(np.array([0 * axis, axis]), np.array([axis, 0 * axis]))
        projected = project(found, unit(found, 2, 3))
        assert projected.coordinate_PA.tolist() == [[0.0, 0.0], [pytest.approx(1.0), 0.0]]
        np.testing.assert_allclose(projected.explained_P, 1.0)
        assert project(found, unit(found)).explained_P.tolist() == [1.0, 0.0]

    def test_nothing_moved(self) -> None:
        found = geometry(np.zeros((2, N)), np.ones((1, N)))
        projected = project(found, unit(found, 2))
        assert projected.explained == 1.0
        assert projected.coordinate_PA.tolist() == [[0.0], [0.0]]
