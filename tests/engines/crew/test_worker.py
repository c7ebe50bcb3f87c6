"""A worker places a point once for all that it does there, and leaves no trace of it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from engines.crew.faults import flip_a_bit
from safebasin.engines.base import Encoded
from safebasin.engines.crew.alone import Alone
from safebasin.engines.crew.base import Scoring, SpoiltPointError, Task
from safebasin.engines.crew.worker import Worker
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import LoadedModel, load
from safebasin.points import Direction, Point
from safebasin.records import ModelRef

FAR = Point(((Direction(0), 0.5),))
BATCH = (Encoded("a", (5, 6, 7)), Encoded("b", (8, 9)))


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> LoadedModel:
    return load(ModelRef(str(tiny)))


@pytest.fixture
def engine(loaded: LoadedModel) -> TransformersEngine:
    return TransformersEngine(loaded, Manner(max_new_tokens=4))


def test_one_placement_serves_all_that_is_done_at_a_point(loaded, engine, monkeypatch) -> None:
    placed, seen, at = [], {}, engine.at

    def counted(point: Point) -> AbstractContextManager[None]:
        placed.append(point)
        return at(point)

    def measure(model: LoadedModel) -> None:
        seen["at"] = model.model.lm_head.weight[0, 0].item()

    monkeypatch.setattr(engine, "at", counted)
    worker = Worker(engine, loaded, None, {"m": measure})
    origin = loaded.model.lm_head.weight[0, 0].item()
    answers = [worker.answer(FAR, BATCH, {}), worker.answer(FAR, BATCH, {})]
    worker.measure(FAR, "m")
    assert placed == [FAR]
    assert answers[0] == answers[1]
    assert seen["at"] != origin
    worker.leave()
    assert loaded.model.lm_head.weight[0, 0].item() == origin


def test_scores_are_those_of_the_checkpoint_wherever_the_worker_stood(loaded, engine) -> None:
    worker = Worker(engine, loaded)
    scoring = Scoring(BATCH, tuple(worker.answer(FAR, BATCH, {})))
    found = worker.score(scoring)
    assert found == engine.losses(*scoring)
    with engine.at(FAR):
        assert found != engine.losses(*scoring)


def test_weights_that_are_not_what_they_were_spoil_the_point(loaded, engine, monkeypatch) -> None:
    """A bit that is flipped after the restore; the last thing that stands between it and scores."""
    worker, at = Worker(engine, loaded), engine.at
    weights = next(iter(loaded.model.parameters()))

    @contextmanager
    def spoilt(point: Point) -> Iterator[None]:
        with at(point):
            yield
        flip_a_bit(weights)

    monkeypatch.setattr(engine, "at", spoilt)
    worker.answer(FAR, BATCH, {})
    with pytest.raises(SpoiltPointError, match="is not what was loaded") as raised:
        worker.score(Scoring(BATCH, ()))
    assert raised.value.point == FAR
    assert raised.value.exit_code == 4
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.point) == (str(raised.value), FAR)
    flip_a_bit(weights)
    engine.overlay.verify()


def test_an_error_on_the_way_leaves_the_checkpoint(loaded, engine) -> None:
    class Keep:
        def answers(self, *_: object) -> None:
            raise KeyboardInterrupt

    tasks = [Task(FAR, (BATCH,))]
    with pytest.raises(KeyboardInterrupt):
        list(Alone(Worker(engine, loaded)).do(tasks, Keep()))
    engine.overlay.verify()
