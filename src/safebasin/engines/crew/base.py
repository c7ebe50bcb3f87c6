"""A crew: one engine or many of them, that do tasks and hand in whatever is done, in any order.

A task is what is left to do at one point. What a run contains does not depend on who does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from safebasin.engines.base import Batch, Drafts
from safebasin.errors import IntegrityError, SafebasinError
from safebasin.models.load import LoadedModel
from safebasin.points import Point
from safebasin.records import Items, Response
from safebasin.weights.overlay import Overlay

Losses = list[list[float]]
"""−log p, in nats, of each token of each response of a batch; see `Engine.losses`."""

Measure = Callable[[LoadedModel], Items]
"""Takes a measure of the network where it stands."""


Remarks = Callable[[], tuple[str, ...]]
"""Sentences for the notes of a run."""


class Scoring(NamedTuple):
    """Responses that the unperturbed model is to score in one batch."""

    batch: Batch
    responses: tuple[Response, ...]


@dataclass(frozen=True, eq=False)
class Task:
    """What is left to do at one point.

    Attributes:
        point: where.
        batches: what is to be answered there.
        measures: names of what is to be measured there.
        drafts: what answers may begin with; see `engines.base.Drafts`.
        there: how many responses there are already.
        scorings: what is to be scored once all answers are kept; called then.
    """

    point: Point
    batches: tuple[Batch, ...] = ()
    measures: tuple[str, ...] = ()
    drafts: Drafts = field(default_factory=dict)
    there: int = 0
    scorings: Callable[[], Sequence[Scoring]] = tuple


class Done(NamedTuple):
    """A task that nothing more is to be done for.

    `failure` says why, where a part of it was tried several times in vain; the rest may be done.
    """

    task: Task
    losses: Mapping[Scoring, Losses]
    failure: SafebasinError | None = None


class Keep(Protocol):
    """Makes results durable. Called as soon as there is one, in the thread that runs the crew."""

    def answers(self, point: Point, responses: Sequence[Response]) -> None:
        """A batch was answered."""
        ...

    def measurements(self, point: Point, measure: str, items: Items) -> None:
        """A measure was taken."""
        ...


class Crew(Protocol):
    """Does tasks.

    Attributes:
        overlay: the checkpoint's weights, and the directions through them.
        remarks: finds out what a reader should know of how well answers are made; asked once.
    """

    overlay: Overlay
    remarks: Remarks

    def do(self, tasks: Iterable[Task], keep: Keep) -> Iterator[Done]:
        """Do tasks, which are taken from the iterable when there is somebody to do them."""
        ...

    def score(self, scorings: Sequence[Scoring]) -> list[Losses]:
        """Losses under the unperturbed model, in order."""
        ...


class SpoiltPointError(IntegrityError):
    """The weights were not restored after a point: what was answered there cannot be trusted.

    Attributes:
        point: where the model stood.
    """

    def __init__(self, message: str, point: Point) -> None:
        super().__init__(message)
        self.point = point

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.point)
