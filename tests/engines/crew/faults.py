"""Workers that go wrong on purpose. Their processes import this file, so it imports little."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from safebasin.engines.crew.recipe import Recipe
from safebasin.engines.crew.worker import Worker
from safebasin.points import Point


@dataclass(frozen=True)
class Faulty(Recipe):
    """A recipe for a worker with faults.

    Attributes:
        pids: a folder in which every worker that is ready leaves its number.
        pause: seconds that every batch takes longer.
        poison: key of a point at which the worker is killed.
        spoils: key of a point after which a bit is flipped.
    """

    pids: Path | None = None
    pause: float = 0.0
    poison: str = ""
    spoils: str = ""

    def make(self) -> Worker:
        worker = super().make()
        answer, at = worker.answer, worker._engine.at
        weights = next(iter(worker._loaded.model.parameters()))

        def slowly(point: Point, batch: Any, drafts: Any) -> Any:
            if point.key == self.poison:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(self.pause)
            return answer(point, batch, drafts)

        @contextmanager
        def badly(point: Point) -> Iterator[None]:
            with at(point):
                yield
            if point.key == self.spoils:
                flip_a_bit(weights)

        worker.answer = slowly  # type: ignore[method-assign]
        worker._engine.at = badly  # type: ignore[method-assign]
        if self.pids is not None:
            (self.pids / str(os.getpid())).touch()
        return worker


def faulty(recipe: Recipe, **faults: Any) -> Faulty:
    return Faulty(**{f.name: getattr(recipe, f.name) for f in fields(recipe)}, **faults)


def flip_a_bit(parameter: torch.Tensor) -> None:
    parameter.data.view(torch.int32).view(-1)[3] ^= 1
