"""Two ways of doing the same work, point after point: ours, and the published procedure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import published
import torch

from safebasin.engines.base import Batch, Drafts, plan_batches
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.keyword import KeywordJudge
from safebasin.models.load import LoadedModel
from safebasin.points import Point
from safebasin.records import Response
from safebasin.studies.plan import Plan

JUDGE = KeywordJudge()
ORIGIN = Point()


@dataclass
class Side:
    """One way of doing the work, as far as it has come.

    Attributes:
        refused: the verdicts, by point and prompt.
        paid: tokens that were computed for answers.
        needed: tokens up to where each verdict was certain, or else to the end of the answer.
        decided: answers that ended because their verdict was certain.
    """

    seconds: float = 0.0
    refused: list[bool] = field(default_factory=list)
    paid: int = 0
    needed: int = 0
    decided: int = 0


class Ours:
    """The engine as `scan` calls it: the origin first, which drafts what is said elsewhere."""

    def __init__(self, planned: Plan, loaded: LoadedModel, batch: int, *, drafting: bool) -> None:
        self.side = Side()
        start = time.perf_counter()
        self._engine = TransformersEngine(loaded, Manner(max_new_tokens=planned.settings.tokens))
        self._rays = planned.settings.rays
        self._order = harmful(planned)
        self._settled = None if planned.settings.full_text else JUDGE.settled
        wanted = set(self._order)
        encoded = [one for one in planned.subject.encoded if one.prompt_id in wanted]
        self._batches = plan_batches(encoded, batch)
        self._origin = self._answer(ORIGIN, {})
        self._drafts = {id_: one.token_ids for id_, one in self._origin.items()} if drafting else {}
        self.side.seconds = time.perf_counter() - start

    def point(self, x: float) -> None:
        """Everything at one point; the origin is done already."""
        start = time.perf_counter()
        found = self._answer(self._rays.point(0, x), self._drafts) if x else self._origin
        refused = [JUDGE.settled(found[id_].text) for id_ in self._order]
        self.side.seconds += time.perf_counter() - start
        self.side.refused += refused
        self.side.paid += sum(len(r.token_ids) + (r.finish == "eos") for r in found.values())
        self.side.decided += sum(r.finish == "decided" for r in found.values())

    def _answer(self, point: Point, drafts: Drafts) -> dict[str, Response]:
        with self._engine.at(point):
            said = [self._one(batch, drafts) for batch in self._batches]
        return {response.prompt_id: response for some in said for response in some}

    def _one(self, batch: Batch, drafts: Drafts) -> list[Response]:
        return self._engine.answer(batch, self._settled, drafts)


class Published:
    """The baseline; see `published`."""

    def __init__(
        self, planned: Plan, loaded: LoadedModel, batch: int, direction: dict[str, torch.Tensor]
    ) -> None:
        self.side = Side()
        self._loaded, self._batch, self._tokens = loaded, batch, planned.settings.tokens
        self._prompts = [planned.rendered[id_].token_ids for id_ in harmful(planned)]
        self._walk = published.walk(loaded.model, direction, planned.settings.rays.axis_P)

    def point(self, x: float) -> None:
        """The next point, which is x."""
        start = time.perf_counter()
        assert next(self._walk) == x
        found = published.answer(
            self._loaded, self._prompts, batch_size=self._batch, max_new_tokens=self._tokens
        )
        texts = [self._text(ids) for ids in found.token_ids]
        refused = [JUDGE.settled(text) for text in texts]
        self.side.seconds += time.perf_counter() - start
        self.side.refused += refused
        self.side.paid += found.paid
        self.side.needed += sum(map(self._needed, found.token_ids))

    def _needed(self, token_ids: Sequence[int]) -> int:
        """The shortest beginning whose verdict is certain; a text that is settled stays so."""
        if not JUDGE.settled(self._text(token_ids)):
            return len(token_ids)
        low, high = 0, len(token_ids)
        while low < high:
            middle = (low + high) // 2
            if JUDGE.settled(self._text(token_ids[:middle])):
                high = middle
            else:
                low = middle + 1
        return low

    def _text(self, token_ids: Sequence[int]) -> str:
        return str(self._loaded.tokenizer.decode(token_ids, skip_special_tokens=True))


def harmful(planned: Plan) -> list[str]:
    """Ids of the harmful prompts, in the order of the file."""
    return [prompt.id for prompt in planned.subject.harmful.prompts]
