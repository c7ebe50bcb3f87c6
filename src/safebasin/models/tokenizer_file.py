"""What a `tokenizer.json` may do to texts: split them, and put them together again.

A decoder that rewrites what it reads can turn any answer into a refusal, and a normaliser or
splitter any request into another one. The kinds that tokenizers are made of do neither; others are
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import read_json
from safebasin.models.shown import shown

MAX_BYTES = 256 << 20
MAX_ADDED = 100_000

_DECODERS = {"ByteLevel", "ByteFallback", "Fuse", "Metaspace"}
_NORMALIZERS = {"NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "Strip", "StripAccents",
                "BertNormalizer", "Precompiled", "ByteLevel"}  # fmt: skip
_SPLITTERS = {"ByteLevel", "Metaspace", "Whitespace", "WhitespaceSplit", "BertPreTokenizer",
              "Digits", "Punctuation", "UnicodeScripts", "FixedLength",
              "RandomChunkSplit"}  # fmt: skip
_KNOWN = {"decoder": _DECODERS, "normalizer": _NORMALIZERS, "pre_tokenizer": _SPLITTERS}
_SPACES = re.compile(r"(?:\\[snrt]|[ ▁|+*?^$]|\[(?:\\[snrt]|[ ▁])+\]|\{\d*,?\d*\})+")
"""A pattern that matches white space, or the sign that is written for it, and nothing else."""

_ONE_SIGN = {
    "Strip": ("content", (" ", "▁")),  # of a decoder
    "Prepend": ("prepend", (" ", "▁")),
    "BPEDecoder": ("suffix", ("</w>",)),
    "WordPiece": ("prefix", ("##",)),
    "CharDelimiterSplit": ("delimiter", (" ", "▁")),
}
"""Steps that are harmless with these signs only: by kind, which setting has to be which."""

_SIGNS = {"▁": " ", " ": "▁", "Ġ": " ", "``": '"', "''": '"'}
"""What a Replace may put for what; the first two are how spaces are written as signs."""


def require_faithful(path: Path) -> None:
    """Make sure that a tokenizer's file neither rewrites texts nor is beyond any real one's size.

    Raises:
        InputRejectedError: it does, or is; or it is no JSON object.
    """
    if not path.exists():
        return
    content = read_json(path, max_bytes=MAX_BYTES)
    added = content.get("added_tokens")
    if isinstance(added, list) and len(added) > MAX_ADDED:
        raise InputRejectedError(
            f"{shown(path)} adds {len(added):,} tokens to its vocabulary, more than any model's: "
            "download or save the tokenizer again"
        )
    for part, known in _KNOWN.items():
        for step in _steps(content.get(part)):
            if step.get("type") not in known and not _is_sign(step):
                raise InputRejectedError(
                    f"the {part} of {shown(path)} rewrites texts ({shown(_told(step))}), so what "
                    "is judged would not be what the model says: save the tokenizer of the model "
                    "that it was made from"
                )
    if content.get("truncation") or content.get("padding"):
        # transformers sets both anew at every call, and so does whatever reads this tokenizer
        _require_modest(path, content)


def _steps(part: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(part, dict):
        return
    lists = (part.get(name) for name in ("decoders", "normalizers", "pretokenizers"))
    steps = next((one for one in lists if isinstance(one, list)), None)
    if part.get("type") == "Sequence" and steps is not None:
        for step in steps:
            yield from _steps(step)
    else:
        yield part


def _is_sign(step: dict[str, Any]) -> bool:
    """A step that puts one sign for another, or takes or adds a space, but no word."""
    kind, content = step.get("type"), step.get("content")
    if kind in _ONE_SIGN:
        key, signs = _ONE_SIGN[kind]
        return step.get(key) in signs
    told = step.get("pattern")
    pattern = told if isinstance(told, dict) else {}
    spaces = _SPACES.fullmatch(str(pattern.get("Regex", pattern.get("String")))) is not None
    if kind == "Split":
        return step.get("behavior") != "Removed" or bool(step.get("invert")) or spaces
    if kind != "Replace":
        return False
    if (text := pattern.get("String")) is not None:
        return _SIGNS.get(text) == content
    return spaces and content in (" ", "▁", "")


def _told(step: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in step.items())


def _require_modest(path: Path, content: dict[str, Any]) -> None:
    padding = content.get("padding") or {}
    strategy = padding.get("strategy") if isinstance(padding, dict) else None
    fixed = strategy.get("Fixed") if isinstance(strategy, dict) else None
    if isinstance(fixed, int) and fixed > 1 << 20:
        raise InputRejectedError(
            f"{shown(path)} fills every text up to {fixed:,} tokens: save the tokenizer without "
            "padding"
        )
