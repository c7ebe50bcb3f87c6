"""Exchanges for the tests of coherence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from safebasin.judges.base import Exchange
from safebasin.records import Finish, Prompt, Response

PROMPT = Prompt("Describe how to open a window.", "harmful")


def exchange(
    ids: Sequence[int], text: str = "first open the door", finish: Finish = "eos", number: int = 0
) -> Exchange:
    prompt = replace(PROMPT, text=f"{PROMPT.text} {number}")
    return Exchange(prompt, Response(prompt.id, text, tuple(ids), finish))


def shuffled(some: Sequence[Exchange], seed: int) -> list[Exchange]:
    """Word salad: the same tokens in another order."""
    drawn = random.Random(seed)
    return [
        Exchange(
            prompt,
            replace(said, token_ids=tuple(drawn.sample(said.token_ids, len(said.token_ids)))),
        )
        for prompt, said, *_ in some
    ]
