"""A crew of many: workers in processes of their own, on this machine or others, through Ray.

Workers compute and say what they found; only this process writes. What a lost worker had in hand is
given to another one. A result is kept once, because a call is repeated only where it was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from safebasin.engines.crew.agenda import Agenda
from safebasin.engines.crew.base import Done, Keep, Losses, Remarks, Scoring, SpoiltPointError, Task
from safebasin.engines.crew.cluster import require_ray
from safebasin.engines.crew.members import Members
from safebasin.engines.crew.recipe import Recipe
from safebasin.errors import SafebasinError
from safebasin.weights.overlay import Overlay


@contextmanager
def pool(asked: int | None, recipe: Recipe, overlay: Overlay) -> Iterator[Pool]:
    """Workers for the length of the block; they are started when there is something to do.

    Args:
        asked: how many; None for as many as the cluster has GPUs, or pairs of processors.
        recipe: what they are made from.
        overlay: of the model in this process.

    Raises:
        ResourceError: Ray is not installed, or is too old.
    """
    require_ray()
    found = Pool(asked, recipe, overlay)
    try:
        yield found
    finally:
        found.close()


class Pool:
    """Many workers; a `Crew`. Use `pool` to get one."""

    def __init__(self, asked: int | None, recipe: Recipe, overlay: Overlay) -> None:
        self.overlay = overlay
        self.remarks: Remarks = tuple
        self._asked = asked
        self._recipe = recipe
        self._agenda = Agenda()
        self._members: Members | None = None

    def do(self, tasks: Iterable[Task], keep: Keep) -> Iterator[Done]:
        """See `Crew.do`."""
        self._agenda.begin(tasks, keep)
        going = True
        while going:
            self._give_out()
            while self._agenda.finished:
                yield self._agenda.finished.popleft()
            going = self._take_in()

    def score(self, scorings: Sequence[Scoring]) -> list[Losses]:
        """See `Crew.score`. What else workers do meanwhile is kept as ever."""
        found: dict[Scoring, Losses] = {}
        errors: list[SafebasinError] = []
        wanted = list(dict.fromkeys(scorings))
        self._agenda.score(wanted, found.__setitem__, errors.append)
        while len(found) < len(wanted):
            self._give_out()
            self._take_in()
            if errors:
                raise errors[0]
        return [found[one] for one in scorings]

    def close(self) -> None:
        """End all workers."""
        if self._members is not None:
            self._members.close()
            self._members = None

    def _give_out(self) -> None:
        if not self._agenda.waiting:
            return
        if self._members is None:
            self._members = Members(self._asked, self._recipe)
        for member, others, leave in self._members.idle():
            if (call := self._agenda.take(member.standing, others, leave)) is None:
                return
            self._members.give(member, call)

    def _take_in(self) -> bool:
        """Wait until something is done, and keep it; False if there is nothing to wait for."""
        if self._members is None or not (self._members.at_work or self._agenda.waiting):
            return False
        for outcome in self._members.wait():
            for call in reversed(outcome.unbegun):
                self._agenda.put_back(call)
            if isinstance(outcome.error, SpoiltPointError):
                raise outcome.error
            if outcome.error is not None:
                self._agenda.again(outcome.call, outcome.error)
            else:
                outcome.call.done(outcome.value)
        return True
