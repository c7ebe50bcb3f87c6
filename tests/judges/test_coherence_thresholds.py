"""Thresholds are set from what the unperturbed model says, and leave nearly all of it alone."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from judges.exchanges import exchange, shuffled
from judges.test_prose_texts import ANSWERS, GARBLERS
from safebasin.judges.base import Exchange
from safebasin.judges.coherence import (
    REPETITION_FLOOR,
    REPETITION_MOST,
    SURPRISE_MOST,
    CoherenceJudge,
    Losses,
    Thresholds,
    calibrate,
    repetition,
)
from safebasin.records import Label


def ordered_is_easy(noise: float = 0.3) -> Losses:
    """A model to which a token is likely after the next smaller one, and unlikely otherwise."""

    def losses(exchanges: Sequence[Exchange]) -> list[list[float]]:
        found = []
        for _, response, *_ in exchanges:
            drawn = random.Random(repr(response.token_ids))
            ids = response.token_ids
            steps = [2.0, *(b - a == 1 for a, b in pairwise(ids))]
            found.append([abs(drawn.gauss(0, noise)) + (0.1 if step else 6.0) for step in steps])
        return found

    return losses


def own_responses(count: int, seed: int = 0) -> list[Exchange]:
    drawn = random.Random(seed)
    starts = [(drawn.randrange(1000), drawn.randrange(10, 40)) for _ in range(count)]
    return [
        exchange(range(start, start + length), number=number)
        for number, (start, length) in enumerate(starts)
    ]


def share(judge: CoherenceJudge, some: Sequence[Exchange], label: Label) -> float:
    return sum(verdict.label is label for verdict in judge.judge(some)) / len(some)


class TestCalibrate:
    @pytest.mark.parametrize("count", [1, 2, 49, 50, 99, 101, 160, 400])
    @pytest.mark.parametrize("noise", [0.3, 3.0])
    def test_at_most_one_own_text_in_a_hundred_is_incoherent(
        self, count: int, noise: float
    ) -> None:
        """Also where the salad is no worse than the own texts, and the threshold falls back."""
        for seed in range(3):
            own, losses = own_responses(count, seed), ordered_is_easy(noise)
            judge = CoherenceJudge(losses, calibrate(own, losses))
            assert share(judge, own, Label.INCOHERENT) <= 0.01

    @pytest.mark.parametrize("count", [50, 200])
    def test_short_and_repetitive_own_texts_count_too(self, count: int) -> None:
        """Half of the four-token sequences of the longer ones were there before."""
        own = [exchange([*range(12), *range(10)], number=number) for number in range(count)] + [
            exchange([7, 8], number=count + number) for number in range(count)
        ]
        losses = ordered_is_easy(3.0)
        judge = CoherenceJudge(losses, calibrate(own, losses))
        assert share(judge, own, Label.INCOHERENT) <= 0.01

    def test_new_texts_are_told_from_salad(self) -> None:
        for seed in range(5):
            losses = ordered_is_easy()
            judge = CoherenceJudge(losses, calibrate(own_responses(100, seed), losses))
            new = own_responses(200, seed + 100)
            assert share(judge, new, Label.INCOHERENT) <= 0.01
            assert share(judge, shuffled(new, seed), Label.INCOHERENT) >= 0.99

    def test_a_model_that_finds_all_orders_alike_cannot_tell(self) -> None:
        """The control: without a signal there is no detection, and the threshold falls back."""
        losses: Losses = lambda some: [[1.0] * len(said.token_ids) for _, said, *_ in some]  # noqa: E731
        own = own_responses(100)
        limits = calibrate(own, losses)
        assert limits.surprise == 1.0
        judge = CoherenceJudge(losses, limits)
        assert share(judge, shuffled(own, 1), Label.INCOHERENT) == 0

    def test_the_threshold_is_the_geometric_mean(self) -> None:
        own = own_responses(50)
        losses: Losses = lambda some: [  # noqa: E731
            [1.0 if list(said.token_ids) == sorted(said.token_ids) else 5.0] * 20
            for _, said, *_ in some
        ]
        assert calibrate(own, losses) == Thresholds(
            surprise=math.sqrt(5.0), repetition=REPETITION_FLOOR
        )

    def test_where_they_overlap_it_is_the_own_texts_end(self) -> None:
        own = own_responses(50)
        losses: Losses = lambda some: [  # noqa: E731
            [5.0 if list(said.token_ids) == sorted(said.token_ids) else 1.0] * 20
            for _, said, *_ in some
        ]
        assert calibrate(own, losses).surprise == 5.0

    def test_the_order_of_the_texts_does_not_matter(self) -> None:
        own, losses = own_responses(80), ordered_is_easy()
        assert calibrate(own[::-1], losses) == calibrate(own, losses) == calibrate(own, losses)

    @pytest.mark.parametrize("ids", [[], [1], [1, 2, 3]])
    def test_without_a_text_to_shuffle_nothing_is_surprising(self, ids: list[int]) -> None:
        some = [exchange(ids, number=number) for number in range(5)]
        expected = Thresholds(surprise=math.inf, repetition=REPETITION_FLOOR)
        assert calibrate(some, ordered_is_easy()) == expected
        assert calibrate([], ordered_is_easy()) == expected

    def test_a_model_that_repeats_itself_by_habit_is_allowed_to(self) -> None:
        listed = [*range(12), *range(10)]
        own = [exchange(listed, number=number) for number in range(20)]
        limits = calibrate(own, ordered_is_easy())
        assert limits.repetition == repetition(listed) > REPETITION_FLOOR

    def test_a_model_that_only_loops_is_not_its_own_yardstick(self) -> None:
        own = [exchange([number] * 30, number=number) for number in range(50)]
        losses = ordered_is_easy()
        limits = calibrate(own, losses)
        assert limits.repetition == REPETITION_MOST
        assert share(CoherenceJudge(losses, limits), own, Label.INCOHERENT) == 1

    def test_a_model_that_draws_tokens_by_chance_is_not_its_own_yardstick(self) -> None:
        """ln 32,000 = 10.4 nats: what near-uniform weights say of every token, their own too."""
        own = own_responses(50)
        losses: Losses = lambda some: [[10.4] * len(said.token_ids) for _, said, *_ in some]  # noqa: E731
        limits = calibrate(own, losses)
        assert limits.surprise == SURPRISE_MOST
        assert share(CoherenceJudge(losses, limits), own, Label.INCOHERENT) == 1


class TestThresholds:
    def test_those_of_an_older_run_are_still_read(self) -> None:
        old = json.loads('{"surprise": 2.5, "repetition": 0.3}')
        limits = Thresholds(**old)
        assert (limits.surprise, limits.repetition) == (2.5, 0.3)
        assert limits.disorder == Thresholds().disorder

    def own_garbled(self, kind: str, every: int = 1) -> list[Exchange]:
        """Answers of which each in so many is garbled."""
        drawn = random.Random(0)
        return [
            Exchange(
                one.prompt,
                replace(
                    one.response,
                    text=ANSWERS[0] if number % every else GARBLERS[kind](ANSWERS[0], drawn),
                ),
            )
            for number, one in enumerate(own_responses(50))
        ]

    def test_a_script_of_the_models_own_is_allowed(self) -> None:
        own, losses = self.own_garbled("cyrillic"), ordered_is_easy()
        limits = calibrate(own, losses)
        assert limits.strangeness > Thresholds().strangeness
        assert share(CoherenceJudge(losses, limits), own, Label.INCOHERENT) <= 0.01
        general = replace(limits, strangeness=Thresholds().strangeness)
        assert share(CoherenceJudge(losses, general), own, Label.INCOHERENT) > 0.9

    def test_a_script_that_it_writes_once_is_no_habit(self) -> None:
        own, losses = self.own_garbled("cyrillic", every=25), ordered_is_easy()
        assert calibrate(own, losses).strangeness == Thresholds().strangeness

    @pytest.mark.parametrize("kind", ["bare_salad", "loop", "mixed", "pieces", "letters"])
    def test_garbage_is_not_made_the_norm_by_a_model_that_says_nothing_else(
        self, kind: str
    ) -> None:
        own, losses = self.own_garbled(kind), ordered_is_easy()
        limits = calibrate(own, losses)
        assert replace(limits, surprise=math.inf, repetition=1.0) == Thresholds()
        assert share(CoherenceJudge(losses, limits), own, Label.INCOHERENT) == 1

    def test_prose_of_ones_own_leaves_them_as_they_are(self) -> None:
        own = own_responses(50)
        limits = calibrate(own, ordered_is_easy())
        assert replace(limits, surprise=math.inf, repetition=1.0) == Thresholds()
