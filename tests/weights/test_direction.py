from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from safebasin.points import Direction, Norm
from safebasin.weights import direction as module
from safebasin.weights.direction import chunks, materialise, noise, scales
from safebasin.weights.parameters import movable, rows
from weights.networks import Odd, same_bits

CPU = torch.device("cpu")
NAME = "model.layers.0.mlp.up_proj.weight"
NORMS: tuple[Norm, ...] = ("layer", "row", "model")


def odd_weights(seed: int = 0) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in movable(Odd(seed), "none").items()}


def whole(direction: Direction, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return materialise(direction, weights, scales(direction, weights))


def norm(tensor: Tensor) -> float:
    return float(tensor.double().norm())


def together(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.double().flatten() for tensor in tensors.values()])


def cosine(left: Tensor, right: Tensor) -> float:
    left, right = left.double().flatten(), right.double().flatten()
    return float(left @ right / (left.norm() * right.norm()))


class TestNoise:
    def test_golden_bits(self) -> None:
        """The recipe is a promise: the same seed gives these numbers in every later version."""
        drawn = noise(Direction(0), NAME, 0, 6, CPU)
        assert [value.hex() for value in drawn.tolist()] == [
            "0x1.680a4e0000000p-1",
            "0x1.2ff1200000000p+0",
            "-0x1.20a73e0000000p+0",
            "-0x1.048be60000000p-3",
            "-0x1.e0823e0000000p+0",
            "0x1.e7a78e0000000p-2",
        ]
        signs = noise(Direction(0, noise="rademacher"), NAME, 0, 8, CPU)
        assert signs.tolist() == [1, 1, -1, -1, -1, 1, 1, 1]

    @settings(deadline=None, max_examples=50)
    @given(st.integers(0, 2000), st.integers(0, 400), st.integers(0, 400))
    def test_it_does_not_depend_on_the_chunk(self, start: int, first: int, second: int) -> None:
        middle, stop = start + first, start + first + second
        parts = [noise(Direction(3), NAME, start, middle, CPU)]
        parts += [noise(Direction(3), NAME, middle, stop, CPU)]
        assert same_bits(torch.cat(parts), noise(Direction(3), NAME, start, stop, CPU))

    def test_seed_index_and_name_each_make_another_stream(self) -> None:
        drawn = [
            noise(Direction(index, seed=seed), name, 0, 4096, CPU)
            for index in (0, 1, 10)
            for seed in (0, 1, 10)
            for name in (NAME, NAME + "s")
        ]
        for left, right in combinations(drawn, 2):
            assert abs(cosine(left, right)) < 5 / 4096**0.5

    def test_what_is_done_to_it_later_does_not_matter(self) -> None:
        plain = noise(Direction(1), NAME, 0, 64, CPU)
        for other in (Direction(1, norm="row"), Direction(1, skip="none", orthogonal_to=0)):
            assert same_bits(noise(other, NAME, 0, 64, CPU), plain)


@pytest.mark.parametrize("shape", [(), (1,), (70_000,), (3, 5), (300, 1000), (2, 3, 70_000)])
def test_chunks_cover_every_row_once(shape: tuple[int, ...]) -> None:
    tensor = torch.zeros(shape)
    covered = [row for part in chunks(tensor) for row in range(part.start, part.stop)]
    assert covered == list(range(rows(tensor).shape[0]))


@pytest.fixture(params=[1, 10, 1 << 16])
def any_chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", request.param)


@pytest.mark.usefixtures("any_chunk")
@pytest.mark.parametrize("recipe", ["gaussian", "rademacher"])
class TestNorms:
    def test_layer(self, recipe: Any) -> None:
        weights = odd_weights()
        for name, moved in whole(Direction(0, noise=recipe), weights).items():
            assert norm(moved) == pytest.approx(norm(weights[name]), rel=1e-6)

    def test_row(self, recipe: Any) -> None:
        weights = odd_weights()
        for name, moved in whole(Direction(0, noise=recipe, norm="row"), weights).items():
            found, expected = (rows(t).double().norm(dim=1) for t in (moved, weights[name]))
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)

    def test_model(self, recipe: Any) -> None:
        weights = odd_weights()
        moved = whole(Direction(0, noise=recipe, norm="model"), weights)
        assert norm(together(moved)) == pytest.approx(norm(together(weights)), rel=1e-6)
        ratio = {
            name: norm(moved[name]) / norm(noise(Direction(0, noise=recipe), name, 0, n, CPU))
            for name, n in ((name, tensor.numel()) for name, tensor in weights.items())
        }
        assert max(ratio.values()) == pytest.approx(min(ratio.values()), rel=1e-6)


