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


Adjust = Callable[[Tensor, Sequence[int], Sequence[int]], Tensor]
"""From the logits of one next token, its prompt and what was said so far, to other logits."""


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
        adjust: what logits go through before; None where nothing is asked of them.
    """

    end_ids: frozenset[int]
    max_new_tokens: int
    settled: Callable[[Sequence[int]], bool] | None = None
    choose: Choose = greedy
    adjust: Adjust | None = None

    def pick(
        self,
        logits_NV: Tensor,
        rows: Sequence[int],
        steps: Sequence[int],
        history: Callable[[int], tuple[Sequence[int], Sequence[int]]],
    ) -> tuple[Tensor, Tensor]:
        """The next tokens, and whether the logits they are chosen by are numbers.

        Args:
            logits_NV: rows × vocabulary.
            rows: which response each is of.
            steps: the number of the token in it, from 1.
            history: the prompt and the tokens so far of a place in `logits_NV`.
        """
        if self.adjust is None:
            return self.choose(logits_NV, rows, steps)
        adjusted_NV = torch.stack(
            [self.adjust(one_V, *history(place)) for place, one_V in enumerate(logits_NV)]
        )
        token_N, finite_N = self.choose(adjusted_NV, rows, steps)
        return token_N, finite_N & torch.isfinite(logits_NV.max(dim=1).values)

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
