from __future__ import annotations

import pytest
import torch

from safebasin.points import Direction
from safebasin.weights.direction import materialise, scales
from safebasin.weights.given import Difference, Drawn, Held
from safebasin.weights.parameters import movable, rows
from weights.networks import Odd, same_bits

ODD = {name: p.detach() for name, p in Odd().named_parameters() if p.numel()}


@pytest.mark.parametrize("name", ODD)
def test_held_rows_are_those_of_the_matrix(name: str) -> None:
    held, matrix = Held(ODD), rows(ODD[name])
    for stop in range(1, len(matrix) + 1):
        part = slice(stop - 1, stop)
        assert same_bits(held.rows(name, part), matrix[part])


def test_held_rows_are_live() -> None:
    tensor = torch.zeros(3, 2)
    held = Held({"w": tensor})
    tensor[1] = 5
    assert held.rows("w", slice(1, 2)).tolist() == [[5.0, 5.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_difference_is_taken_in_float32(dtype: torch.dtype) -> None:
    origin = {name: tensor.to(dtype) for name, tensor in ODD.items()}
    target = {name: (tensor + 0.001).to(dtype) for name, tensor in ODD.items()}
    between = Difference(Held(target), Held(origin))
    for name in ODD:
        expected = rows(target[name]).float() - rows(origin[name]).float()
        assert same_bits(between.rows(name, slice(0, len(expected))), expected)


@pytest.mark.parametrize(
    "direction", [Direction(0), Direction(1, norm="row"), Direction(1, orthogonal_to=0)]
)
def test_drawn_is_the_direction_where_it_moves_and_zero_elsewhere(direction: Direction) -> None:
    moves = {name: ODD[name] for name in movable(Odd(), "norms")}
    scale = scales(direction, moves)
    whole, drawn = materialise(direction, moves, scale), Drawn(direction, scale, ODD)
    assert moves.keys() < ODD.keys()
    for name, tensor in ODD.items():
        expected = rows(whole[name]) if name in whole else torch.zeros_like(rows(tensor))
        found = [drawn.rows(name, slice(at, at + 1)) for at in range(len(expected))]
        assert same_bits(torch.cat(found), expected.contiguous())
