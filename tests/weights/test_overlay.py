from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch
from builders import FAMILIES, tiny_model
from torch import Tensor, nn

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.points import Direction, Point
from safebasin.weights import direction as direction_module
from safebasin.weights.direction import noise
from safebasin.weights.overlay import Overlay, overlay
from weights.networks import (
    POINTS,
    A,
    B,
    Odd,
    bits,
    equal,
    plain_direction,
    same_bits,
    snapshot,
    state_at,
    unchanged,
)


def plainly_moved(model: nn.Module, point: Point) -> dict[str, Tensor]:
    """θ(x) = round(θ₀ + Σ x·d) for parameters that are in no layer whose name says norm."""
    moved = {}
    for name, parameter in model.named_parameters():
        if "norm" not in name and parameter.numel():
            total = parameter.detach().float()
            for recipe, x in point.terms:
                total = total + x * plain_direction(recipe, name, parameter.detach())
            moved[name] = total.to(parameter.dtype)
    return moved


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family: str, tied: bool, dtype: str) -> None:
    model = tiny_model(family, tied=tied, dtype=dtype)
    before, over = snapshot(model), Overlay(model)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with over.at(Point()):
        assert unchanged(model, before)
    for point in POINTS[1:3]:
        expected = plainly_moved(model, point)
        with over.at(point):
            for name, parameter in model.named_parameters():
                assert same_bits(parameter, expected.get(name, before[name]))
                assert same_bits(parameter, before[name]) == (name not in expected)
            for name, buffer in model.named_buffers():
                assert same_bits(buffer, buffers[name])
            embeddings = model.get_input_embeddings(), model.get_output_embeddings()
            assert (embeddings[0].weight is embeddings[1].weight) == tied
        assert unchanged(model, before)
        with pytest.raises(KeyError, match="inside"), over.at(point):
            raise KeyError("inside")
        assert unchanged(model, before)
    over.verify()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
