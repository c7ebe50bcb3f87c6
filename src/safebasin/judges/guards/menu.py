"""Which answer of a menu a model would give, from the distribution of its next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from safebasin.engines.plain import pad_left
from safebasin.errors import InputRejectedError
from safebasin.judges.guards.description import Field
from safebasin.judges.guards.tokens import Tokens
from safebasin.models.shown import shown

FirstTokens = dict[str, list[int]]
"""By option, the tokens with which one of its spellings can begin."""


def first_tokens(tokens: Tokens, context: str, field: Field, *, model: str) -> FirstTokens:
    """The tokens that tell a field's options apart, where the answer follows `context`.

    A spelling counts if it leaves the tokens before it as they are.

    Raises:
        InputRejectedError: an option has no such token, or shares one with another option: this is
            not the tokenizer that the guard's format was made for.
    """
    before = tokens.ids(context)
    found: FirstTokens = {}
    taken: set[int] = set()
    for name, spellings in field.options:
        spelt = (tokens.ids(context + spelling) for spelling in spellings)
        own = {
            ids[len(before)]
            for ids in spelt
            if len(ids) > len(before) and ids[: len(before)] == before
        }
        if not own or own & taken:
            raise InputRejectedError(
                f"the tokenizer of {shown(model)} has no token of its own for the answer "
                f"{shown(name)}: use a checkpoint that was trained for this format"
            )
        taken |= own
        found[name] = sorted(own)
    return found


@torch.inference_mode()
def next_token(model: Any, contexts: Sequence[Sequence[int]]) -> torch.Tensor:
    """Log-probabilities of the next token: contexts × vocabulary, float32, on the CPU.

    Contexts are aligned at the right, masked and counted from their own beginning, so that none
    changes another. Where the logits are not finite, the whole row is NaN.
    """
    token_ids, mask = pad_left(contexts, model.device)
    output = model(
        input_ids=token_ids,
        attention_mask=mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        use_cache=False,
        logits_to_keep=1,
    )
    logits_NV: torch.Tensor = output.logits[:, -1].float().cpu()
    finite_N = logits_NV.amax(-1).isfinite()  # a NaN anywhere in a row is its maximum
    log_p_NV = logits_NV.log_softmax(-1)
    log_p_NV[~finite_N] = torch.nan
    return log_p_NV


def shares(log_p_V: torch.Tensor, options: FirstTokens) -> dict[str, float]:
    """The probability of each option: NaN where the log-probabilities are.

    Args:
        log_p_V: of the next token.
        options: as `first_tokens` finds them.
    """
    return {name: float(log_p_V[ids].exp().sum()) for name, ids in options.items()}
