"""What the store lacks is the work list; what it holds is never done again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from safebasin.engines.base import Batch, Encoded, plan_batches
from safebasin.engines.crew.alone import Alone
from safebasin.engines.crew.base import Task
from safebasin.engines.crew.worker import Worker
from safebasin.errors import IntegrityError
from safebasin.evaluate import (
    Keeper,
    Step,
    Work,
    pass_judgement,
    settled_by,
    task,
    to_score,
)
from safebasin.judges.base import Exchange
from safebasin.judges.coherence import CoherenceJudge, Thresholds
from safebasin.judges.keyword import KeywordJudge
from safebasin.judges.scorer import Scorer
from safebasin.points import Direction, Point
from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.store import Store, writing

POINTS = (Point(), *(Point(((Direction(0), x),)) for x in (-0.5, 0.5)))
PROMPTS = {p.id: p for p in (Prompt(f"question {n}", "harmful") for n in range(5))}
WORK = Work(POINTS, PROMPTS, plan_batches([Encoded(id_, (1, 2)) for id_ in PROMPTS], 2))

AT_ORIGIN = Step(Point(), WORK.batches)


class Overlay:
    """Is always what it was."""

    def verify(self) -> None:
        pass


class Engine:
    """Says where it stands; fails on what `failing` names."""

    overlay = Overlay()

    name = "stub"

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.failing, self.point, self.answered = failing, Point(), []

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        self.point = point
        yield
        self.point = Point()

    def answer(self, batch: Batch, settled=None, drafts=None) -> list[Response]:
        self.answered.append((self.point.key, batch))
        return [
            Response(one.prompt_id, "", (), "numeric_failure")
            if one.prompt_id in self.failing
            else Response(one.prompt_id, f"I cannot, at {self.point.key}", (3,), "eos")
            for one in batch
        ]

    def losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        return [[float(len(one.token_ids))] * len(r.token_ids)
                for one, r in zip(batch, responses, strict=True)]  # fmt: skip


class Judge(KeywordJudge):
    """Remembers what it was shown."""

    def __init__(self, name: str = "shown") -> None:
        super().__init__()
        self.key, self.seen = name, []
        self.about = replace(self.about, family="coherence")  # verdicts that are worth keeping

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        self.seen += [exchange.response for exchange in exchanges]
        return super().judge(exchanges)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with writing(tmp_path / "run", {}) as opened:
        yield opened


def crew(engine: Engine) -> Alone:
    return Alone(Worker(engine, None))


def left(store: Store, step: Step) -> Task:
    return task(store, step, (), {}, tuple)


def everything(store: Store, engine: Engine, judges: Sequence = ()) -> list[int]:
    ticks: list[int] = []
    tasks = (left(store, step) for step in WORK.steps)
    for done, *_ in crew(engine).do(tasks, Keeper(store, lambda _, said: ticks.append(len(said)))):
        pass_judgement(store, PROMPTS, done.point.key, judges)
    return ticks


def test_every_prompt_is_answered_once_at_every_point(store: Store) -> None:
    engine = Engine()
    everything(store, engine)
    assert engine.answered == [(p.key, batch) for p in POINTS for batch in WORK.batches]
    for point in POINTS:
        assert {r.prompt_id for r in store.responses(point.key)} == set(PROMPTS)
        assert {r.text for r in store.responses(point.key)} == {f"I cannot, at {point.key}"}


def test_progress_rises_to_the_total(store: Store) -> None:
    counted = everything(store, Engine())
    assert counted == 3 * [2, 2, 1]
    assert sum(counted) == WORK.responses == 15
    assert [step.prompts for step in WORK.steps] == [5, 5, 5]


def test_a_finished_run_asks_nothing(store: Store) -> None:
    everything(store, Engine(), [KeywordJudge()])
    engine, judge = Engine(), Judge("keyword")
    assert everything(store, engine, [judge]) == []
    assert engine.answered == []
    assert judge.seen == []


def test_only_absent_batches_are_done_and_they_are_the_planned_ones(store: Store) -> None:
    engine = Engine()
    middle = WORK.batches[1]
    store.add_responses("origin", engine.answer(middle))
    engine.answered.clear()
    ticks: list[int] = []
    due = left(store, AT_ORIGIN)
    assert due.there == 2
    assert [
        one.task
        for one in crew(engine).do([due], Keeper(store, lambda _, said: ticks.append(len(said))))
    ] == [due]
    assert engine.answered == [("origin", WORK.batches[0]), ("origin", WORK.batches[2])]
    assert ticks == [2, 1]


def test_a_part_of_a_batch_was_not_written_by_us(store: Store) -> None:
    store.add_responses("origin", Engine().answer(WORK.batches[0][:1]))
    with pytest.raises(IntegrityError, match="1 of a batch of 2 responses at origin"):
        left(store, AT_ORIGIN)


def test_a_judge_added_later_fills_in_only_its_own_verdicts(store: Store) -> None:
    first, second = Judge("first"), Judge("second")
    everything(store, Engine(), [first])
    seen = len(first.seen)
    engine = Engine()
    everything(store, engine, [first, second])
    assert engine.answered == []
    assert len(first.seen) == seen
    assert all(len(store.verdicts("second", point.key)) == len(PROMPTS) for point in POINTS)


def test_what_is_not_text_reaches_no_judge(store: Store) -> None:
    broken = next(iter(PROMPTS))
    judge = Judge()
    everything(store, Engine(failing=[broken]), [judge])
    assert broken not in {response.prompt_id for response in judge.seen}
    for point in POINTS:
        assert store.verdicts("shown", point.key)[broken] == Verdict(None, status="numeric_failure")
    assert store.failed_points() == sorted(point.key for point in POINTS)


def test_the_same_answer_as_at_the_origin_is_judged_once(store: Store) -> None:
    class Steady(Engine):
        def answer(self, batch: Batch, settled=None, drafts=None) -> list[Response]:
            return [Response(one.prompt_id, "steady", (3,), "eos") for one in batch]

    judge = Judge()
    everything(store, Steady(), [judge])
    assert len(judge.seen) == len(PROMPTS)
    for point in POINTS:
        labels = {v.label for v in store.verdicts("shown", point.key).values()}
        assert labels == {Label.COMPLIED}


def test_losses_come_back_in_the_order_asked(store: Store) -> None:
    encoded = [Encoded(id_, (1,) * n) for n, id_ in enumerate(PROMPTS, start=1)]
    exchanges = [
        Exchange(prompt, Response(prompt.id, "x", (9,) * (6 - n), "eos"))
        for n, prompt in enumerate(PROMPTS.values(), start=1)
    ]
    losses = Scorer(crew(Engine()), encoded, 2)(exchanges)
    assert losses == [[float(n)] * (6 - n) for n in range(1, 6)]


def test_what_is_scored_before_is_not_scored_again(store: Store) -> None:
    encoded = [Encoded(id_, (1,) * n) for n, id_ in enumerate(PROMPTS, start=1)]
    everything(store, Engine())
    origin, elsewhere = POINTS[0].key, POINTS[1].key
    asked: list[int] = []

    class Model:
        def score(self, scorings):
            asked.append(len(scorings))
            return [crew(Engine()).score([one])[0] for one in scorings]

    scorer = Scorer(Model(), encoded, 2)
    judge = CoherenceJudge(scorer, Thresholds(1e9))
    pass_judgement(store, PROMPTS, origin, [judge])
    ahead = to_score(store, PROMPTS, elsewhere, [judge, KeywordJudge()], scorer)
    assert sum(len(one.responses) for one in ahead) == len(PROMPTS)
    scorer.learn(dict(zip(ahead, crew(Engine()).score(ahead), strict=True)))
    asked.clear()
    pass_judgement(store, PROMPTS, elsewhere, [judge])
    assert asked == [0]
    assert len(store.verdicts(judge.key, elsewhere)) == len(PROMPTS)
    assert to_score(store, PROMPTS, elsewhere, [judge], scorer) == []


def test_an_answer_may_stop_early_only_if_every_judge_agrees() -> None:
    keyword = KeywordJudge()
    coherence = CoherenceJudge(lambda _: [], Thresholds(1.0, 1.0))
    assert settled_by([]) is None
    assert settled_by([keyword, coherence]) is None
    settled = settled_by([keyword])
    assert settled is not None
    assert settled("I'm sorry, but")
    assert not settled("Well, ")
