"""The share of repeated four-token sequences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.judges.coherence import repetition

token_ids = st.lists(st.integers(0, 5), max_size=60)


class TestRepetition:
    @given(token_ids)
    def test_its_range(self, ids: list[int]) -> None:
        assert 0 <= repetition(ids) < 1

    @given(token_ids, st.permutations(range(6)))
    def test_the_names_of_tokens_do_not_matter(self, ids: list[int], names: list[int]) -> None:
        assert repetition([names[token] for token in ids]) == repetition(ids)

    @given(st.lists(st.integers(), unique=True, max_size=50))
    def test_different_tokens_do_not_repeat(self, ids: list[int]) -> None:
        assert repetition(ids) == 0

    @given(st.integers(8, 200), st.integers(1, 3))
    def test_loops(self, length: int, period: int) -> None:
        grams = length - 3
        looped = [place % period for place in range(length)]
        assert repetition(looped) == pytest.approx(1 - period / grams)

    @pytest.mark.parametrize("length", range(8))
    def test_short_texts(self, length: int) -> None:
        assert repetition([3] * length) == 0
