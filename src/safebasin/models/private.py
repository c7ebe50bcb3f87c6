"""A folder of exactly the files that the gate read, for loaders that open whatever they are told.

A checkpoint's own settings may name other files: `transformers_weights` other weights,
`fast_tokenizer_files` another tokenizer, a subfolder other templates. What a loader is given here
holds none of them, and no file in it says where they are.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safebasin.errors import IntegrityError
from safebasin.models.shown import shown

POINTERS = frozenset(
    {
        *("transformers_weights", "auto_map", "custom_generate", "custom_pipelines"),
        *("fast_tokenizer_files", "vocab_file", "merges_file", "tokenizer_file"),
        *("special_tokens_map_file", "added_tokens_file", "chat_template_file"),
        *("_attn_implementation_internal", "_experts_implementation_internal", "kernel_config"),
        *("use_kernels", "device_map", "name_or_path", "_name_or_path"),
    }
)
"""Keys of settings files that name other files, code, or places: left out of the copies."""


def settings_digest(files: Sequence[tuple[str, bytes]]) -> str:
    """SHA-256 over the names and contents of settings files, in the order of their names."""
    total = hashlib.sha256()
    for name, content in sorted(files):
        line = [name, hashlib.sha256(content).hexdigest()]
        total.update(json.dumps(line).encode() + b"\n")
    return total.hexdigest()


@contextmanager
def private(
    weights: Sequence[Path],
    settings: Sequence[Path],
    *,
    expected: str | None = None,
    digest: Callable[[Sequence[tuple[str, bytes]]], str] = settings_digest,
) -> Iterator[Path]:
    """A folder of links to weight files and of copies of settings, for the length of the block.

    Args:
        weights: files whose bytes were read and checked.
        settings: files beside them, the index of the weights among them.
        expected: what `digest` made of the settings when they were checked; None to trust them.
        digest: of the settings as they are on the disk.

    Raises:
        IntegrityError: the settings are no longer what was checked.
    """
    read = [(path.name, path.read_bytes()) for path in settings]
    if expected is not None and digest(read) != expected:
        folder = settings[0].parent if settings else "the checkpoint"
        raise IntegrityError(f"{shown(folder)} changed while it was read: run this again")
    with tempfile.TemporaryDirectory(prefix="safebasin-model-") as scratch:
        folder = Path(scratch)
        for path in weights:
            (folder / path.name).symlink_to(path.resolve())
        for name, content in read:
            (folder / name).write_bytes(_without_pointers(name, content))
        yield folder


def pointers(content: Any) -> list[str]:
    """The keys of a settings file's content that its copy lacks and that name something."""
    if not isinstance(content, dict):
        return []
    found = [key for key in sorted(POINTERS & content.keys()) if content[key]]
    return [*found, *(key for value in content.values() for key in pointers(value))]


def pads_beyond(config: dict[str, Any]) -> bool:
    """Whether a configuration pads with a token that has no embedding, which nothing could build.

    Its copy names no padding token: masks hide whichever is used.
    """
    pad, rows = config.get("pad_token_id"), config.get("vocab_size")
    return type(pad) is int and type(rows) is int and pad >= rows


def _without_pointers(name: str, content: bytes) -> bytes:
    if not name.endswith("config.json"):
        return content
    return json.dumps(_cleaned(json.loads(content))).encode()


def _cleaned(content: Any) -> Any:
    if isinstance(content, dict):
        kept = {key: _cleaned(value) for key, value in content.items() if key not in POINTERS}
        return {**kept, "pad_token_id": None} if pads_beyond(kept) else kept
    if isinstance(content, list):
        return [_cleaned(value) for value in content]
    return content
