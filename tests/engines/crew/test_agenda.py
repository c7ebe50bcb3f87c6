"""Every call of every task is handed out once, near where its worker stands, and tried again."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from safebasin.engines.base import Encoded
from safebasin.engines.crew.agenda import TRIES, Agenda, Call
from safebasin.engines.crew.base import Scoring, Task
from safebasin.errors import FailedPointsError
from safebasin.points import Direction, Point
from safebasin.records import Response


def place(x: float) -> Point:
    return Point(((Direction(0), x),))


def task(x: float, batches: int = 2, **more: Any) -> Task:
    return Task(place(x), tuple((Encoded(f"{n}", (1,)),) for n in range(batches)), **more)


def scoring(number: int) -> Scoring:
    return Scoring((Encoded("0", (1,)),), (Response(str(number), "", (), "eos"),))


class Kept:
    def __init__(self) -> None:
        self.found: list[tuple[str, Any]] = []

    def answers(self, point: Point, responses: Any) -> None:
        self.found.append((point.key, responses))

    def measurements(self, point: Point, measure: str, items: Any) -> None:
        self.found.append((point.key, measure, items))


def drained(agenda: Agenda) -> list[Call]:
    found = []
    while call := agenda.take(None, ()):
        found.append(call)
    return found


def test_a_worker_stays_where_it_stands_while_there_is_work() -> None:
    agenda = Agenda()
    agenda.begin([task(1), task(2)], Kept())
    one = agenda.take(None, ())
    two = agenda.take(None, (one.point,))
    assert (one.point, two.point) == (place(1), place(2))
    assert agenda.take(place(2), (place(1),)).point == place(2)
    assert agenda.take(place(2), (place(1),)).point == place(1)  # rather than nothing
    assert agenda.take(place(1), (place(2),)) is None


def test_the_last_calls_are_left_for_those_who_have_nothing_in_hand() -> None:
    agenda = Agenda()
    agenda.begin([task(1, 3)], Kept())
    assert agenda.take(place(1), (), leave=3) is None
    assert agenda.take(place(1), (), leave=2) is not None
    assert agenda.take(place(1), (), leave=2) is None
    assert agenda.take(place(1), ()) is not None


def test_tasks_are_taken_when_there_is_somebody_to_do_them() -> None:
    taken = []
    agenda = Agenda()
    agenda.begin((taken.append(x) or task(x) for x in (1, 2, 3)), Kept())
    assert taken == []
    agenda.take(None, ())
    assert taken == [1]
    agenda.take(None, (place(1),))
    assert taken == [1, 2]


def test_a_task_is_finished_when_all_is_kept_and_scored() -> None:
    kept, agenda = Kept(), Agenda()
    asked = []
    wanted = [scoring(1), scoring(2), scoring(1)]
    one = task(1, measures=("m",), scorings=lambda: asked.append(len(kept.found)) or wanted)
    agenda.begin([one], kept)
    calls = drained(agenda)
    assert [call.method for call in calls] == ["answer", "answer", "measure"]
    for number, call in enumerate(calls):
        assert not agenda.finished
        call.done(number)
    assert kept.found == [(one.point.key, 0), (one.point.key, 1), (one.point.key, "m", 2)]
    assert asked == [3]
    scores = drained(agenda)
    assert [(call.method, call.point) for call in scores] == [("score", None)] * 2
    scores[1].done([[2.0]])
    assert not agenda.finished
    scores[0].done([[1.0]])
    (done,) = agenda.finished
    assert done.task is one
    assert done.losses == {scoring(1): [[1.0]], scoring(2): [[2.0]]}
    assert done.failure is None


def test_a_task_without_anything_left_is_finished_at_once() -> None:
    agenda = Agenda()
    agenda.begin([task(1, 0), task(2, 0)], Kept())
    assert not agenda.waiting
    assert [done.task.point for done in agenda.finished] == [place(1), place(2)]


def test_only_the_drafts_of_a_batch_go_with_it() -> None:
    agenda = Agenda()
    agenda.begin([task(1, drafts={"0": (5,), "9": (6,)})], Kept())
    assert [call.arguments[2] for call in drained(agenda)] == [{"0": (5,)}, {}]


def test_a_call_that_fails_again_and_again_gives_up_its_point_and_no_other() -> None:
    kept, agenda = Kept(), Agenda()
    agenda.begin([task(1, 3), task(2, 1)], kept)
    for attempt in range(TRIES):
        call = agenda.take(None, ())
        assert call.point == place(1)
        assert len(agenda.finished) == 0, attempt
        agenda.again(call, FailedPointsError("no"))
    (done,) = agenda.finished
    assert (done.task.point, str(done.failure)) == (place(1), "no")
    (last,) = drained(agenda)
    assert last.point == place(2)
    last.done("kept")
    assert kept.found == [(place(2).key, "kept")]
    assert len(agenda.finished) == 2


def test_what_was_never_begun_is_no_attempt() -> None:
    agenda = Agenda()
    agenda.begin([task(1, 1)], Kept())
    call = agenda.take(None, ())
    for _ in range(2 * TRIES):
        agenda.put_back(call)
        assert agenda.take(None, ()) is call
    assert call.tries == 0


@pytest.mark.parametrize("seed", range(5))
def test_eighty_prompts_on_three_workers_that_die_are_eighty_rows(seed: int) -> None:
    """Workers take calls and lose some of them, at random; nothing is kept twice or forgotten."""
    draw, agenda, rows = random.Random(seed), Agenda(), Counter()

    class Rows(Kept):
        def answers(self, point: Point, responses: Any) -> None:
            rows.update((point, one.id) for one in responses)

    ids = [f"{n}" for n in range(80)]
    batches = tuple(tuple(Encoded(i, (1,)) for i in ids[at : at + 7]) for at in range(0, 80, 7))
    agenda.begin([Task(place(x), batches) for x in (1, 2, 3, 4)], Rows())
    hands: dict[int, list[Call]] = defaultdict(list)
    lost = 0
    while agenda.waiting or any(hands.values()):
        for worker in range(3):
            if len(hands[worker]) < 2 and (call := agenda.take(None, ())):
                hands[worker].append(call)
        worker = draw.choice([w for w in hands if hands[w]])
        if draw.random() < 0.2 and hands[worker][0].tries < TRIES - 1:
            lost += 1
            first, *others = hands.pop(worker)
            for call in reversed(others):
                agenda.put_back(call)
            agenda.again(first, FailedPointsError("lost"))
        else:
            call = hands[worker].pop(0)
            call.done(call.arguments[1])
    assert lost > 3
    assert len(agenda.finished) == 4
    assert rows == {(place(x), i): 1 for x in (1, 2, 3, 4) for i in ids}
