"""What a `tokenizer.json` may do to texts: split them, and put them together again.

A decoder that rewrites what it reads can turn any answer into a refusal, and a normaliser any
request into another one. The kinds that tokenizers are made of do neither; others are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import read_json
from safebasin.models.shown import shown

MAX_BYTES = 256 << 20
MAX_ADDED = 100_000

_DECODERS = {"ByteLevel", "ByteFallback", "Fuse", "Metaspace", "WordPiece", "BPEDecoder", "CTC"}
_NORMALIZERS = {"NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "Strip", "StripAccents",
                "BertNormalizer", "Precompiled", "ByteLevel"}  # fmt: skip
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
    for part, known in (("decoder", _DECODERS), ("normalizer", _NORMALIZERS)):
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
    steps = part.get("decoders", part.get("normalizers"))
    if part.get("type") == "Sequence" and isinstance(steps, list):
        for step in steps:
            yield from _steps(step)
    else:
        yield part


def _is_sign(step: dict[str, Any]) -> bool:
    """A step that puts one sign for another, or takes or adds one space."""
    kind, content = step.get("type"), step.get("content")
    if kind == "Strip":  # of a decoder
        return content in (" ", "▁")
    if kind == "Prepend":
        return step.get("prepend") in (" ", "▁")
    if kind != "Replace" or not isinstance(pattern := step.get("pattern"), dict):
        return False
    if (text := pattern.get("String")) is not None:
        return _SIGNS.get(text) == content
    spaces = pattern.get("Regex") in (r" {2,}", r"\s+", r"\s{2,}", " +", r"[ ]{2,}", r"[\s]+")
    return spaces and content in (" ", "▁")


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
