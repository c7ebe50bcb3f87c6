"""What surprises the unperturbed model: losses of responses, for judges that go by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.crew.base import Losses, Scoring
from safebasin.judges.base import Exchange


class Scores(Protocol):
    """Whoever has the unperturbed model; see `Crew.score`."""

    def score(self, scorings: Sequence[Scoring]) -> list[Losses]:
        """Losses under the unperturbed model, in order."""
        ...


class Scorer:
    """Losses of responses under the unperturbed model, in batches of similar length.

    Those that were learnt before they were asked for are not asked for again.
    """

    def __init__(self, model: Scores, encoded: Sequence[Encoded], batch_size: int) -> None:
        self._model = model
        self._encoded = {one.prompt_id: one for one in encoded}
        self._batch_size = batch_size
        self._learnt: dict[Scoring, Losses] = {}

    def plan(self, exchanges: Sequence[Exchange]) -> list[Scoring]:
        """The batches in which these are scored: what is in a batch can change its last bits."""
        return [scoring for scoring, _ in self._plan(exchanges)]

    def learn(self, losses: Mapping[Scoring, Losses]) -> None:
        """Remember these until they are asked for."""
        self._learnt.update(losses)

    def __call__(self, exchanges: Sequence[Exchange]) -> list[list[float]]:
        """−log p of every token of every response, in nats."""
        plan = self._plan(exchanges)
        unknown = [scoring for scoring, _ in plan if scoring not in self._learnt]
        self.learn(dict(zip(unknown, self._model.score(unknown), strict=True)))
        losses: list[list[float]] = [[] for _ in exchanges]
        for scoring, places in plan:
            for place, loss in zip(places, self._learnt.pop(scoring), strict=True):
                losses[place] = loss
        return losses

    def _plan(self, exchanges: Sequence[Exchange]) -> list[tuple[Scoring, list[int]]]:
        """Each batch with the places of its exchanges."""
        by_place = [
            Encoded(str(place), self._encoded[exchange.prompt.id].token_ids)
            for place, exchange in enumerate(exchanges)
        ]
        found = []
        for batch in plan_batches(by_place, self._batch_size):
            places = [int(one.prompt_id) for one in batch]
            responses = tuple(exchanges[place].response for place in places)
            found.append((Scoring(batch, responses), places))
        return found