class TestPoints:
    def test_the_order_of_points_does_not_matter(self, dtype: torch.dtype) -> None:
        model = Odd().to(dtype)
        before, over = snapshot(model), Overlay(model)
        alone = [state_at(Overlay(model), model, point) for point in POINTS]
        for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 2, 0, 4, 2)):
            for place in order:
                assert equal(state_at(over, model, POINTS[place]), alone[place])
        assert unchanged(model, before)

    def test_remembering_does_not_show(self, dtype: torch.dtype) -> None:
        model = Odd().to(dtype)
        for point in POINTS:
            kept, drawn = (Overlay(model, remember=size) for size in (1 << 30, 0))
            assert equal(state_at(kept, model, point), state_at(drawn, model, point))
            assert equal(state_at(kept, model, point), state_at(drawn, model, point))

    def test_chunks_do_not_show(self, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
        model = Odd().to(dtype)
        over = Overlay(model, remember=0)
        expected = [state_at(over, model, point) for point in POINTS]
        monkeypatch.setattr(direction_module, "CHUNK", 4)
        assert all(
            equal(state_at(over, model, point), state)
            for point, state in zip(POINTS, expected, strict=True)
        )

    def test_nothing_moves_by_zero(self, dtype: torch.dtype) -> None:
        model = Odd().to(dtype)
        before = snapshot(model)
        for x in (0.0, -0.0):
            with Overlay(model).at(Point(((A, x),))):
                assert unchanged(model, before)


def test_odd_tensors_and_the_buffer() -> None:
    model = Odd()
    before = snapshot(model)
    moved = state_at(Overlay(model), model, Point(((A, 0.5),)))
    expected = plainly_moved(model, Point(((A, 0.5),)))
    assert {name for name in before if not same_bits(moved[name], before[name])} == (
        expected.keys() - {"zeros"}
    )
    assert same_bits(moved["transposed"], expected["transposed"])
    assert not model.transposed.is_contiguous()
    assert unchanged(model, before)


@pytest.mark.parametrize("skip", ["norms", "vectors", "none"])
def test_skip_rules(skip: Any) -> None:
    model = tiny_model("phi")
    before = snapshot(model)
    moved = state_at(Overlay(model, skip), model, Point(((Direction(0, skip=skip), 0.3),)))
    still = {name for name in before if same_bits(moved[name], before[name])}
    vectors = {name for name in before if before[name].dim() < 2}
    assert (
        still
        == {
            "norms": {name for name in before if "norm" in name},
            "vectors": vectors,
            "none": set(),
        }[skip]
    )
    assert vectors - {name for name in before if "norm" in name}


def test_bfloat16_is_rounded_once() -> None:
    """Many small terms that would each vanish in bfloat16 are summed before the cast."""
    model = nn.Linear(16, 64, bias=False).bfloat16()
    before = model.weight.detach().clone()
    small = [(Direction(0, seed=seed), 1e-3) for seed in range(30)]
    stepped = before
    for recipe, x in small:
        stepped = (stepped.float() + x * plain_direction(recipe, "weight", before)).bfloat16()
    with overlay(model, Point(tuple(small))):
        once = model.weight.detach().clone()
    assert same_bits(once, plainly_moved(model, Point(tuple(small)))["weight"])
    assert not same_bits(once, stepped)
    assert same_bits(model.weight, before)


def test_minus_zero_and_nan_come_back() -> None:
    model = nn.Linear(4, 4)
    model.weight.data[0, 0], model.weight.data[1, 1] = -0.0, float("nan")
    before = bits(model.weight).clone()
    with Overlay(model).at(Point(((A, 0.5),))):
        pass
    assert torch.equal(bits(model.weight), before)


def test_a_point_that_overflows_half_precision_comes_back() -> None:
    model = nn.Linear(8, 8).half()
    before = snapshot(model)
    with Overlay(model).at(Point(((A, 1e7),))):
        assert not bool(torch.isfinite(model.weight).all())
    assert unchanged(model, before)


@pytest.mark.parametrize("mode", [nullcontext, torch.no_grad, torch.inference_mode])
def test_it_works_with_and_without_gradients(mode: Any) -> None:
    model = nn.Linear(4, 4)
    before = snapshot(model)
    context: AbstractContextManager[None] = mode()
    with context, Overlay(model).at(POINTS[0]):
        assert not unchanged(model, before)
    assert unchanged(model, before)
    assert model.weight.requires_grad
    model(torch.ones(1, 4)).sum().backward()
    assert model.weight.grad is not None


class TestMisuse:
    def test_nested(self) -> None:
        model = Odd()
        before, over = snapshot(model), Overlay(model)
        with over.at(POINTS[0]):
            there = snapshot(model)
            with pytest.raises(ValueError, match="another point is placed"), over.at(POINTS[1]):
                pass
            with pytest.raises(ValueError, match="another point is placed"), over.at(Point()):
                pass
            assert unchanged(model, there)
        assert unchanged(model, before)
        with over.at(POINTS[1]):
            assert not unchanged(model, before)

    def test_another_skip_rule(self) -> None:
        model = Odd()
        before, over = snapshot(model), Overlay(model, "vectors")
        with pytest.raises(ValueError, match=r"'norms'.*'vectors'"), over.at(POINTS[0]):
            pass
        assert unchanged(model, before)
        with over.at(Point()):
            pass

    def test_a_quantised_parameter(self) -> None:
        model = nn.Linear(3, 3)
        model.packed = nn.Parameter(torch.zeros(3, 3, dtype=torch.int8), requires_grad=False)
        with pytest.raises(InputRejectedError, match="quantised"):
            Overlay(model)
        with pytest.raises(InputRejectedError, match="quantised"), overlay(model, Point()):
            pass


class TestVerify:
    def test_an_untouched_model(self) -> None:
        model = Odd()
        over = Overlay(model)
        for point in POINTS:
            state_at(over, model, point)
            over.verify()

    def test_a_changed_weight(self) -> None:
        model = Odd()
        over = Overlay(model)
        model.experts.data[2, 3, 5] += 1e-6
        with pytest.raises(IntegrityError, match=r"parameter experts.*load it again") as caught:
            over.verify()
        assert caught.value.exit_code == 4

    def test_a_changed_sign_of_zero(self) -> None:
        model = Odd()
        over = Overlay(model)
        model.zeros.data[0, 0] = -0.0
        with pytest.raises(IntegrityError, match="zeros"):
            over.verify()

    def test_nan_is_equal_to_itself(self) -> None:
        model = nn.Linear(2, 2)
        model.weight.data[0, 0] = float("nan")
        Overlay(model).verify()


class TestScalesDigest:
    def test_the_same_weights(self) -> None:
        assert Overlay(Odd()).scales_digest(A) == Overlay(Odd()).scales_digest(A)

    def test_other_weights_or_another_recipe(self) -> None:
        recipes = (A, B, Direction(0, norm="row"), Direction(1, orthogonal_to=0))
        digests = [Overlay(Odd(seed)).scales_digest(d) for seed in (0, 1) for d in recipes]
        assert len(set(digests)) == len(digests)


def test_numel_counts_what_moves() -> None:
    model = tiny_model("llama", tied=True)
    expected = sum(p.numel() for name, p in model.named_parameters() if "norm" not in name)
    assert Overlay(model).numel == expected


def test_overlay_for_one_point() -> None:
    model = Odd()
    before = snapshot(model)
    with overlay(model, Point(((Direction(0, skip="none"), 0.5),))):
        assert not same_bits(model.norm.weight, before["norm.weight"])
    assert unchanged(model, before)


@pytest.mark.gpu
class TestDevices:
    @pytest.mark.parametrize("recipe", ["gaussian", "rademacher"])
    def test_noise_is_the_same_on_both(self, recipe: Any) -> None:
        direction = Direction(0, noise=recipe)
        for start, stop in ((0, 1 << 22), (2**34 - 3, 2**34 + 5)):
            drawn = [
                noise(direction, "w", start, stop, torch.device(device)).cpu()
                for device in ("cpu", "cuda")
            ]
            assert same_bits(*drawn)

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    @pytest.mark.parametrize("remember", [0, 1 << 30])
    def test_a_placed_point_is_the_same_on_both(self, dtype: str, remember: int) -> None:
        states = []
        for device in ("cpu", "cuda"):
            model = tiny_model("llama", dtype=dtype).to(device)
            over = Overlay(model, remember=remember)
            states.append([state_at(over, model, point) for point in POINTS])
        for on_cpu, on_cuda in zip(*states, strict=True):
            assert equal(on_cpu, {name: tensor.cpu() for name, tensor in on_cuda.items()})
