"""How far a run is, in a line: where, how many of each side, how many points, and what is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from safebasin.evaluate import Progress, Step, Tick
from safebasin.points import Point
from safebasin.records import Label, Prompt, Response, Verdict, asked_by
from safebasin.report.formatting import count

SAID = {"harmful": "harmful", "benign": "harmless"}
"""The sides of the prompts, as they are called here."""

_AFTER = 1.0
"""Seconds before which no time left is shown."""

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass
class _At:
    """How many prompts of each side are asked at a point, of how many."""

    asked: Counter[str]
    planned: Counter[str]


@dataclass
class Told:
    """Counts what is answered, and reports it as ticks.

    Workers may be at several points at once; each line is about the one that came last.

    Attributes:
        progress: gets a tick for every batch, and one for every point that is judged.
        prompts: by id.
        called: what a point is called.
        points: how many there will be at most.
        total: how many responses there will be; None where the answers decide on it.
        done: how many there are.
    """

    progress: Progress
    prompts: Mapping[str, Prompt]
    called: Callable[[Point], str]
    points: int
    total: int | None
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    _over: set[Point] = field(default_factory=set)
    _made: int = 0
    _at: dict[Point, _At] = field(default_factory=dict)
    _begun: float | None = None

    def begin(self, step: Step, answered: Iterable[str]) -> None:
        """A point is begun, at which so much is answered already."""
        there = set(answered)
        planned = there.union(one.id for batch in step.batches for one in batch)
        self._at[step.point] = _At(self._sides(there), self._sides(planned))

    def answered(self, point: Point, responses: Sequence[Response]) -> None:
        """A batch is answered."""
        self.done += len(responses)
        if self._begun is None:  # what came before it is loading, which the rest does not need
            self._begun = self.clock()
        else:
            self._made += len(responses)
        at = self._at[point]
        at.asked += self._sides(one.id for one in responses)
        # Of a whole point more is told at once, when it is judged.
        self._tell("" if at.asked == at.planned else self._line(point, {}))

    def over(self, point: Point, there: int, verdicts: Mapping[str, Verdict] | None) -> None:
        """A point is done.

        Args:
            point: which.
            there: responses that were in the store before, and were not told of yet.
            verdicts: of the first judge; None where the point was given up.
        """
        self.done += there
        self._over.add(point)
        if verdicts is not None:
            self._tell(self._line(point, verdicts))

    def _tell(self, note: str) -> None:
        self.progress(Tick(self.done, self.total, note))

    def _line(self, point: Point, verdicts: Mapping[str, Verdict]) -> str:
        at = self._at[point]
        sides = (
            f"{SAID[side]} {at.asked[side]}/{planned}{self._shares(side, verdicts)}"
            for side, planned in sorted(at.planned.items(), reverse=True)
        )
        return " · ".join([self.called(point), *sides, self._points(), *self._left()])

    def _points(self) -> str:
        if self.total is None:
            return count(len(self._over), "points")
        return f"{len(self._over):,} of {count(self.points, 'points')}"

    def _shares(self, side: str, verdicts: Mapping[str, Verdict]) -> str:
        said = Counter(
            verdict.label
            for id_, verdict in verdicts.items()
            if self.prompts[asked_by(id_)].side == side
        )
        shares = [f"{label} {said[label] / said.total():.0%}" for label in Label if said[label]]
        return f" ({', '.join(shares)})" if shares else ""

    def _sides(self, ids: Iterable[str]) -> Counter[str]:
        return Counter(str(self.prompts[asked_by(id_)].side) for id_ in ids)

    def _left(self) -> tuple[str, ...]:
        """How long the rest takes, at the pace of what this process saw made."""
        if self.total is None or self._begun is None or not self._made or self.done >= self.total:
            return ()
        took = self.clock() - self._begun
        return (
            ()
            if took < _AFTER
            else (f"{in_words(took / self._made * (self.total - self.done))} left",)
        )


def in_words(seconds: float) -> str:
    """A time as a person says it: "40 s", "2 min", "3 h"."""
    unit, size = next((each for each in _UNITS if seconds >= 1.5 * each[1]), _UNITS[-1])
    return f"{max(1, round(seconds / size))} {unit}"
