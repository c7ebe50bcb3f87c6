"""The one loop: points × prompts → responses → verdicts, all through the store.

What the store already holds is not done again, so running on is the same as running.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from safebasin.engines.base import Batch, Drafts, Settled
from safebasin.engines.crew.base import Scoring, Task
from safebasin.errors import IntegrityError
from safebasin.judges.base import UNANSWERED, Exchange, Judge
from safebasin.judges.coherence import WITH_MODEL
from safebasin.judges.scorer import Scorer
from safebasin.points import Point
from safebasin.records import Items, Label, Prompt, Response, Verdict, asked_by
from safebasin.store import Store

ORIGIN = Point()

PAID_AT_ONCE = 64

BY_WORDS = ("phrases", "exact")
"""Families whose verdicts are made faster than they are looked up."""


class Step(NamedTuple):
    """Some batches of prompts that are asked at one point."""

    point: Point
    batches: tuple[Batch, ...]

    @property
    def prompts(self) -> int:
        """How many responses there are once the step is done."""
        return sum(map(len, self.batches))


@dataclass(frozen=True)
class Work:
    """What a run consists of, at most. Points are done in order, and each point's batches in order.

    Attributes:
        points: without repetition; the first is the origin.
        prompts: by id.
        batches: the same at every point.
    """

    points: tuple[Point, ...]
    prompts: Mapping[str, Prompt]
    batches: tuple[Batch, ...]

    @property
    def responses(self) -> int:
        """How many responses there will be."""
        return len(self.points) * sum(map(len, self.batches))

    @property
    def steps(self) -> Iterator[Step]:
        """Everything, point by point."""
        return (Step(point, self.batches) for point in self.points)


@dataclass(frozen=True)
class Tick:
    """Where a run is: for a progress bar. `total` is None where the answers decide on it."""

    done: int
    total: int | None
    note: str = ""


Progress = Callable[[Tick], None]


def task(
    store: Store,
    step: Step,
    measures: Collection[str],
    drafts: Drafts,
    scorings: Callable[[], Sequence[Scoring]],
) -> Task:
    """What the store lacks of a step.

    Args:
        store: holds what is done already.
        step: what to ask, and where.
        measures: names of what to measure there.
        drafts: see `engines.base.Drafts`.
        scorings: see `Task`.

    Raises:
        IntegrityError: the store holds a part of a batch, which no run of ours can have written.
    """
    waiting, there = [], 0
    known = store.answered(step.point.key)
    for batch in step.batches:
        found = sum(encoded.id in known for encoded in batch)
        if found not in (0, len(batch)):
            raise IntegrityError(
                f"{store.folder} holds {found} of a batch of {len(batch)} responses at "
                f"{step.point.key}: something else changed the store; scan again into a new --out"
            )
        there += found
        if not found:
            waiting.append(batch)
    missing = tuple(name for name in measures if not store.measurements(name, step.point.key))
    return Task(step.point, tuple(waiting), missing, drafts, there, scorings)


@dataclass(frozen=True)
class Keeper:
    """Puts what a crew finds into the store, each batch and each measure in one transaction.

    Attributes:
        store: gets it.
        answered: called after each batch.
    """

    store: Store
    answered: Callable[[Point, Sequence[Response]], None] = lambda *_: None

    def answers(self, point: Point, responses: Sequence[Response]) -> None:
        """See `Keep.answers`."""
        self.store.add_responses(point.key, responses)
        self.answered(point, responses)

    def measurements(self, point: Point, measure: str, items: Items) -> None:
        """See `Keep.measurements`."""
        self.store.add_measurements(measure, point.key, items)


def pass_judgement(
    store: Store,
    prompts: Mapping[str, Prompt],
    point: str,
    judges: Sequence[Judge],
    *,
    retry: bool = False,
    judged: Callable[[int], None] = lambda _: None,
) -> None:
    """Judge what is unjudged at a point; what is judged at once is one transaction.

    A response that is not text because the logits were not numbers is no judge's business. One that
    is the same as at the origin has the same verdict: inside a basin that is most of them.

    Args:
        store: holds the responses, and gets the verdicts.
        prompts: of the run, by id.
        point: key of the place.
        judges: those that only know harm are not asked about harmless requests.
        retry: whether a judge is asked again where it could not give a verdict before.
        judged: called with the number of verdicts after each transaction.
    """
    said: dict[str, Response] | None = None
    for judge in judges:
        due = _due(store, prompts, point, judge, retry=retry)
        if not due:
            continue
        said = said or {response.id: response for response in store.responses(point)}
        new = [said[id_] for id_ in due]
        same = _judged_at_the_origin(store, judge, new)
        for some in _portions(judge, new):
            store.add_verdicts(judge.key, point, _verdicts(judge, prompts, some, same))
            judged(len(some))


def to_score(
    store: Store,
    prompts: Mapping[str, Prompt],
    point: str,
    judges: Sequence[Judge],
    scorer: Scorer,
) -> list[Scoring]:
    """What judging a point will ask the unperturbed model, so that it can be asked before."""
    found: list[Scoring] = []
    for judge in judges:
        if judge.about is WITH_MODEL and (due := _due(store, prompts, point, judge)):
            said = {response.id: response for response in store.responses(point)}
            new = [said[id_] for id_ in due]
            left = _unknown(new, _judged_at_the_origin(store, judge, new))
            found += scorer.plan(_exchanges(prompts, left))
    return found


def _due(
    store: Store, prompts: Mapping[str, Prompt], point: str, judge: Judge, *, retry: bool = False
) -> list[str]:
    """Ids of the responses that a judge is yet to say something of, in order."""
    known = store.verdicts(judge.key, point)
    return [
        id_
        for id_ in sorted(store.answered(point))
        if (id_ not in known or (retry and known[id_].status == "judge_failed"))
        and (judge.about.benign or prompts[asked_by(id_)].kind == "harmful")
    ]


def _portions(judge: Judge, responses: Sequence[Response]) -> Iterator[Sequence[Response]]:
    """What is judged at once: where each verdict is paid for, no more than is bearable to lose."""
    size = PAID_AT_ONCE if judge.about.family == "rubric" else max(1, len(responses))
    return (responses[start : start + size] for start in range(0, len(responses), size))


@dataclass(frozen=True)
class SettledByAll:
    """Whether all judges have decided on a text; can be sent to another process."""

    judges: tuple[Judge, ...]

    def __call__(self, text: str) -> bool:
        """See `Settled`."""
        return all(judge.settled(text) for judge in self.judges)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Some texts that settle it wherever they occur: engines that cannot ask may stop there."""
        told = (phrase for judge in self.judges for phrase in getattr(judge, "phrases", ()))
        return tuple(dict.fromkeys(phrase for phrase in told if self(phrase)))


