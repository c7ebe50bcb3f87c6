"""Which folders are adapters, and which base one of them belongs to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from safebasin.errors import InputRejectedError, SafebasinError, UsageError
from safebasin.models.adapterfile import Adapter
from safebasin.models.check import CheckedCheckpoint, check
from safebasin.models.lora import CONFIG
from safebasin.models.shown import shown
from safebasin.models.tokenizer_folder import with_own_tokenizer
from safebasin.records import ModelRef


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a PEFT adapter rather than a model."""
    return (folder / CONFIG).exists()


def over(base: ModelRef, folder: Path) -> ModelRef:
    """The model that an adapter's folder makes of a base.

    Raises:
        UsageError: the base has an adapter already.
    """
    if base.adapter is not None:
        raise UsageError(
            f"{shown(base)} has an adapter already, and one cannot be put over another: merge the "
            "first into a folder with PEFT's merge_and_unload, and pass that folder as the base"
        )
    return replace(base, adapter=str(folder))


def together(base: CheckedCheckpoint, adapter: Adapter, source: str) -> CheckedCheckpoint:
    """What is known of base and adapter as one model.

    It talks with the adapter's own tokenizer, if there is one. Its `weights_digest` depends on
    both, and on the adapter's settings; its `shards` end with the adapter's file.

    Args:
        base: what the gate found in the base.
        adapter: what is to be put over it.
        source: the name that the base was asked for by.

    Raises:
        InputRejectedError: the adapter names a folder as its base that holds other weights.
    """
    text = json.dumps([base.weights_digest, adapter.digest])
    path = adapter.shard.path
    base = with_own_tokenizer(base, adapter.folder)
    return replace(
        base,
        weights_digest=hashlib.sha256(text.encode()).hexdigest(),
        shards=(*base.shards, (path.name, adapter.file_digest, path.stat().st_size)),
        notes=(*base.notes, *adapter.notes, *_note_on_base(base, adapter, source)),
    )


def _note_on_base(base: CheckedCheckpoint, adapter: Adapter, source: str) -> tuple[str, ...]:
    if adapter.base is None or adapter.base == source:
        return ()
    digest = _digest(adapter.base, base)
    if digest is None:
        return (
            f"the adapter names {shown(adapter.base)} as its base, which is not here to compare; "
            f"it was put over {shown(source)}",
        )
    if digest != base.weights_digest:
        raise InputRejectedError(
            f"adapter {shown(adapter.folder)} was trained on {shown(adapter.base)}, whose weights "
            f"are not those of {shown(source)}: pass it over the base that it was trained on"
        )
    return ()


def _digest(name: str, base: CheckedCheckpoint) -> str | None:
    """The weights' digest of the folder of that name, if there is one and it is sound."""
    try:
        folder = Path(name).expanduser().resolve()
        if folder == base.folder:
            return base.weights_digest
        return check(folder).weights_digest if folder.is_dir() else None
    except (SafebasinError, OSError, ValueError, RuntimeError):
        return None