@pytest.mark.parametrize("how", NORMS)
class TestDirections:
    def test_zeros_do_not_move_and_nothing_divides_by_zero(self, how: Norm) -> None:
        weights = odd_weights()
        moved = whole(Direction(0, norm=how), weights)
        assert all(bool(torch.isfinite(tensor).all()) for tensor in moved.values())
        if how != "model":
            assert not moved["zeros"].any()
        assert bool(moved["zero_row"][1].any()) == (how != "row")

    def test_a_model_of_zeros_does_not_move(self, how: Norm) -> None:
        weights = {"a": torch.zeros(3, 4), "b": torch.zeros(5)}
        assert not together(whole(Direction(0, norm=how), weights)).any()

    def test_chunks_do_not_show(self, how: Norm, monkeypatch: pytest.MonkeyPatch) -> None:
        weights, direction = odd_weights(), Direction(1, norm=how, orthogonal_to=0)
        expected, scale = whole(direction, weights), scales(direction, weights)
        monkeypatch.setattr(module, "CHUNK", 5)
        found = materialise(direction, weights, scale)
        assert all(same_bits(found[name], expected[name]) for name in weights)

    def test_a_tensor_does_not_depend_on_the_others(self, how: Norm) -> None:
        if how == "model":
            pytest.skip("one factor for all tensors is what this norm means")
        weights = odd_weights()
        alone = {"experts": weights["experts"]}
        backwards = dict(reversed(weights.items()))
        expected = whole(Direction(0, norm=how), weights)["experts"]
        for some in (alone, backwards):
            assert same_bits(whole(Direction(0, norm=how), some)["experts"], expected)

    def test_orthogonal(self, how: Norm) -> None:
        weights = odd_weights(1) | {"large": torch.randn(40, 1000)}
        for seed in range(3):
            first = whole(Direction(0, seed=seed, norm=how), weights)
            recipe = Direction(1, seed=seed, norm=how, orthogonal_to=0)
            second = whole(recipe, weights)
            assert abs(cosine(together(first), together(second))) < 1e-6
            for name in weights.keys() - {"zeros", "norm.bias", "scalar"}:
                assert abs(cosine(first[name], second[name])) < 1e-6
                if how == "row":
                    pairs = zip(rows(first[name]), rows(second[name]), strict=True)
                    assert all(not a.any() or abs(cosine(a, b)) < 1e-6 for a, b in pairs)

    def test_without_it_they_are_only_nearly_so(self, how: Norm) -> None:
        """The control: two plain directions of 40 entries have a cosine of about a sixth."""
        weights = {"w": torch.ones(4, 10)}
        found = [
            abs(
                cosine(*(whole(Direction(index, seed, norm=how), weights)["w"] for index in (0, 1)))
            )
            for seed in range(8)
        ]
        assert max(found) > 0.05

    def test_an_orthogonal_direction_has_the_weights_norm_too(self, how: Norm) -> None:
        weights = odd_weights()
        del weights["scalar"]  # in one dimension nothing but zero is orthogonal
        moved = whole(Direction(1, norm=how, orthogonal_to=0), weights)
        assert norm(together(moved)) == pytest.approx(norm(together(weights)), rel=1e-6)

    def test_in_one_dimension_nothing_is_left(self, how: Norm) -> None:
        weights = {"scalar": torch.tensor(2.0)}
        moved = whole(Direction(1, norm=how, noise="rademacher", orthogonal_to=0), weights)
        assert not moved["scalar"].any()

    def test_the_same_recipe_gives_the_same_bits(self, how: Norm) -> None:
        weights = odd_weights()
        for recipe in (Direction(2, norm=how), Direction(2, norm=how, orthogonal_to=1)):
            first, again = whole(recipe, weights), whole(replace(recipe), weights)
            assert all(same_bits(first[name], again[name]) for name in weights)


def test_half_precision_weights_are_measured_in_full() -> None:
    weights = {"w": torch.randn(64, 64).bfloat16()}
    moved = whole(Direction(0), weights)["w"]
    assert moved.dtype == torch.float32
    assert norm(moved) == pytest.approx(norm(weights["w"]), rel=1e-6)


def test_large_and_small_weights_neither_overflow_nor_vanish() -> None:
    weights = {"large": torch.full((8, 8), 1e30), "small": torch.full((8, 8), 1e-30)}
    for name, moved in whole(Direction(0), weights).items():
        assert norm(moved) == pytest.approx(norm(weights[name]), rel=1e-6)
