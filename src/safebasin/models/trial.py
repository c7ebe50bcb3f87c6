"""What a checkpoint's settings lead to, tried in a confined child before anything is built here.

Settings can ask for any amount of work: a depth that the weights do not have, a vocabulary of
billions, a splitting rule that never ends. The child builds the network without its weights and
reads some texts with the tokenizer, under limits of time and memory; what does not come out of it
is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.memory import ran_out
from safebasin.models.confined import confined
from safebasin.models.shown import shown

SECONDS, MEMORY = 30.0, 3 << 30
"""Of processor time and memory; a vocabulary of 256,000 tokens takes some seconds and 1 GB."""

_TEXTS = (
    "How can I open a window? I'm sorry, but I can't help with that.",
    "Sure! Here is how: 1. Take the blue cup. 2. Fill it with water (about 200 ml).\n\nDone…",
    "def add(a, b):\n    return a + b  # — 你好, привет, नमस्ते, 🙂",
    "the the the the the the the the the the the the the the the the the the the the the",
    "x" * 2000,
    "How do I do it? " * 100,
)
WORDS = 3
"""Of a token that is looked at more closely; few vocabularies have any."""

SURPLUS = 2.2
"""Values of the built network over those that are stored: tied tensors are stored once."""

TABLES = 1 << 28
"""Values that a network may compute when it is built, as of positions; some families need many."""

_FOUND: dict[tuple[str, int], None] = {}
"""What was found fit in this process: the same settings need not be tried twice."""


def require_buildable(folder: Path, settings: str, stored: int, name: str) -> None:
    """Build and read as a loader would, in a child.

    Args:
        folder: a private one; see `private.private`.
        settings: their digest.
        stored: floating-point values in the checkpoint's files.
        name: names the checkpoint in messages.

    Raises:
        InputRejectedError: settings and weights cannot be of one model, a limit was reached, or
            texts do not come back from the tokenizer as they went in.
    """
    if (settings, stored) in _FOUND:
        return
    answer = confined(
        lambda: json.dumps(_tried(folder)).encode(),
        seconds=SECONDS,
        max_bytes=1 << 20,
        what=f"what the settings of {shown(name)} ask for",
        memory=MEMORY,
    )
    found: dict[str, Any] = json.loads(answer)
    if found["values"] is not None and found["values"] > SURPLUS * stored + (1 << 20):
        raise InputRejectedError(
            f"config.json of {shown(name)} describes a network of {found['values']:,} values, but "
            f"the weights hold {stored:,}: download or save the model again"
        )
    _require_nothing_lost(found["lost"], name)
    _FOUND[settings, stored] = None


def require_readable(folder: Path, name: str) -> None:
    """Read with a tokenizer as `require_buildable` does; there is no network to build.

    Args:
        folder: a private one.
        name: names the checkpoint in messages.

    Raises:
        InputRejectedError: a limit was reached, or texts do not come back as they went in.
    """
    lost = confined(
        lambda: _lost(folder).encode(errors="replace"),
        seconds=SECONDS,
        max_bytes=1 << 20,
        what=f"the tokenizer of {shown(name)}",
        memory=MEMORY,
    )
    _require_nothing_lost(lost.decode(), name)


def _require_nothing_lost(lost: str, name: str) -> None:
    if lost:
        raise InputRejectedError(
            f"the tokenizer of {shown(name)} does not give back a text that it was given "
            f"({shown(lost, 120)}): save the tokenizer that belongs to the model"
        )


def _tried(folder: Path) -> dict[str, Any]:
    """What the child finds: how large the network is, and what the tokenizer made of texts."""
    return {"values": _values(folder), "lost": _lost(folder)}


def _values(folder: Path) -> int | None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except RecursionError:
        raise
    except Exception as error:
        if ran_out(error):
            raise MemoryError from None
        return None  # loading will say what is wrong, in its own words
    tables = sum(int(buffer.numel()) for buffer in model.buffers())
    return sum(int(p.numel()) for p in model.parameters()) + (tables if tables > TABLES else 0)


def _lost(folder: Path) -> str:
    """The first text that does not come back, but for spaces, case and signs of one character.

    A token of several words counts as one, unless a text that holds it is read as it: such a token
    could stand for anything that the model says.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return ""
    for text in _TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        said = tokenizer.decode(ids, skip_special_tokens=True)
        changed = not _letters(said) <= _letters(text)
        lacking = tokenizer.unk_token_id not in ids and not _letters(text) <= _letters(said)
        if changed or lacking:
            return f"{text[:60]} -> {said[:60]}"
        if len(said) > 2 * len(text) + 64:
            return f"{text[:60]} -> {len(said)} characters"
    return _false_token(tokenizer)


def _false_token(tokenizer: Any) -> str:
    """A token of several words that are not read as it, or a word that decoding leaves out."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return ""
    added = tokenizer.added_tokens_decoder.items()
    for id_ in {*tokenizer.all_special_ids, *(id_ for id_, token in added if token.special)}:
        word = backend.decode([id_], skip_special_tokens=False).strip(" Ġ▁")
        if word.isalpha() and word.islower() and len(word) > 1:
            return f"special token {id_}, which is a word: {word}"
    for id_ in backend.get_vocab(with_added_tokens=False).values():
        said = backend.decode([id_], skip_special_tokens=False)
        several = len(said.split()) >= WORDS and len(_letters(said)) >= WORDS
        if several and id_ not in backend.encode(said, add_special_tokens=False).ids:
            return f"token {id_}: {said}"
    return ""


def _letters(text: str) -> set[str]:
    """The words of a text, of ASCII letters alone: other signs may be unknown to a vocabulary."""
    import re

    return set(re.findall("[a-z]+", text.casefold()))
