"""Decoding as anybody would write it: one token of each row at a time, all rows side by side.

It works with every network that `generate` works with, and says what `decode` must say. Only one
thing is not plain: `generate` keeps a finished row until the last one ends, and at the edge of a
basin there is always one that never ends. Here it leaves, with its part of the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from safebasin.engines.rules import Row, Rules

CROWDED = 7 / 8
"""Rows leave once at most this share of a batch is still running: leaving copies the cache."""


@torch.inference_mode()
def decode(model: Any, prompts: Sequence[Sequence[int]], rules: Rules) -> list[Row]:
    """The next token, again and again, for every prompt.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        prompts: token ids; any lengths of at least one.
        rules: how tokens are chosen, and when a response ends.

    Returns:
        A finished row for each prompt, in order.
    """
    rows = [Row() for _ in prompts]
    running = list(range(len(rows)))
    token_ids, mask = pad_left(prompts, model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache = None
    for step in range(1, rules.max_new_tokens + 1):
        output = model(
            input_ids=token_ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = output.past_key_values
        so_far = [(prompts[row], rows[row].token_ids) for row in running]
        next_N, finite_N = rules.pick(
            output.logits[:, -1], running, [step] * len(running), so_far.__getitem__
        )
        for row, token, finite in zip(running, next_N.tolist(), finite_N.tolist(), strict=True):
            if rows[row].finish is None:
                rules.extend(rows[row], token, finite=finite)
        keep = [place for place, row in enumerate(running) if rows[row].finish is None]
        if not keep:
            break
        if len(keep) <= CROWDED * len(running):
            running = [running[place] for place in keep]
            kept = torch.tensor(keep, device=mask.device)
            cache.batch_select_indices(kept)
            next_N, mask, positions = next_N[kept], mask[kept], positions[kept]
        token_ids = next_N[:, None]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return rows


def pad_left(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both of shape (prompts, longest), aligned at the right."""
    longest = max(map(len, prompts))
    token_ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        token_ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    return token_ids.to(device), mask.to(device)
