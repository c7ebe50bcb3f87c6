"""How unlikely a text is in its worst stretch, its first tokens apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.judges.coherence import FIRST_TOKENS, STRETCH, surprise

losses_of = st.lists(st.floats(0, 50), max_size=60)


def naive_surprise(losses: list[float]) -> float:
    later = losses[FIRST_TOKENS:] or losses
    width = min(STRETCH, len(later))
    stretches = [later[start : start + width] for start in range(len(later) - width + 1)]
    return max((sum(stretch) / width for stretch in stretches if stretch), default=0.0)


class TestSurprise:
    @given(losses_of)
    def test_its_definition(self, losses: list[float]) -> None:
        assert surprise(losses) == pytest.approx(naive_surprise(losses), rel=1e-9, abs=1e-12)

    @given(losses_of, st.floats(0.1, 10))
    def test_it_scales_and_lies_between_the_extremes(
        self, losses: list[float], scale: float
    ) -> None:
        found = surprise(losses)
        assert surprise([scale * loss for loss in losses]) == pytest.approx(scale * found)
        if losses:
            assert min(losses) - 1e-9 <= found <= max(losses) + 1e-9

    @given(st.lists(st.floats(0, 50), min_size=STRETCH + FIRST_TOKENS, max_size=60), losses_of)
    def test_saying_more_never_makes_up_for_garbage(
        self, losses: list[float], more: list[float]
    ) -> None:
        assert surprise(losses + more) >= surprise(losses)

    @given(losses_of, st.lists(st.floats(0, 50), min_size=FIRST_TOKENS, max_size=FIRST_TOKENS))
    def test_the_first_tokens_do_not_count(self, later: list[float], first: list[float]) -> None:
        if later:
            assert surprise(first + later) == surprise([0.0] * FIRST_TOKENS + later)

    @pytest.mark.parametrize(
        ("losses", "expected"), [([], 0), ([4], 4), ([1, 2, 3], 2), ([9, 9, 9, 1], 1)]
    )
    def test_short_texts(self, losses: list[float], expected: float) -> None:
        assert surprise(losses) == expected

    def test_all_equal(self) -> None:
        assert surprise([1.25] * 40) == 1.25
