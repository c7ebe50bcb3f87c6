"""How long a plan takes on this machine: a few answers are timed, and the rest is arithmetic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from safebasin.engines.base import Encoded, Engine
from safebasin.engines.registry import make
from safebasin.judges.coherence import WITH_MODEL
from safebasin.studies.crew import manner
from safebasin.studies.plan import Plan

TOKENS = 8
"""That each timed answer may have."""

PROBE_FLOP = {"cpu": 5e11, "cuda": 2e14}
"""What is spent on timing, about: a second or two."""


def seconds_at_most(planned: Plan) -> float | None:
    """Seconds that the work which is left takes if every answer is as long as the token limit.

    Reading a prompt, writing a token and placing a point are timed on some prompts of the run, at
    the checkpoint and at one other point. Most answers end before the limit, so a run is faster.
    Judges with weights and measures are not counted.

    Returns:
        None where other processes do the work, whose speed is not known here.
    """
    settings = planned.settings
    if settings.workers is not None or settings.engine != "transformers":
        return None
    how = replace(manner(planned), max_new_tokens=min(TOKENS, settings.tokens))
    engine = make(settings.engine, planned.loaded, how)
    placing = _placing(engine, planned)
    reading, writing = _speed(engine, _some(planned))
    every = planned.subject.encoded
    scored = any(name.partition("=")[0] == WITH_MODEL.name for name in settings.judges)
    read = sum(len(one.token_ids) for one in every) * (2 if scored else 1)
    written = settings.tokens * len(every)
    point = placing + reading * (read + (written if scored else 0)) + writing * written
    return point * len(planned.work.points) * _left(planned)


def _some(planned: Plan) -> tuple[Encoded, ...]:
    """As many prompts as are answered at once, or fewer where that alone would take long."""
    every = sorted(planned.subject.encoded, key=lambda one: len(one.token_ids))
    middle = len(every[len(every) // 2].token_ids) + TOKENS
    each = 2.0 * planned.loaded.checked.parameters * middle
    room = int(PROBE_FLOP.get(planned.loaded.device.type, PROBE_FLOP["cpu"]) / each)
    many = max(1, min(planned.settings.batch, room, len(every)))
    first = (len(every) - many) // 2
    return tuple(every[first : first + many])


def _speed(engine: Engine, batch: Sequence[Encoded]) -> tuple[float, float]:
    """Seconds for each token that is read, and for each that is written."""
    asked = tuple(batch)
    engine.answer(asked[:1])  # what is done once is not timed
    start = time.perf_counter()
    said = engine.answer(asked)
    answered = time.perf_counter()
    engine.losses(asked, said)
    scored = time.perf_counter()
    read = sum(len(one.token_ids) for one in asked)
    written = sum(len(one.token_ids) for one in said)
    reading = (scored - answered) / max(1, read + written)
    return reading, max(0.0, answered - start - reading * read) / max(1, written)


def _placing(engine: Engine, planned: Plan) -> float:
    """Seconds to go to a point and back."""
    for point in planned.work.points[1:2]:
        start = time.perf_counter()
        with engine.at(point):
            pass
        return time.perf_counter() - start
    return 0.0


def _left(planned: Plan) -> float:
    done = planned.cost["done"]
    return max(0.0, 1.0 - done / max(1, planned.work.responses))
