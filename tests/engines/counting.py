"""A network that counts."""

from __future__ import annotations

from typing import Any


class Counting:
    """A model that counts what it reads, and may be spoilt from some call on."""

    def __init__(self, model: Any) -> None:
        self.model, self.config = model, model.config
        self.device, self.dtype = model.device, model.dtype
        self.calls = self.tokens = 0

    def __call__(self, **inputs: Any) -> Any:
        self.calls += 1
        self.tokens += inputs["input_ids"].numel()
        return self.model(**inputs)
