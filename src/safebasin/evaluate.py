"""The one loop: points × prompts → responses → verdicts, all through the store.

What the store already holds is not done again, so running on is the same as running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from safebasin.engines.base import Batch, Drafts, Encoded, Engine, Settled, plan_batches
from safebasin.errors import IntegrityError
from safebasin.judges.base import Exchange, Judge
from safebasin.records import Point, Prompt, Response, Verdict, asked_by
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


def generate(
    engine: Engine,
    store: Store,
    step: Step,
    settled: Settled | None,
    drafts: Drafts,
    answered: Callable[[int], None],
) -> None:
    """Answer every batch of a step that the store lacks; each is durable before the next begins.

    Args:
        engine: places the point.
        store: holds what is answered already.
        step: what to ask, and where.
        settled: tells when an answer can end early; None never.
        drafts: see `engines.base.Drafts`.
        answered: called with the number of prompts after each batch, and first for those that are
            there already; not called where all are.

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
    if not waiting:
        return
    if there:
        answered(there)
    with engine.at(step.point):
        for batch in waiting:
            store.add_responses(step.point.key, engine.answer(batch, settled, drafts))
            answered(len(batch))


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
    answered = store.answered(point)
    said: dict[str, Response] | None = None
    for judge in judges:
        known = store.verdicts(judge.key, point)
        due = [
            id_
            for id_ in sorted(answered)
            if (id_ not in known or (retry and known[id_].status == "judge_failed"))
            and (judge.about.benign or prompts[asked_by(id_)].kind == "harmful")
        ]
        if not due:
            continue
        said = said or {response.id: response for response in store.responses(point)}
        new = [said[id_] for id_ in due]
        by_words = judge.about.family in BY_WORDS
        same = {} if by_words else _judged_at_the_origin(store, judge.key, new)
        for some in _portions(judge, new):
            store.add_verdicts(judge.key, point, _verdicts(judge, prompts, some, same))
            judged(len(some))


def _portions(judge: Judge, responses: Sequence[Response]) -> Iterator[Sequence[Response]]:
    """What is judged at once: where each verdict is paid for, no more than is bearable to lose."""
    size = PAID_AT_ONCE if judge.about.family == "rubric" else max(1, len(responses))
    return (responses[start : start + size] for start in range(0, len(responses), size))


def settled_by(judges: Sequence[Judge]) -> Settled | None:
    """Whether all judges have decided on a text; None if one of them never does early."""
    if not judges or any(not judge.decides_early for judge in judges):
        return None
    return lambda text: all(judge.settled(text) for judge in judges)


def drafts(store: Store) -> Drafts:
    """What was answered at the origin, where that is complete: most answers begin like these.

    Not what was answered at the nearest point: an answer would depend on which points came before.
    """
    return {response.id: response.token_ids for response in store.responses(ORIGIN.key)}


class Scorer:
    """Losses of responses under the unperturbed model, in batches of similar length."""

    def __init__(self, engine: Engine, encoded: Sequence[Encoded], batch_size: int) -> None:
        self._engine = engine
        self._encoded = {one.prompt_id: one for one in encoded}
        self._batch_size = batch_size

    def __call__(self, exchanges: Sequence[Exchange]) -> list[list[float]]:
        """−log p of every token of every response, in nats."""
        by_place = [
            Encoded(str(place), self._encoded[exchange.prompt.id].token_ids)
            for place, exchange in enumerate(exchanges)
        ]
        losses: list[list[float]] = [[] for _ in exchanges]
        for batch in plan_batches(by_place, self._batch_size):
            places = [int(one.prompt_id) for one in batch]
            responses = [exchanges[place].response for place in places]
            for place, loss in zip(places, self._engine.losses(batch, responses), strict=True):
                losses[place] = loss
        return losses


def _judged_at_the_origin(
    store: Store, judge: str, responses: Sequence[Response]
) -> dict[str, Verdict]:
    """Verdicts on those of the responses that were given, word for word, at the origin too."""
    verdicts = store.verdicts(judge, ORIGIN.key)
    same = set(responses).intersection(store.responses(ORIGIN.key)) if verdicts else set()
    found = {response.id: verdicts[response.id] for response in same if response.id in verdicts}
    return {id_: verdict for id_, verdict in found.items() if verdict.status == "ok"}


def _verdicts(
    judge: Judge,
    prompts: Mapping[str, Prompt],
    responses: Sequence[Response],
    known: Mapping[str, Verdict],
) -> dict[str, Verdict]:
    found = {response.id: known[response.id] for response in responses if response.id in known} | {
        response.id: Verdict(None, status="numeric_failure")
        for response in responses
        if response.finish == "numeric_failure"
    }
    left = [response for response in responses if response.id not in found]
    said = judge.judge([Exchange(prompts[response.prompt_id], response) for response in left])
    return found | {r.id: verdict for r, verdict in zip(left, said, strict=True)}
