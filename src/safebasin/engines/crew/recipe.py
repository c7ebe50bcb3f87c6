"""Everything that makes a worker in another process what it would be in this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from safebasin.engines import registry
from safebasin.engines.base import Settled
from safebasin.engines.crew.base import Measure
from safebasin.engines.crew.worker import Worker
from safebasin.engines.registry import Manner
from safebasin.errors import IntegrityError, ReproducibilityError
from safebasin.models.load import load
from safebasin.models.shown import shown
from safebasin.records import ModelRef


@dataclass(frozen=True)
class Recipe:
    """A worker that is yet to be made. Every worker of a run is made from the same one.

    Attributes:
        ref: the model, by a name that means the same wherever the worker is.
        device: kind of device: "cpu" or "cuda".
        machine: the device's own name; another one may round otherwise.
        dtype: of the weights.
        chat_template: a file, for a model without one.
        template_args, thoughts: see `load`.
        weights_digest, settings_digest: what the files behind the name must be.
        engine: by name.
        manner: how it answers.
        settled: see `Worker`.
        measures: see `Worker`.
        threads: of torch, on a CPU. The same for every worker, however many there are: a sum that
            is cut into other pieces may be rounded otherwise.
    """

    ref: ModelRef
    device: str
    machine: str
    dtype: str
    chat_template: Path | None
    template_args: Mapping[str, Any]
    thoughts: str | None
    weights_digest: str
    settings_digest: str
    engine: str
    manner: Manner
    settled: Settled | None
    measures: Mapping[str, Measure]
    threads: int

    def make(self) -> Worker:
        """Load the model, and make a worker of it.

        Raises:
            IntegrityError: the model's files are not those that the run is of.
            ReproducibilityError: the device is of another kind.
            SafebasinError: see `models.load.load`.
        """
        torch.set_num_threads(self.threads)
        loaded = load(
            self.ref,
            device=self.device,
            dtype=self.dtype,
            chat_template=self.chat_template,
            template_args=self.template_args,
            thoughts=self.thoughts,
        )
        if loaded.checked.weights_digest != self.weights_digest:
            raise IntegrityError(
                f"a worker finds other weights under {shown(self.ref)} "
                f"({loaded.checked.weights_digest[:12]}) than the run is of "
                f"({self.weights_digest[:12]}): give every machine the same files"
            )
        if loaded.checked.settings_digest != self.settings_digest:
            raise IntegrityError(
                f"a worker finds another configuration, tokenizer or chat template beside "
                f"{shown(self.ref)} than the run is of: give every machine the same files"
            )
        if loaded.machine != self.machine:
            raise ReproducibilityError(
                f"a worker computes on {loaded.machine} and the run on {self.machine}, which may "
                "round otherwise: use machines of one kind"
            )
        engine = registry.make(self.engine, loaded, self.manner)
        return Worker(engine, loaded, self.settled, self.measures)


def anywhere(ref: ModelRef) -> ModelRef:
    """The same model by a name that does not depend on the folder that one is in."""
    adapter = None if ref.adapter is None else _absolute(ref.adapter)
    return replace(ref, source=_absolute(ref.source), adapter=adapter)


def _absolute(name: str) -> str:
    try:
        path = Path(name).expanduser()
        return str(path.resolve()) if path.is_dir() else name
    except (OSError, ValueError, RuntimeError):
        return name
