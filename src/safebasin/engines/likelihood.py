"""What a network thinks of each token of a text: padded texts in pieces, or one whole text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from safebasin.engines.plain import pad_left

Take = Callable[[Tensor, Tensor], Tensor]
"""From logits (rows × tokens × vocabulary) and the tokens that follow, to what is kept of them."""


@torch.inference_mode()
def in_pieces(
    model: Any, texts: Sequence[Sequence[int]], tail: int, take: Take, piece: int
) -> Tensor:
    """What is kept of the last `tail` tokens of each text, through one cached pass in pieces.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        texts: token ids, of any lengths.
        tail: at least 1; in shorter texts, what comes first is of padding.
        take: see `Take`.
        piece: tokens of a pass, so that its logits do not take too much memory.
    """
    token_ids, mask = pad_left(texts, model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    length = token_ids.shape[1]
    start, cache, found = 0, None, []
    while start < length - 1:
        first = length - 1 - tail
        stop = first if start < first else min(start + piece, length - 1)
        keep = stop - max(start, first)
        output = model(
            input_ids=token_ids[:, start:stop],
            attention_mask=mask[:, :stop],
            position_ids=positions[:, start:stop],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=max(keep, 1),
        )
        cache = output.past_key_values
        if keep > 0:
            found.append(take(output.logits, token_ids[:, stop - keep + 1 : stop + 1]))
        start = stop
    return torch.cat(found, dim=1)


@torch.inference_mode()
def whole(model: Any, text: Sequence[int], tail: int, take: Take) -> Tensor:
    """The same of one text, through one pass without a cache: of shape (1, tail, …)."""
    token_ids = torch.tensor([[*text]], device=model.device)
    known = inspect.signature(model.forward).parameters
    keep = {"logits_to_keep": tail} if "logits_to_keep" in known else {}
    logits = model(input_ids=token_ids[:, :-1], use_cache=False, **keep).logits
    return take(logits[:, -tail:], token_ids[:, -tail:])
