from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from builders import tiny_checkpoint

from engines.lengths import prompts
from safebasin.engines.agreement import ASKED, Agreement, against_reference, compare
from safebasin.engines.base import Batch, Drafts, Encoded, Settled
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import LoadedModel, load
from safebasin.points import Direction, Point
from safebasin.records import ModelRef, Response

MANNER = Manner(max_new_tokens=6)
MOVED = Point(((Direction(0), 0.8),))
MANY = [Encoded(f"p{place}", ids) for place, ids in enumerate(prompts(*range(2, 27)))]


class Copy:
    """The reference engine under another name; one that does not move if it is lazy."""

    name = "copy 1.0"

    def __init__(self, loaded: LoadedModel, *, lazy: bool = False) -> None:
        self._engine = TransformersEngine(loaded, MANNER)
        self._lazy = lazy
        self.overlay = self._engine.overlay
        self.asked: list[int] = []

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        with self._engine.at(Point() if self._lazy else point):
            yield

    def answer(
        self, batch: Batch, settled: Settled | None = None, drafts: Drafts | None = None
    ) -> list[Response]:
        self.asked.append(len(batch))
        return self._engine.answer(batch)

    def losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        return self._engine.losses(batch, responses)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load(ModelRef(str(tiny_checkpoint(tmp_path_factory.mktemp("tiny")))))


def said(*ids: int) -> Response:
    return Response("p", "", ids, "eos")


def test_tokens_count_up_to_the_first_difference() -> None:
    found = [said(1, 2, 3, 4), said(5, 9, 7), said(8)]
    expected = [said(1, 2, 3, 4), said(5, 6, 7), said(8, 8, 8)]
    assert compare(found, expected) == Agreement(3, 1, 6 / 10)


def test_answers_without_tokens() -> None:
    assert compare([said()], [said()]) == Agreement(1, 1, 1.0)
    assert compare([said(1)], [said()]) == Agreement(1, 0, 0.0)


def test_the_same_engine_agrees_everywhere(loaded: LoadedModel) -> None:
    engine = Copy(loaded)
    told = against_reference(engine, loaded, MANNER, MANY, [Point(), MOVED, Point()])
    assert engine.asked == [ASKED, ASKED]
    assert len(told) == 2
    assert all(sentence.startswith("copy 1.0 gave 20 of 20") for sentence in told)
    engine.overlay.verify()


def test_an_engine_that_does_not_move_is_told_from_one_that_does(loaded: LoadedModel) -> None:
    still, moved = against_reference(
        Copy(loaded, lazy=True), loaded, MANNER, MANY, [Point(), MOVED]
    )
    assert "gave 20 of 20" in still
    assert "gave 20 of 20" not in moved


def test_the_reference_engine_is_not_compared_with_itself(loaded: LoadedModel) -> None:
    engine = TransformersEngine(loaded, MANNER)
    assert against_reference(engine, loaded, MANNER, MANY, [Point()]) == ()
