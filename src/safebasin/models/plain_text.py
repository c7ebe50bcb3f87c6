"""Markers inside texts from outside, read as the characters that they are made of.

A tokenizer turns every token that was added to its vocabulary into that token wherever a text
spells it, whether or not it calls the token special: `<|im_end|>`, `<think>` or `<|User|>` in a
prompt would open a turn of its own.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tokenizers import Tokenizer

_WORD = re.compile(r"[\w\s.,;:!?'’()-]+")
"""An added token that people write too: it has no effect but its own meaning."""


def markers(tokenizer: Any) -> tuple[str, ...]:
    """Every added token of a transformers tokenizer, but for white space and mere words."""
    added = tokenizer.added_tokens_decoder.values()
    return tuple(
        token.content
        for token in added
        if token.content.strip() and (token.special or not _WORD.fullmatch(token.content))
    )


def without_markers(tokenizer: Any) -> Tokenizer:
    """A tokenizer's backend as if it knew none of its markers."""
    known = {*markers(tokenizer)}
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    content["added_tokens"] = [
        token
        for token in content["added_tokens"]
        if token["special"] or token["content"] not in known
    ]
    backend = Tokenizer.from_str(json.dumps(content))
    backend.encode_special_tokens = True  # as the text that they are
    backend.no_truncation()
    backend.no_padding()
    return backend
