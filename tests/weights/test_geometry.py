from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from safebasin.points import Direction
from safebasin.weights import windows as windows_module
from safebasin.weights.direction import materialise, scales
from safebasin.weights.geometry import cosine, distances, layer, measure
from safebasin.weights.given import Drawn, Held
from safebasin.weights.windows import MIN_ENTRIES
from weights.networks import Odd


def odd(seed: int = 0, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    return {name: p.detach().to(dtype) for name, p in Odd(seed).named_parameters()}


def flat(tensors: Mapping[str, Tensor], name: str) -> np.ndarray:
    return tensors[name].double().reshape(-1).numpy()


def whole(tensors: Mapping[str, Tensor]) -> np.ndarray:
    return np.concatenate([flat(tensors, name) for name in tensors])


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class TestMeasure:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    @pytest.mark.parametrize("entries", [1, 5, MIN_ENTRIES])
    def test_against_whole_tensors(
        self, dtype: torch.dtype, entries: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(windows_module, "MAX_ENTRIES", entries)
        origin, others = odd(0, dtype), [odd(seed, dtype) for seed in (1, 2, 3)]
        recipe = Direction(0, skip="none")
        moves = {name: tensor for name, tensor in origin.items() if tensor.numel()}
        scale = scales(recipe, moves)
        dense = materialise(recipe, moves, scale)
        found = measure(
            origin, Held(origin), list(map(Held, others)), [Drawn(recipe, scale, origin)]
        )
        assert found.names == tuple(moves)
        assert found.checkpoints == 3
        for t, name in enumerate(found.names):
            base = flat(origin, name)
            ways = np.array([*(flat(other, name) - base for other in others), flat(dense, name)])
            np.testing.assert_allclose(found.gram_TWW[t], ways @ ways.T, rtol=1e-12, atol=1e-12)
            assert found.weight_T[t] == pytest.approx(base @ base, rel=1e-12)
        assert found.weight == pytest.approx(np.linalg.norm(whole(origin)), rel=1e-12)
        np.testing.assert_allclose(found.gram_WW, found.gram_TWW.sum(axis=0))
        np.testing.assert_array_equal(found.gram_TWW, found.gram_TWW.transpose(0, 2, 1))

    def test_no_checkpoints_and_no_directions(self) -> None:
        found = measure(odd(), Held(odd()), [])
        assert found.gram_WW.shape == (0, 0)
        assert found.weight > 0

    def test_a_shared_sign_and_size_do_not_hide_in_rounding(self) -> None:
        """Inner products of small displacements of large weights are exact in fp64."""
        base = torch.full((64, 64), 1.0)
        step = torch.zeros(64, 64)
        step[0, 0] = 2.0**-23
        found = measure({"w": base}, Held({"w": base}), [Held({"w": base + step})])
        assert found.gram_WW.tolist() == [[2.0**-46]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.embed_tokens.weight", "embedding"),
        ("transformer.wte.weight", "embedding"),
        ("transformer.wpe.weight", "embedding"),
        ("gpt_neox.embed_in.weight", "embedding"),
        ("model.layers.0.mlp.up_proj.weight", "model.layers.0"),
        ("model.layers.11.mlp.experts.3.weight", "model.layers.11"),
        ("transformer.h.2.ln_1.bias", "transformer.h.2"),
        ("0.weight", "0"),
        ("blocks.4", "blocks.4"),
        ("model.norm.weight", "head"),
        ("lm_head.weight", "head"),
        ("embed_out.weight", "head"),
        ("final_layer_norm.bias", "head"),
        ("w1.weight", "head"),
    ],
)
def test_layers(name: str, expected: str) -> None:
    assert layer(name) == expected


class TestDistances:
    NAMES = ("norm.weight", "layers.10.w", "layers.2.w", "layers.2.b", "embed.weight")

    def test_overall_and_per_layer(self) -> None:
        origin = {name: torch.full((4,), 2.0) for name in self.NAMES}
        moved = {name: tensor.clone() for name, tensor in origin.items()}
        moved["layers.2.w"] += 1.0
        moved["embed.weight"] *= 3.0
        found = distances(measure(origin, Held(origin), [Held(origin), Held(moved)]))
        assert found.layers == ("embedding", "layers.10", "layers.2", "head")
        assert found.overall_P.tolist() == [0.0, pytest.approx(np.sqrt((4 + 64) / 80))]
        assert found.layer_PL[0].tolist() == [0.0] * 4
        assert found.layer_PL[1].tolist() == [2.0, 0.0, pytest.approx(np.sqrt(4 / 32)), 0.0]

    def test_a_random_direction_at_one_has_distance_one(self) -> None:
        origin = {"0.w": draw(8, 8), "1.w": draw(8, 8, seed=1)}
        dense = materialise(Direction(0), origin, scales(Direction(0), origin))
        moved = {name: tensor + dense[name] for name, tensor in origin.items()}
        found = distances(measure(origin, Held(origin), [Held(moved)]))
        assert found.overall_P[0] == pytest.approx(1.0, rel=1e-6)
        np.testing.assert_allclose(found.layer_PL, 1.0, rtol=1e-6)

    def test_nothing_from_nothing(self) -> None:
        zero = {"0.w": torch.zeros(3), "1.w": torch.ones(3)}
        moved = {"0.w": torch.ones(3), "1.w": torch.ones(3)}
        found = distances(measure(zero, Held(zero), [Held(zero), Held(moved)]))
        assert found.layer_PL.tolist() == [[0.0, 0.0], [np.inf, 0.0]]


class TestCosine:
    def test_of_known_angles(self) -> None:
        first = {"a": torch.tensor([1.0, 0.0]), "b": torch.tensor([3.0, 0.0])}
        second = {"a": torch.tensor([-1.0, 1.0]), "b": torch.tensor([0.0, 2.0])}
        found = measure(first, Held(first), [], [Held(first), Held(second)])
        angle = cosine(found, 0, 1)
        assert angle.overall == pytest.approx(-1 / np.sqrt(60))
        assert (angle.largest, angle.tensor) == (pytest.approx(-np.sqrt(0.5)), "a")
        assert cosine(found, 1, 1).overall == pytest.approx(1.0)

    def test_of_nothing(self) -> None:
        zero = {"a": torch.zeros(2)}
        assert cosine(measure(zero, Held(zero), [], [Held(zero)] * 2), 0, 1).overall == 0.0

    def test_random_directions_are_nearly_orthogonal_and_made_so_exactly(self) -> None:
        like = {"a": draw(200, 50), "b": draw(100, 100, seed=1)}

        def angle(seed: int, orthogonal: int | None) -> float:
            recipes = Direction(0, seed=seed), Direction(1, seed=seed, orthogonal_to=orthogonal)
            drawn = [Drawn(recipe, scales(recipe, like), like) for recipe in recipes]
            return cosine(measure(like, Held(like), [], drawn), 0, 1).overall

        plain = [angle(seed, None) for seed in range(12)]
        assert 0.3 < np.std(plain) * np.sqrt(20_000) < 2.0
        assert max(abs(angle(seed, 0)) for seed in range(3)) < 1e-7