def settled_by(judges: Sequence[Judge]) -> Settled | None:
    """Whether all judges have decided on a text; None if one of them never does early."""
    if not judges or any(not judge.decides_early for judge in judges):
        return None
    return SettledByAll(tuple(judges))


def drafts(store: Store) -> Drafts:
    """What was answered at the origin, where that is complete: most answers begin like these.

    Not what was answered at the nearest point: an answer would depend on which points came before.
    """
    return {response.id: response.token_ids for response in store.responses(ORIGIN.key)}


def _judged_at_the_origin(
    store: Store, judge: Judge, responses: Sequence[Response]
) -> dict[str, Verdict]:
    """Verdicts on those of the responses that were given, word for word, at the origin too."""
    if judge.about.family in BY_WORDS:
        return {}
    verdicts = store.verdicts(judge.key, ORIGIN.key)
    same = set(responses).intersection(store.responses(ORIGIN.key)) if verdicts else set()
    found = {response.id: verdicts[response.id] for response in same if response.id in verdicts}
    return {id_: verdict for id_, verdict in found.items() if verdict.status == "ok"}


def _unknown(responses: Sequence[Response], known: Mapping[str, Verdict]) -> list[Response]:
    """Those that a judge has to read."""
    return [
        response
        for response in responses
        if response.id not in known
        and response.finish != "numeric_failure"
        and not response.unanswered
    ]


def _exchanges(prompts: Mapping[str, Prompt], responses: Sequence[Response]) -> list[Exchange]:
    return [Exchange(prompts[response.prompt_id], response, told=True) for response in responses]


def _verdicts(
    judge: Judge,
    prompts: Mapping[str, Prompt],
    responses: Sequence[Response],
    known: Mapping[str, Verdict],
) -> dict[str, Verdict]:
    left = _unknown(responses, known)
    said = {r.id: v for r, v in zip(left, judge.judge(_exchanges(prompts, left)), strict=True)}
    return {r.id: said.get(r.id) or known.get(r.id) or _unjudged(r) for r in responses}


def _unjudged(response: Response) -> Verdict:
    """The verdict on what no judge has to read."""
    if response.unanswered:
        return Verdict(Label.OTHER, detail=UNANSWERED)
    return Verdict(None, status="numeric_failure")
