"""What a study needs of an engine: place a point, answer a batch, restore; and score an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from safebasin.points import Point
from safebasin.records import Response, response_id
from safebasin.weights.overlay import Overlay


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as a model reads it: its id, and the token ids of the rendered conversation.

    `sample` tells several answers to one prompt apart, from 0.
    """

    prompt_id: str
    token_ids: tuple[int, ...]
    sample: int = 0

    @property
    def id(self) -> str:
        """What its response will be called; see `records.response_id`."""
        return response_id(self.prompt_id, self.sample)


Batch = tuple[Encoded, ...]

Settled = Callable[[str], bool]
"""Whether no continuation of a text could change any verdict that was asked for."""


Drafts = Mapping[str, tuple[int, ...]]
"""Tokens that responses may well begin with, by response id. Each is checked before it is taken, so
drafts save time and change nothing; those of a run are what was answered at the origin."""


class Engine(Protocol):
    """Runs one model. Only the thread that made it may use it.

    Attributes:
        overlay: the checkpoint's weights, and the directions through them.
    """

    overlay: Overlay

    @property
    def name(self) -> str:
        """The engine's name with everything that its answers may depend on."""
        ...

    def at(self, point: Point) -> AbstractContextManager[None]:
        """The model stands at `point` inside the block, and at the checkpoint outside."""
        ...

    def answer(
        self, batch: Batch, settled: Settled | None = None, drafts: Drafts | None = None
    ) -> list[Response]:
        """Answers, in the batch's order.

        What a prefill puts before them is part of them. The same batch at the same point gets the
        same answers, so batches are planned from the request
        alone and are never cut or filled up.
        """
        ...

    def losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        """How much each token of a response surprises the model where it stands now.

        Returns:
            For each response −log p of each of its tokens, in nats; one more for the end of the
            text where the model ended it.
        """
        ...


def plan_batches(prompts: Sequence[Encoded], batch_size: int) -> tuple[Batch, ...]:
    """Batches of prompts of similar length: a pure function of the prompts, whatever their order.

    Args:
        prompts: all prompts of a run.
        batch_size: the largest number in a batch, at least 1.
    """
    ordered = sorted(prompts, key=_place)
    return tuple(
        tuple(ordered[start : start + batch_size]) for start in range(0, len(ordered), batch_size)
    )


def _place(one: Encoded) -> tuple[int, str, int]:
    return len(one.token_ids), one.prompt_id, one.sample
