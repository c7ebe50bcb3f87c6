"""Who does what next: tasks cut into calls, each tried a few times. Knows nothing of Ray."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from safebasin.engines.crew.base import Done, Keep, Losses, Scoring, Task
from safebasin.errors import SafebasinError
from safebasin.points import Point

TRIES = 3
"""How often a call is tried before its point is given up."""


@dataclass(eq=False)
class Call:
    """One thing that one worker is asked to do.

    Attributes:
        method: of `Worker`.
        arguments: of the method.
        point: where the worker stands then; None for the checkpoint itself.
        done: takes what the method returns.
        failed: takes the last error of a call that was given up.
        tries: how often it was tried in vain.
    """

    method: Literal["answer", "measure", "score"]
    arguments: tuple[Any, ...]
    point: Point | None
    done: Callable[[Any], None]
    failed: Callable[[SafebasinError], None]
    tries: int = 0


@dataclass(eq=False)
class _Open:
    """A task that is being done."""

    task: Task
    left: int
    losses: dict[Scoring, Losses] = field(default_factory=dict)
    closed: bool = False


class Agenda:
    """What is to be done, and what is finished.

    Calls for one point are given to one worker as long as there is another point for the others.
    Retries and scorings come first: somebody waits for them.
    """

    def __init__(self) -> None:
        self.finished: deque[Done] = deque()
        self._tasks: Iterator[Task] = iter(())
        self._keep: Keep | None = None
        self._first: deque[Call] = deque()
        self._at: dict[Point, deque[Call]] = {}

    def begin(self, tasks: Iterable[Task], keep: Keep) -> None:
        """Take tasks from here when there is somebody to do them."""
        self._tasks, self._keep = iter(tasks), keep

    @property
    def waiting(self) -> bool:
        """Whether there is anything to do at present."""
        return self._holds_more_than(0)

    def take(
        self, standing: Point | None, elsewhere: Collection[Point | None], leave: int = 0
    ) -> Call | None:
        """The next call for a worker; None if there is nothing for it at present.

        Args:
            standing: where the worker stands.
            elsewhere: where the others stand.
            leave: so many calls must be left for others.
        """
        if not self._holds_more_than(leave):
            return None
        while not self._first:
            if standing in self._at:
                return self._pop(standing)
            free = next((point for point in self._at if point not in elsewhere), None)
            if free is not None:
                return self._pop(free)
            if not self._pull():
                return self._pop(max(self._at, key=lambda point: len(self._at[point])))
        return self._first.popleft()

    def score(
        self,
        scorings: Sequence[Scoring],
        done: Callable[[Scoring, Losses], None],
        failed: Callable[[SafebasinError], None],
    ) -> None:
        """Have these scored before anything else is done."""
        for one in scorings:
            self._first.append(Call("score", (one,), None, partial(done, one), failed))

    def again(self, call: Call, error: SafebasinError) -> None:
        """A call was tried in vain."""
        call.tries += 1
        if call.tries < TRIES:
            self._first.append(call)
        else:
            call.failed(error)

    def put_back(self, call: Call) -> None:
        """A call was handed out and never begun."""
        self._first.appendleft(call)

    def _holds_more_than(self, number: int) -> bool:
        while len(self._first) + sum(map(len, self._at.values())) <= number:
            if not self._pull():
                return False
        return True

    def _pull(self) -> bool:
        task = next(self._tasks, None)
        if task is not None:
            self._open(task)
        return task is not None

    def _pop(self, point: Point) -> Call:
        calls = self._at[point]
        call = calls.popleft()
        if not calls:
            del self._at[point]
        return call

    def _open(self, task: Task) -> None:
        assert self._keep is not None
        keep, point = self._keep, task.point
        this = _Open(task, len(task.batches) + len(task.measures))
        calls = [
            *(
                self._call(this, "answer", (point, batch, _some(task, batch)), keep.answers, point)
                for batch in task.batches
            ),
            *(
                self._call(this, "measure", (point, name), keep.measurements, point, name)
                for name in task.measures
            ),
        ]
        if calls:
            self._at.setdefault(point, deque()).extend(calls)
        else:
            self._answered(this)

    def _call(
        self,
        this: _Open,
        method: Literal["answer", "measure"],
        arguments: tuple[Any, ...],
        keep: Callable[..., None],
        *where: Any,
    ) -> Call:
        def done(found: Any) -> None:
            keep(*where, found)
            this.left -= 1
            if this.left == 0:
                self._answered(this)

        return Call(
            method, arguments, this.task.point, done, lambda error: self._give_up(this, error)
        )

    def _answered(self, this: _Open) -> None:
        """Everything is kept; what is left is to score it."""
        scorings = tuple(dict.fromkeys(this.task.scorings()))

        def done(scoring: Scoring, losses: Losses) -> None:
            this.losses[scoring] = losses
            if len(this.losses) == len(scorings):
                self._finish(this)

        if scorings:
            self.score(scorings, done, lambda error: self._give_up(this, error))
        else:
            self._finish(this)

    def _give_up(self, this: _Open, error: SafebasinError) -> None:
        self._at.pop(this.task.point, None)
        self._finish(this, error)

    def _finish(self, this: _Open, error: SafebasinError | None = None) -> None:
        if not this.closed:
            this.closed = True
            self.finished.append(Done(this.task, this.losses, error))


def _some(task: Task, batch: Any) -> dict[str, tuple[int, ...]]:
    """The drafts of one batch."""
    return {one.id: task.drafts[one.id] for one in batch if one.id in task.drafts}
