"""A study that is ready to run: everything is loaded and checked, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safebasin.engines.beside import Beside
from safebasin.engines.registry import require_able
from safebasin.engines.talk import Talks
from safebasin.errors import UsageError
from safebasin.evaluate import Step, Work
from safebasin.models.chat import Rendered
from safebasin.models.load import LoadedModel
from safebasin.points import Displacement, Point, Prefill
from safebasin.records import slug
from safebasin.runfolder import Request, on_its_device, request_digest, require_same
from safebasin.store import Store, reading
from safebasin.studies.request import request
from safebasin.studies.settings import Settings
from safebasin.studies.subject import Subject
from safebasin.weights.given import Along, Given
from safebasin.weights.overlay import Overlay

Schedule = Callable[[Store], Iterator[list[Step]]]
"""What can be done next, in any order, from what the store holds; asked again when it is done."""


@dataclass(frozen=True)
class Plan:
    """Everything that a run needs.

    Attributes:
        subject: the model and what it is asked.
        work: all that may be done.
        request: what decides the content of the run.
        folder: where it goes; by default named after the request, so that the same command finds
            its own run again.
        notes: what a person should know before starting.
        given: what displacements in the work's points stand for.
        talks: how checkpoints talk that talk otherwise than the model.
        moving: buffers that ways to checkpoints move.
        beside: what steerings and prefills stand for.
        facts: what the store remembers from the start, for the summary, by name; asked for once,
            with the network at the origin.
        schedule: the order of the work, where it depends on what was answered; None does all of
            it, point by point.
    """

    subject: Subject
    work: Work
    request: Request
    folder: Path
    notes: tuple[str, ...] = ()
    given: Mapping[Displacement, Given] = field(default_factory=dict)
    talks: Talks = field(default_factory=dict)
    moving: tuple[str, ...] = ()
    beside: Beside = field(default_factory=dict)
    facts: Callable[[Overlay], Mapping[str, Any]] | None = None
    schedule: Schedule | None = None

    @property
    def settings(self) -> Settings:
        """What was asked for."""
        return self.subject.settings

    @property
    def loaded(self) -> LoadedModel:
        """The model."""
        return self.subject.loaded

    @property
    def rendered(self) -> dict[str, Rendered]:
        """Each prompt as the model reads it, by id."""
        return self.subject.rendered

    @property
    def cost(self) -> dict[str, float]:
        """Upper bounds: no response need be as long as the token limit."""
        every = self.subject.encoded
        most = len(self.work.points) * sum(len(o.token_ids) + self.settings.tokens for o in every)
        return {
            "points": len(self.work.points),
            "prompts": len(self.work.prompts),
            "responses": self.work.responses,
            "done": self._done(),
            "tokens_at_most": most,
            "flop_at_most": 2.0 * self.loaded.checked.parameters * most,
            "weights_bytes": self._weights_bytes(),
        }

    def _weights_bytes(self) -> int:
        """The network, its pristine copy, and directions that are kept whole, in fp32."""
        kept = sum(isinstance(given, Along) for given in self.given.values())
        each = 2 * int(self.loaded.model.dtype.itemsize) + 4 * kept
        return self.loaded.checked.parameters * each

    def _done(self) -> int:
        if not (self.folder / "results.sqlite").exists():
            return 0
        require_same(self.folder, self.request)
        with reading(self.folder) as store:
            return store.counts()["responses"]


def make(
    study: str, subject: Subject, points: tuple[Point, ...], where: dict[str, Any], **more: Any
) -> Plan:
    """Lay out a study's work.

    Args:
        study: the verb.
        subject: the model and what it is asked.
        points: the places, the origin first.
        where: the same as it stands in the request.
        more: `given`, `talks`, `moving`, `beside`, `facts`, `schedule` and `notes` of the plan.
    """
    settings, beside = subject.settings, more.get("beside", {})
    require_able(settings.engine, hooks=bool(beside))
    if subject.measures and any(isinstance(way, Prefill) for way in beside):
        raise UsageError(
            "--perplexity and --task measure texts, which no prefill begins: leave them out"
        )
    if beside:
        where = {**where, "beside": sorted(way.key for way in beside)}
    asked = request(study, where, subject)
    name = f"{study}-{slug(settings.model)[:-9]}-{request_digest(asked)[:8]}"
    folder = settings.out or Path("safebasin-runs") / name
    return Plan(
        subject,
        Work(points, subject.prompts, subject.batches),
        on_its_device(folder, asked) if settings.allow_mixed else asked,
        folder,
        (*subject.notes, *more.pop("notes", ())),
        **more,
    )
