from __future__ import annotations

import pytest
import torch
from torch import nn

from safebasin.points import Direction, Point
from safebasin.weights import remembered
from safebasin.weights.direction import Scales, scales
from safebasin.weights.overlay import Overlay
from safebasin.weights.remembered import Remembered
from weights.networks import A, B, equal, state_at

WEIGHTS = {"w": torch.ones(10, 10), "b": torch.ones(7)}
SIZE = 4 * 107


class Counted:
    """Counts how often a direction was drawn: its scales are asked for each time."""

    def __init__(self) -> None:
        self.asked: list[Direction] = []

    def __call__(self, direction: Direction) -> Scales:
        self.asked.append(direction)
        return scales(direction, WEIGHTS)


@pytest.mark.parametrize(("limit", "held"), [(SIZE - 1, 0), (SIZE, 1), (2 * SIZE, 2)])
def test_all_or_none(limit: int, held: int) -> None:
    kept = Remembered(WEIGHTS, limit)
    assert len(kept.only([A], scales=Counted())) == min(held, 1)
    assert len(kept.only([A, B], scales=Counted())) == (2 if held == 2 else 0)


def test_a_neighbour_finds_it_there() -> None:
    kept, counted = Remembered(WEIGHTS, 2 * SIZE), Counted()
    first = dict(kept.only([A], counted))
    assert kept.only([A], counted)[A] is first[A]
    assert kept.only([B, A], counted)[A] is first[A]
    assert counted.asked == [A, B]
    assert set(kept.only([B], counted)) == {B}
    assert set(kept.only([], counted)) == set()


def test_what_is_held_stays_though_memory_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The KV cache has come meanwhile. Another direction is another matter."""
    room = SIZE
    monkeypatch.setattr(remembered, "for_directions", lambda device, held: room)
    kept, counted = Remembered(WEIGHTS, None), Counted()
    assert kept.only([A], counted)
    room = 0
    assert kept.only([A], counted)
    assert not kept.only([B], counted)
    assert counted.asked == [A]


def test_forgetting() -> None:
    kept, counted = Remembered(WEIGHTS, SIZE), Counted()
    assert kept.only([A], counted)
    kept.forget()
    assert not kept.only([A], counted)


def test_an_overlay_that_forgets_places_the_same() -> None:
    model, point = nn.Linear(9, 5), Point(((A, 0.3), (B, 0.1)))
    over = Overlay(model)
    before = state_at(over, model, point)
    over.forget()
    assert equal(state_at(over, model, point), before)
