"""Who does a study's work: this process, or workers of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from safebasin.engines import registry, strategy
from safebasin.engines.agreement import against_reference
from safebasin.engines.base import Settled
from safebasin.engines.crew.alone import Alone
from safebasin.engines.crew.base import Crew, Measure
from safebasin.engines.crew.recipe import Recipe, anywhere
from safebasin.engines.crew.worker import Worker
from safebasin.engines.sampling import Sampling
from safebasin.evaluate import settled_by
from safebasin.judges.registry import labels_early
from safebasin.studies.plan import Plan
from safebasin.studies.settings import Settings
from safebasin.weights.overlay import Overlay


@contextmanager
def crew(planned: Plan) -> Iterator[Crew]:
    """The worker or workers of a study, for the length of the block.

    Raises:
        ResourceError: what it needs is not installed, or not there.
    """
    settings, loaded = planned.settings, planned.loaded
    measures: dict[str, Measure] = {m.about.name: m.measure for m in planned.subject.measures}
    if settings.workers is None:
        engine = registry.make(settings.engine, loaded, manner(planned))
        remarks = partial(
            against_reference,
            engine,
            loaded,
            manner(planned),
            planned.subject.encoded,
            planned.work.points,
        )
        yield Alone(Worker(engine, loaded, _settled(settings), measures), remarks)
        return
    from safebasin.engines.crew.pool import pool

    overlay = Overlay(loaded.model, settings.skip, given=planned.given)
    asked = None if settings.workers == "auto" else settings.workers
    with pool(asked, _recipe(planned, measures), overlay) as many:
        if settings.engine == "transformers":
            many.remarks = lambda: strategy.choose(loaded.model, settings.batch).notes
        yield many


def manner(planned: Plan) -> registry.Manner:
    """How a study's engine answers."""
    settings = planned.settings
    return registry.Manner(
        skip=settings.skip,
        max_new_tokens=settings.tokens,
        batch_size=settings.batch,
        given=planned.given,
        talks=planned.talks,
        moving=planned.moving,
        beside=planned.beside,
        sampling=Sampling(settings.temperature, settings.seed) if settings.temperature else None,
    )


def _recipe(planned: Plan, measures: dict[str, Measure]) -> Recipe:
    settings, loaded = planned.settings, planned.loaded
    return Recipe(
        ref=anywhere(loaded.ref),
        device=loaded.device.type,
        machine=loaded.machine,
        dtype=loaded.dtype,
        chat_template=settings.chat_template and settings.chat_template.resolve(),
        template_args=settings.arguments,
        thoughts=settings.thoughts,
        weights_digest=loaded.checked.weights_digest,
        settings_digest=loaded.checked.settings_digest,
        engine=settings.engine,
        manner=manner(planned),
        settled=_settled(settings),
        measures=measures,
        threads=threads(),
    )


def threads() -> int:
    """Of each worker on a CPU: as OMP_NUM_THREADS says, else one.

    However many workers there are, so that a run by one worker and a run by many are the same, bit
    for bit.
    """
    return torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else 1


def _settled(settings: Settings) -> Settled | None:
    return settled_by([] if settings.full_text else labels_early(settings.judges))
