"""What is recorded says what is called, and nothing stale is ever replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from builders import FAMILIES, tiny_model
from torch import Tensor

from engines.lengths import answers_alone, common_ends, prompts, said, windowed
from safebasin.engines import plain
from safebasin.engines.cache import Slots
from safebasin.engines.decode import decode
from safebasin.engines.reading import slots_for
from safebasin.engines.replay import COLUMNS, Run, Shape, recorder
from safebasin.engines.rules import Rules

SOME = prompts(5, 1, 17, 9, 30, 2)
MANY = prompts(*range(1, 21), seed=5)
LONG = prompts(90, 3, seed=2)


class Film:
    """Records as a GPU does: what is replayed uses the same memory, and leaves its result in one.

    Attributes:
        takes: recordings that were made.
        shown: how often one was replayed.
    """

    def __init__(self) -> None:
        self.takes = self.shown = 0
        self.slots: Slots | None = None

    def __call__(self, run: Run) -> Run:
        self.takes += 1
        result, memory = run().clone(), self.memory()

        def replay() -> Tensor:
            assert self.memory() == memory, "the cache has moved"
            self.shown += 1
            return result.copy_(run())

        return replay

    def memory(self) -> list[int]:
        """Where the cache is."""
        assert self.slots is not None
        return [held.data_ptr() for layer in self.slots.layers for held in layer.held]


def filmed(model: Any, rows: int) -> tuple[Slots, Film]:
    film = Film()
    slots = slots_for(model, rows, film)
    assert slots is not None
    film.slots = slots
    return slots, film


@pytest.mark.parametrize("family", FAMILIES)
def test_it_says_what_generate_says(family: str) -> None:
    model = tiny_model(family)
    ends = common_ends(model, SOME, 12)
    expected = answers_alone(model, SOME, ends, 12)
    slots, film = filmed(model, 4)
    for drafts in (None, [ids for ids, _ in expected]):
        rules = Rules(end_ids=ends, max_new_tokens=12)
        assert said(decode(model, SOME, rules, drafts=drafts, slots=slots)) == expected
    assert film.shown > film.takes


@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_a_sliding_window(family: str) -> None:
    model = windowed(family)
    ends = common_ends(model, SOME, 12)
    slots, _ = filmed(model, 4)
    found = said(decode(model, SOME, Rules(end_ids=ends, max_new_tokens=12), slots=slots))
    assert found == answers_alone(model, SOME, ends, 12)


def test_few_shapes_are_recorded_and_kept_between_batches(model: Any) -> None:
    slots, film = filmed(model, 16)
    rules = Rules(end_ids=frozenset(), max_new_tokens=40)
    first = said(decode(model, MANY, rules, slots=slots))
    assert said(decode(model, MANY, rules, slots=slots)) == first
    takes, shown = film.takes, film.shown
    assert len(slots.replays or ()) <= 6
    assert said(decode(model, MANY, rules, slots=slots)) == first
    assert film.takes == takes
    assert film.shown > shown + 40


def test_what_is_recorded_is_forgotten_when_the_cache_grows(model: Any) -> None:
    """The film itself asserts that no recording is shown once the cache has moved."""
    slots, film = filmed(model, 2)
    rules = Rules(end_ids=frozenset(), max_new_tokens=12)
    for some in (SOME, LONG, SOME):
        assert said(decode(model, some, rules, slots=slots)) == said(
            row for one in some for row in plain.decode(model, [one], rules)
        )
    takes = film.takes
    slots.forget()
    decode(model, SOME, rules, slots=slots)
    assert film.takes > takes


def test_numbers_that_are_none_spoil_only_their_own_row() -> None:
    model = tiny_model("llama")
    rules = Rules(end_ids=frozenset({1}), max_new_tokens=8)
    token = MANY[12][4]
    slots, _ = filmed(model, 3)
    model.get_input_embeddings().weight.data[token] = float("inf")
    expected = said(plain.decode(model, MANY, rules))
    for drafts in (None, [(token,) * 3] * len(MANY)):
        assert said(decode(model, MANY, rules, drafts=drafts, slots=slots)) == expected
    finishes = [finish for _, finish in expected]
    assert 0 < finishes.count("numeric_failure") < len(MANY)


def test_weights_that_move_are_seen() -> None:
    model = tiny_model("llama")
    slots, film = filmed(model, 4)
    rules = Rules(end_ids=frozenset(), max_new_tokens=8)
    before = said(decode(model, SOME, rules, slots=slots))
    takes = film.takes
    for parameter in model.parameters():
        parameter.data.mul_(-1.5)
    after = said(decode(model, SOME, rules, slots=slots))
    assert film.takes == takes
    assert after == said(plain.decode(model, SOME, rules)) != before


def cannot(run: Run) -> Run:
    raise RuntimeError("operation not permitted when stream is capturing")


def no_memory(run: Run) -> Run:
    raise torch.OutOfMemoryError


def wrong(run: Run) -> Run:
    return lambda: run().roll(1, -1)


def a_bit_off(run: Run) -> Run:
    return lambda: torch.nextafter(run(), torch.tensor(9.0))


def stale(run: Run) -> Run:
    """What was computed while it was recorded, and never again."""
    result = run().clone()
    return lambda: result


@pytest.mark.parametrize("record", [cannot, no_memory, wrong, a_bit_off, stale])
def test_what_cannot_be_recorded_is_called(model: Any, record: Callable[[Run], Run]) -> None:
    calls = 0

    def counted(run: Run) -> Run:
        nonlocal calls
        calls += 1
        return record(run)

    rules = Rules(end_ids=frozenset(), max_new_tokens=8)
    slots = slots_for(model, 4, counted)
    assert slots is not None
    for _ in range(2):
        found = said(decode(model, SOME, rules, slots=slots))
        assert found == said(plain.decode(model, SOME, rules))
    assert calls == 1


def test_shapes() -> None:
    assert Shape(1, 1, 1).rounded(80) == (16, 1, COLUMNS)
    assert Shape(73, 5, COLUMNS + 1).rounded(80) == (80, 8, 2 * COLUMNS)
    assert Shape(73, 8, COLUMNS).rounded(75) == (75, 8, COLUMNS)


def test_on_a_cpu_nothing_is_recorded() -> None:
    assert recorder(torch.device("cpu")) is None


@pytest.mark.gpu
@pytest.mark.parametrize("family", FAMILIES)
def test_a_graph_says_what_is_called(family: str) -> None:
    model = tiny_model(family).to("cuda")
    slots = slots_for(model, 4, recorder(model.device))
    assert slots is not None
    assert slots.replays is not None
    rules = Rules(end_ids=frozenset(), max_new_tokens=40)
    expected = said(plain.decode(model, SOME, rules))
    for _ in range(2):
        assert said(decode(model, SOME, rules, slots=slots)) == expected
    assert len(slots.replays) > 0
