"""When a response ends, and how its next token is chosen: the same however it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from safebasin.records import Finish

CHECK_EVERY = 4
"""Tokens between two questions whether a verdict can still change: asking decodes the text."""

Choose = Callable[[Tensor, Sequence[int], Sequence[int]], tuple[Tensor, Tensor]]
"""From logits (rows × vocabulary), and for each row which response it is of and the number of the
token in it from 1: the next token of each row, and whether its logits are numbers at all."""


@dataclass
class Row:
    """One response in the making; `finish` is None while it is running."""

    token_ids: list[int] = field(default_factory=list)
    finish: Finish | None = None


def greedy(
    logits_NV: Tensor,
    rows: Sequence[int],  # noqa: ARG001
    steps: Sequence[int],  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    """The most likely token of each row; see `Choose`.

    Without that check a NaN would be chosen as if it were the best token, over and over, and the
    row would read like an answer.
    """
    best = logits_NV.max(dim=1)  # a NaN anywhere in a row is its maximum
    return best.indices, torch.isfinite(best.values)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a way of decoding keeps to.

    Attributes:
        end_ids: tokens that end a response; not part of it.
        max_new_tokens: at least 1.
        settled: whether a response's verdict is decided by these tokens already.
        choose: picks the next token.
    """

    end_ids: frozenset[int]
    max_new_tokens: int
    settled: Callable[[Sequence[int]], bool] | None = None
    choose: Choose = greedy

    def extend(self, row: Row, token: int, *, finite: bool) -> None:
        """A response goes on by a token, or finishes.

        What is decided is asked at fixed lengths, so that where a response is cut does not depend
        on how many of its tokens were made at once.
        """
        if not finite:
            row.token_ids, row.finish = [], "numeric_failure"
        elif token in self.end_ids:
            row.finish = "eos"
        else:
            row.token_ids.append(token)
            length = len(row.token_ids)
            if self.settled and length % CHECK_EVERY == 0 and self.settled(row.token_ids):
                row.finish = "decided"
            elif length == self.max_new_tokens:
                row.finish = "length"
