"""One run on a GPU: what is asked for, the time there is, and what came out."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from safebasin.models.organism.recipe import Recipe, preset


@dataclass
class Bench:
    """What is asked for, the time there is, and what came out.

    Attributes:
        tiny: the small version.
        until: when the last part must be done, on the monotonic clock.
        model: a model that is there already, instead of one that is trained.
        found: measured values, by row.
        bandwidth: bytes a second, read and written.
    """

    device: torch.device
    tiny: bool
    until: float
    model: str | None = None
    found: dict[str, str] = field(default_factory=dict)
    bandwidth: float = 0.0

    @property
    def left(self) -> float:
        """Seconds."""
        return self.until - time.monotonic()

    @property
    def recipe(self) -> Recipe:
        """The shape that is placed and trained."""
        return preset("default" if self.tiny else "llama-2-7b")

    def tell(self, row: str, value: str) -> None:
        """A value, in the table and at once."""
        self.found[row] = value
        print(f"{row}: {value}", flush=True)

    def timed(self, work: Callable[[], object]) -> float:
        """Seconds, with everything waited for."""
        self.wait()
        start = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - start

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def fastest(self, work: Callable[[], object], times: int = 5) -> float:
        """Of several runs, after one to warm up."""
        work()
        return min(self.timed(work) for _ in range(times))


def emptied() -> None:
    """Give back what nobody needs."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
