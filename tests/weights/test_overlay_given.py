"""Points on the way to other checkpoints, and the ways themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from builders import tiny_model
from torch import Tensor, nn

from safebasin.points import Direction, Displacement, Point
from safebasin.weights import direction as direction_module
from safebasin.weights.direction import materialise, scales
from safebasin.weights.given import Along, Held, Towards
from safebasin.weights.overlay import Overlay, overlay
from weights.networks import (
    POINTS,
    A,
    B,
    Odd,
    equal,
    plain_direction,
    same_bits,
    snapshot,
    state_at,
    unchanged,
)

TO_B, TO_C, ALONG = Displacement("b" * 64), Displacement("c" * 64), Displacement("d" * 64)


def live(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in model.named_parameters()}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("tied", [False, True])
class TestGiven:
    """A, B and C are three checkpoints of one network; every parameter differs."""

    def three(self, tied: bool, dtype: str) -> tuple[Any, Any, Overlay]:
        a, b, c = (tiny_model("phi", tied=tied, dtype=dtype, seed=seed) for seed in range(3))
        b.model.layers[0].mlp.fc1.bias.data[:2] = torch.tensor([-0.0, 0.0])
        given = {
            TO_B: Towards(Held(live(b))),
            TO_C: Towards(Held(live(c))),
            ALONG: Along(Held({name: t.double() / 3 for name, t in live(c).items()})),
        }
        return a, b, Overlay(a, given=given)

    def test_the_ends_are_the_checkpoints(self, tied: bool, dtype: str) -> None:
        a, b, over = self.three(tied, dtype)
        before = snapshot(a)
        there = state_at(over, a, Point(((TO_B, 1.0),)))
        assert equal(there, snapshot(b))
        assert not any(same_bits(there[name], before[name]) for name in live(a))
        assert equal(state_at(over, a, Point(((TO_B, 0.0),))), before)
        assert equal(state_at(over, a, Point(((TO_B, 1.0), (TO_C, 0.0)))), snapshot(b))
        assert unchanged(a, before)
        over.verify()

    @pytest.mark.parametrize("x", [-0.5, 0.3, 0.999, 1.5])
    def test_between_and_beyond(self, tied: bool, dtype: str, x: float) -> None:
        a, b, over = self.three(tied, dtype)
        here, there = live(a), live(b)
        expected = {
            name: (here[name].float() + x * (there[name].float() - here[name].float())).to(
                here[name].dtype
            )
            for name in here
        }
        with over.at(Point(((TO_B, x),))):
            assert all(same_bits(p, expected[name]) for name, p in a.named_parameters())
            embeddings = a.get_input_embeddings(), a.get_output_embeddings()
            assert (embeddings[0].weight is embeddings[1].weight) == tied

    def test_a_direction_from_the_far_end(self, tied: bool, dtype: str) -> None:
        a, b, over = self.three(tied, dtype)
        pristine = {name: t for name, t in live(a).items() if "norm" not in name}
        step = materialise(A, pristine, scales(A, pristine))
        moved = state_at(over, a, Point(((A, 0.2), (TO_B, 1.0))))
        for name, end in live(b).items():
            expected = end.float() + 0.2 * step[name] if name in step else end
            assert same_bits(moved[name], expected.to(end.dtype))

    def test_a_plane(self, tied: bool, dtype: str) -> None:
        a, b, over = self.three(tied, dtype)
        c = tiny_model("phi", tied=tied, dtype=dtype, seed=2)
        here, left, right = live(a), live(b), live(c)
        at_b = state_at(over, a, Point(((TO_B, 1.0), (TO_C, 0.3))))
        inside = state_at(over, a, Point(((TO_B, 0.6), (TO_C, 0.3), (ALONG, 2.0))))
        for name, origin in here.items():
            to_b, to_c = (end[name].float() - origin.float() for end in (left, right))
            expected = left[name].float() + 0.3 * to_c
            assert same_bits(at_b[name], expected.to(origin.dtype))
            expected = origin.float() + 0.6 * to_b + 0.3 * to_c
            expected = expected + 2.0 * (right[name].double() / 3).float()
            assert same_bits(inside[name], expected.to(origin.dtype))

    def test_random_directions_move_what_they_move_alone(self, tied: bool, dtype: str) -> None:
        a, _, over = self.three(tied, dtype)
        alone = Overlay(a)
        for point in POINTS:
            assert equal(state_at(over, a, point), state_at(alone, a, point))
            for way, _ in point.terms:
                assert isinstance(way, Direction)
                assert over.scales_digest(way) == alone.scales_digest(way)
        assert over.numel == sum(p.numel() for p in a.parameters()) > alone.numel


class TestWays:
    def test_a_way_is_what_is_placed(self) -> None:
        model, other = Odd(), live(Odd(1))
        over = Overlay(model, given={TO_B: Towards(Held(other)), ALONG: Along(Held(other))})
        before = live(model)
        for way, expected in {
            TO_B: {name: other[name] - tensor for name, tensor in before.items()},
            ALONG: other,
            A: {
                name: plain_direction(A, name, tensor)
                if name in Overlay(model).scales(A) and name != "zeros"
                else torch.zeros_like(tensor)
                for name, tensor in before.items()
            },
        }.items():
            rows = over.way(way)
            for name, tensor in before.items():
                if tensor.numel():
                    width = tensor.shape[-1] if tensor.dim() > 1 else tensor.numel()
                    found = rows.rows(name, slice(0, tensor.numel() // width))
                    torch.testing.assert_close(found.reshape(tensor.shape), expected[name])

    def test_an_unknown_displacement(self) -> None:
        model = Odd()
        before = snapshot(model)
        for over in (Overlay(model), Overlay(model, given={TO_B: Towards(Held(live(Odd(1))))})):
            with (
                pytest.raises(ValueError, match=r"to\.cccc.*unknown"),
                over.at(Point(((TO_C, 1.0),))),
            ):
                pass
            with pytest.raises(ValueError, match="unknown"):
                over.way(TO_C)
            with pytest.raises(ValueError, match="unknown"), overlay(model, Point(((TO_C, 0.5),))):
                pass
        assert unchanged(model, before)

    def test_a_target_that_cannot_be_read_leaves_the_origin(self) -> None:
        model = Odd()
        before = snapshot(model)
        broken = {name: tensor for name, tensor in live(Odd(1)).items() if name != "norm.weight"}
        over = Overlay(model, given={TO_B: Towards(Held(broken))})
        with pytest.raises(KeyError, match="norm"), over.at(Point(((TO_B, 0.5),))):
            pass
        assert unchanged(model, before)
        over.verify()

    def test_for_one_point(self) -> None:
        model, other = Odd(), Odd(1)
        before = snapshot(model)
        point = Point(((TO_B, 1.0),))
        with overlay(model, point, given={TO_B: Towards(Held(live(other)))}):
            assert equal(snapshot(model), snapshot(other))
        assert unchanged(model, before)

    def test_remembering_and_chunks_do_not_show(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model, given = Odd(), {TO_B: Towards(Held(live(Odd(1))))}
        point = Point(((A, 0.2), (TO_B, 0.4), (B, -0.1)))
        states = [
            state_at(Overlay(model, remember=size, given=given), model, point)
            for size in (1 << 30, 0)
        ]
        monkeypatch.setattr(direction_module, "CHUNK", 4)
        states.append(state_at(Overlay(model, remember=0, given=given), model, point))
        assert equal(states[0], states[1])
        assert equal(states[0], states[2])
