from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.engines.base import Encoded, plan_batches

lengths = st.lists(st.integers(1, 30), max_size=40)
sizes = st.integers(1, 9)


def prompts(lengths: list[int]) -> list[Encoded]:
    return [Encoded(f"{place:04}", (7,) * length) for place, length in enumerate(lengths)]


@given(lengths, sizes, st.randoms(use_true_random=False))
def test_the_order_of_prompts_does_not_matter(
    lengths: list[int], size: int, shuffler: random.Random
) -> None:
    some = prompts(lengths)
    expected = plan_batches(some, size)
    shuffler.shuffle(some)
    assert plan_batches(some, size) == expected


@given(lengths, sizes)
def test_every_prompt_is_in_one_batch(lengths: list[int], size: int) -> None:
    some = prompts(lengths)
    batches = plan_batches(some, size)
    assert sorted(one.prompt_id for batch in batches for one in batch) == [
        one.prompt_id for one in some
    ]
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(1 <= len(batch) <= size for batch in batches)


@given(lengths, sizes)
def test_lengths_grow(lengths: list[int], size: int) -> None:
    found = [len(one.token_ids) for batch in plan_batches(prompts(lengths), size) for one in batch]
    assert found == sorted(lengths)


@pytest.mark.parametrize(
    ("count", "size", "expected"), [(0, 3, 0), (1, 3, 1), (6, 3, 2), (7, 3, 3)]
)
def test_how_many(count: int, size: int, expected: int) -> None:
    assert len(plan_batches(prompts([1] * count), size)) == expected
