"""Where the time goes: seconds by part of the work, each second counted once.

On a GPU every part is waited for, which makes the whole slower than without a clock.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any

import torch

from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.coherence import CoherenceJudge
from safebasin.judges.keyword import KeywordJudge
from safebasin.store import Store

PARTS = ("placement", "prefill", "decode", "early stop", "answering", "store", "judge", "rest")
"""`answering` is what an engine does beside passes of the network and asking judges."""

STORE = (
    "add_responses", "add_verdicts", "add_prompts", "answered", "verdicts", "responses",
    "remember", "recall", "labels", "prompts", "renderings",
)  # fmt: skip


class Clock:
    """Seconds by part; what a part spends in another one is counted there.

    Attributes:
        spent: by part.
        passes: of the network, by part.
        read: tokens that the network read in these, padding and wrong guesses among them.
    """

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.passes: Counter[str] = Counter()
        self.read: Counter[str] = Counter()
        self._inside: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The time inside the block goes to a part, but for parts inside it."""
        self._switch()
        self._inside.append(name)
        try:
            yield
        finally:
            self._switch()
            self._inside.pop()

    def _switch(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.spent[self._inside[-1] if self._inside else "rest"] += now - self._since
        self._since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function as a part."""

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return wrapper

    def forward(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A network's forward as a part: of prefill, of decoding, or of what asked for it."""

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            rows, columns = kwargs["input_ids"].shape
            part = "decode" if columns == 1 or kwargs.get("logits_to_keep") != 1 else "prefill"
            name = part if self._inside[-1:] == ["answering"] else (self._inside or ["rest"])[-1]
            self.passes[name] += 1
            self.read[name] += rows * columns
            with self.part(name):
                return function(*args, **kwargs)

        return wrapper

    def placed(self, at: Callable[..., AbstractContextManager[None]]) -> Callable[..., Any]:
        """`Engine.at`, whose beginning and end are placement and whose inside is not."""

        @contextmanager
        def wrapper(engine: Any, point: Any) -> Iterator[None]:
            block = at(engine, point)
            with self.part("placement"):
                block.__enter__()
            try:
                yield
            finally:
                with self.part("placement"):
                    block.__exit__(None, None, None)

        return wrapper

    def answered(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        """`Engine.answer`, with the questions whether a verdict can still change as a part."""

        @wraps(answer)
        def wrapper(engine: Any, batch: Any, settled: Any = None, drafts: Any = None) -> list[Any]:
            asked = self.timed("early stop", settled) if settled else None
            with self.part("answering"):
                return answer(engine, batch, asked, drafts)

        return wrapper

    @contextmanager
    def watching(self, model: Any) -> Iterator[Clock]:
        """Count what engine, store and judges do inside the block."""
        engine = TransformersEngine
        changes = [
            (model, "forward", self.forward(model.forward)),
            (engine, "at", self.placed(engine.at)),
            (engine, "answer", self.answered(engine.answer)),
            *((Store, name, self.timed("store", getattr(Store, name))) for name in STORE),
            *((j, "judge", self.timed("judge", j.judge)) for j in (CoherenceJudge, KeywordJudge)),
        ]
        own = [(owner, name, vars(owner).get(name)) for owner, name, _ in changes]
        for owner, name, function in changes:
            setattr(owner, name, function)
        self._since = time.perf_counter()
        try:
            yield self
        finally:
            self._switch()
            for owner, name, function in own:
                delattr(owner, name) if function is None else setattr(owner, name, function)
