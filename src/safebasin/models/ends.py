"""The tokens that end a response, and the one that fills rows up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import read_json
from safebasin.models.shown import shown
from safebasin.models.thinking import CHANNEL, MESSAGE


def end_ids(folder: Path, tokenizer: Any, rows: int, name: str) -> frozenset[int]:
    """The tokens that end a response.

    What the files name, not what a configuration class has as its default for other models.

    Raises:
        InputRejectedError: they name none.
    """
    ends = [tokenizer.eos_token_id]
    for file in ("generation_config.json", "config.json"):
        found = read_json(folder / file).get("eos_token_id") if (folder / file).exists() else None
        ends += found if isinstance(found, list) else [found]
    added = {token.content: at for at, token in tokenizer.added_tokens_decoder.items()}
    if CHANNEL in added and MESSAGE in added:  # a call waits for what the tool returns
        ends.append(added.get("<|call|>"))
    known = frozenset(end for end in ends if type(end) is int and 0 <= end < rows)
    if not known:
        raise InputRejectedError(
            f"{shown(name)} names no end-of-sequence token, so its answers would never end: set "
            "eos_token_id in its generation_config.json"
        )
    return known


def pad_id(tokenizer: Any, ends: frozenset[int], rows: int) -> tuple[int, tuple[str, ...]]:
    """The token that fills rows up, hidden by attention masks, and what there is to say of it.

    Args:
        tokenizer: of transformers.
        ends: tokens that end a response, each with an embedding.
        rows: how many tokens have an embedding.
    """
    own = tokenizer.pad_token_id
    if own is not None and 0 <= own < rows:
        return int(own), ()
    pad = tokenizer.eos_token_id if tokenizer.eos_token_id in ends else min(ends)
    lack = "has no padding token" if own is None else "has a padding token without an embedding"
    return int(pad), (f"the tokenizer {lack}; the end-of-sequence token is used, masked",)
