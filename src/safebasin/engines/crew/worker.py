"""One engine that does one thing after another, and stays at a point while it is needed there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from safebasin.engines.base import Batch, Drafts, Engine, Settled
from safebasin.engines.crew.base import Losses, Measure, Scoring, SpoiltPointError
from safebasin.errors import IntegrityError
from safebasin.models.load import LoadedModel
from safebasin.points import Point
from safebasin.records import Items, Response


class Worker:
    """Answers, measures and scores, wherever it is asked to.

    Args:
        engine: runs the model.
        loaded: the same model, for measures.
        settled: tells when an answer can end early; None never.
        measures: that can be asked for, by name.
    """

    def __init__(
        self,
        engine: Engine,
        loaded: LoadedModel,
        settled: Settled | None = None,
        measures: Mapping[str, Measure] | None = None,
    ) -> None:
        self.overlay = engine.overlay
        self._engine = engine
        self._loaded = loaded
        self._settled = settled
        self._measures = measures or {}
        self._placed = ExitStack()
        self._point: Point | None = None

    def answer(self, point: Point, batch: Batch, drafts: Drafts) -> list[Response]:
        """See `Engine.answer`."""
        self._stand(point)
        return self._engine.answer(batch, self._settled, drafts)

    def measure(self, point: Point, name: str) -> Items:
        """What a measure finds at a point."""
        self._stand(point)
        return self._measures[name](self._loaded)

    def score(self, scoring: Scoring) -> Losses:
        """Losses under the unperturbed model."""
        self.leave()
        return self._engine.losses(scoring.batch, scoring.responses)

    def leave(self) -> None:
        """Take the point off, and make sure that the checkpoint is what is left.

        Raises:
            SpoiltPointError: it is not.
        """
        point = self._point
        self.drop()
        if point is None:
            return
        try:
            self.overlay.verify()
        except IntegrityError as error:
            raise SpoiltPointError(str(error), point) from error

    def drop(self) -> None:
        """Take the point off, as at the end of all work."""
        self._point = None
        self._placed.close()

    def _stand(self, point: Point) -> None:
        if self._point == point:
            return
        self.leave()
        self._placed.enter_context(self._engine.at(point))
        self._point = point
