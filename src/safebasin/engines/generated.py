"""Decoding by transformers' own `generate`, for networks that nothing else here decodes.

Our rules take part as its logits processor and its stopping criterion, so tokens are chosen and
responses end as everywhere else. Finished rows stay until the last one ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig

from safebasin.engines.plain import pad_left
from safebasin.engines.rules import Row, Rules


def decode(model: Any, prompts: Sequence[Sequence[int]], rules: Rules) -> list[Row]:
    """The next token, again and again, for every prompt; as `plain.decode`."""
    token_ids, mask = pad_left(prompts, model.device)
    asked = _Asked(prompts, rules)
    config = GenerationConfig(max_new_tokens=rules.max_new_tokens, do_sample=False, pad_token_id=0)
    with _no_settings(model):
        model.generate(
            input_ids=token_ids,
            attention_mask=mask,
            generation_config=config,
            logits_processor=[asked.choose],
            stopping_criteria=[asked.ended],
        )
    return asked.rows


def alone(model: Any, prompts: Sequence[Sequence[int]], rules: Rules) -> list[Row]:
    """The same, one prompt after the other, each without padding or neighbours."""
    return [_one(model, prompt, rules, number) for number, prompt in enumerate(prompts)]


def _one(model: Any, prompt: Sequence[int], rules: Rules, number: int) -> Row:
    choose = rules.choose
    own = Rules(
        end_ids=rules.end_ids,
        max_new_tokens=rules.max_new_tokens,
        settled=rules.settled,
        choose=lambda logits_NV, _, steps: choose(logits_NV, [number] * len(logits_NV), steps),
        adjust=rules.adjust,
    )
    (row,) = decode(model, [prompt], own)
    return row


class _Asked:
    """Responses in the making, as `generate` asks for them."""

    def __init__(self, prompts: Sequence[Sequence[int]], rules: Rules) -> None:
        self.rows = [Row() for _ in prompts]
        self._prompts, self._rules = prompts, rules

    def choose(self, _: Tensor, logits_NV: Tensor) -> Tensor:
        """Logits that leave one token for each row."""
        running = [number for number, row in enumerate(self.rows) if row.finish is None]
        so_far = [(self._prompts[number], self.rows[number].token_ids) for number in running]
        steps = [len(ids) + 1 for _, ids in so_far]
        token_N, finite_N = self._rules.pick(logits_NV[running], running, steps, so_far.__getitem__)
        next_N = torch.zeros(len(logits_NV), dtype=torch.long, device=logits_NV.device)
        next_N[running] = token_N
        for number, token, finite in zip(running, token_N.tolist(), finite_N.tolist(), strict=True):
            self._rules.extend(self.rows[number], token, finite=finite)
        only_NV = torch.full_like(logits_NV, float("-inf"))
        return only_NV.scatter_(1, next_N[:, None], 0.0)

    def ended(self, token_ids: Tensor, _: Any) -> Tensor:
        """Which rows need no more tokens."""
        done = [row.finish is not None for row in self.rows]
        return torch.tensor(done, device=token_ids.device)


@contextmanager
def _no_settings(model: Any) -> Iterator[None]:
    """What the checkpoint asks of answers is in the rules already."""
    kept = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = kept
