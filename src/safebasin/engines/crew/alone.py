"""A crew of one: the engine of this process, which does everything in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from safebasin.engines.crew.base import Done, Keep, Losses, Remarks, Scoring, Task
from safebasin.engines.crew.worker import Worker


class Alone:
    """Does one task after another; a `Crew`."""

    def __init__(self, worker: Worker, remarks: Remarks = tuple) -> None:
        self.overlay = worker.overlay
        self.remarks = remarks
        self._worker = worker

    def do(self, tasks: Iterable[Task], keep: Keep) -> Iterator[Done]:
        """See `Crew.do`."""
        try:
            for task in tasks:
                for batch in task.batches:
                    keep.answers(task.point, self._worker.answer(task.point, batch, task.drafts))
                for name in task.measures:
                    keep.measurements(task.point, name, self._worker.measure(task.point, name))
                self._worker.leave()
                yield Done(task, {one: self._worker.score(one) for one in task.scorings()})
        finally:
            self._worker.drop()

    def score(self, scorings: Sequence[Scoring]) -> list[Losses]:
        """See `Crew.score`."""
        return [self._worker.score(one) for one in scorings]
