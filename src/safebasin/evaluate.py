"""The one loop: points × prompts → responses → verdicts, all through the store.

What the store already holds is not done again, so running on is the same as running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from safebasin.engines.base import Batch, Encoded, Engine, Settled, plan_batches
from safebasin.errors import IntegrityError
from safebasin.judges.base import Exchange, Judge
from safebasin.records import Point, Prompt, Response, Verdict
from safebasin.store import Store

ORIGIN = Point()


@dataclass(frozen=True)
class Work:
    """What a run consists of. Points are done in order, and each point's batches in order.

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
        return len(self.points) * len(self.prompts)

    def done_after(self, point: Point) -> int:
        """How many responses there are once a point is done."""
        return self._number[point] * len(self.prompts)

    @cached_property
    def _number(self) -> dict[Point, int]:
        return {point: number for number, point in enumerate(self.points, start=1)}


@dataclass(frozen=True)
class Tick:
    """Where a run is: for a progress bar."""

    done: int
    total: int
    note: str = ""


Progress = Callable[[Tick], None]


def generate(
    engine: Engine,
    store: Store,
    work: Work,
    point: Point,
    settled: Settled | None,
    progress: Progress,
) -> None:
    """Answer every batch that the store lacks at a point; each is durable before the next begins.

    Raises:
        IntegrityError: the store holds a part of a batch, which no run of ours can have written.
    """
    waiting = []
    answered = store.answered(point.key)
    for batch in work.batches:
        there = sum(encoded.prompt_id in answered for encoded in batch)
        if there not in (0, len(batch)):
            raise IntegrityError(
                f"{store.folder} holds {there} of a batch of {len(batch)} responses at {point.key}:"
                " something else changed the store; scan again into a new --out"
            )
        if not there:
            waiting.append(batch)
    done = work.done_after(point) - sum(map(len, waiting))
    if not waiting:
        return
    with engine.at(point):
        for batch in waiting:
            store.add_responses(point.key, engine.answer(batch, settled))
            done += len(batch)
            progress(Tick(done, work.responses))


def pass_judgement(store: Store, work: Work, point: Point, judges: Sequence[Judge]) -> None:
    """Judge what is unjudged at a point; one judge's verdicts on it are one transaction.

    A response that is not text because the logits were not numbers is no judge's business. One that
    is the same as at the origin has the same verdict: inside a basin that is most of them.
    """
    responses: list[Response] | None = None
    for judge in judges:
        if len(store.verdicts(judge.name, point.key)) == len(work.prompts):
            continue
        responses = store.responses(point.key) if responses is None else responses
        known = _judged_at_the_origin(store, judge.name, responses)
        store.add_verdicts(judge.name, point.key, _verdicts(judge, work.prompts, responses, known))


def settled_by(judges: Sequence[Judge]) -> Settled | None:
    """Whether all judges have decided on a text; None if one of them never does early."""
    if not judges or any(not judge.decides_early for judge in judges):
        return None
    return lambda text: all(judge.settled(text) for judge in judges)


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
    return {response.prompt_id: verdicts[response.prompt_id] for response in same}


def _verdicts(
    judge: Judge,
    prompts: Mapping[str, Prompt],
    responses: Sequence[Response],
    known: Mapping[str, Verdict],
) -> dict[str, Verdict]:
    found = dict(known) | {
        response.prompt_id: Verdict(None, status="numeric_failure")
        for response in responses
        if response.finish == "numeric_failure"
    }
    exchanges = [
        Exchange(prompts[response.prompt_id], response)
        for response in responses
        if response.prompt_id not in found
    ]
    said = zip(exchanges, judge.judge(exchanges), strict=True)
    return found | {exchange.prompt.id: verdict for exchange, verdict in said}
