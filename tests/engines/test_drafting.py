from __future__ import annotations

import pytest

from safebasin.engines.drafting import FIRST, GRAM, MOST, Draft, width


class TestDraft:
    def test_it_expects_what_was_said_at_the_origin(self) -> None:
        draft = Draft((4, 5, 6, 7))
        assert draft.next([], 99) == [4, 5, 6, 7]
        assert draft.next([4, 5], 99) == [6, 7]
        assert draft.next([4, 5], 1) == [6]
        assert draft.next([4, 5, 6, 7], 99) == []

    def test_more_while_it_is_right_and_less_when_not(self) -> None:
        draft = Draft(tuple(range(100, 400)))
        assert len(draft.next([], 999)) == FIRST
        lengths = []
        for _ in range(6):
            draft.checked(8, 8)
            lengths.append(len(draft.next([], 999)))
        assert lengths == [16, 32, MOST, MOST, MOST, MOST]
        draft.checked(MOST, 3)
        assert len(draft.next([], 999)) == 3
        assert 0 < draft.trust < 1
        trust = draft.trust
        draft.checked(0, 0)
        assert draft.trust == trust, "nothing guessed, nothing learnt"

    def test_once_apart_it_looks_where_the_last_tokens_stood_before(self) -> None:
        expected = (1, 2, 3, 4, 5, 6, 7, 8, 9)
        draft = Draft(expected)
        assert draft.next([1, 2, 99], 9) == [], "no three tokens in a row are known"
        assert draft.next([1, 2, 99, 4, 5, 6], 9) == [7, 8, 9]

    def test_circles_go_on(self) -> None:
        draft = Draft()
        assert draft.next([1, 2, 3, 9, 1, 2, 3], 6) == [9, 1, 2, 3, 9, 1]
        assert Draft().next([5] * (GRAM + 1), 3) == [5, 5, 5]

    def test_it_learns_as_the_response_grows(self) -> None:
        """The same guesses whether asked at every token or only at the end."""
        text = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
        stepwise = Draft()
        for end in range(len(text) + 1):
            last = stepwise.next(text[:end], 4)
        assert last == Draft().next(text, 4) == [3, 4, 1, 2]

    def test_nothing_from_nothing(self) -> None:
        assert Draft().next([], 9) == []
        assert Draft().next([1, 2], 9) == []
        assert Draft((1, 2, 3)).next([], 0) == []


class TestWidth:
    def test_nothing_guessed_is_one_token(self) -> None:
        assert width([(0, 0.9)] * 80, 99) == 1
        assert width([], 99) == 1

    def test_sure_guesses_are_checked_at_once(self) -> None:
        assert width([(7, 1.0)] * 80, 99) == 8
        assert width([(30, 1.0)], 99) == 31

    def test_unlikely_ones_are_not_worth_a_full_batch(self) -> None:
        assert width([(8, 0.01)] * 500, 99) == 1
        assert width([(64, 0.9)] + [(0, 0.9)] * 500, 99) == 1

    @pytest.mark.parametrize("most", [1, 2, 3, 7])
    def test_memory_is_a_limit(self, most: int) -> None:
        assert width([(60, 1.0)] * 4, most) <= most
