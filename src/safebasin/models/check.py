"""The gate: a checkpoint is read and judged here before any loader sees it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import architecture_of, read_config, require_inside
from safebasin.models.shards import INDEX, Entry, Shard, digest, find_shards
from safebasin.models.shown import shown

#: Files that a loader may read beside the weights.
_SETTINGS = (".json", ".jinja", ".model", ".txt", ".tiktoken")


@dataclass(frozen=True)
class CheckedCheckpoint:
    """What was found in a folder that passed every check.

    Attributes:
        folder: where it is, with links resolved.
        architecture: the transformers class that will be built, as LlamaForCausalLM.
        model_type: the family's name in config.json, as llama.
        shards: (file name, SHA-256, bytes) of each weight file, by name.
        weights_digest: SHA-256 over every tensor's name, type, shape and bytes. It depends on
            neither the path nor the sharding, so the same weights have the same digest anywhere.
        settings_digest: SHA-256 over the names and contents of the other files that a loader may
            read (configuration, tokenizer, chat template), which change answers as well.
        parameters: number of floating-point values stored; a tied tensor that is stored once
            counts once.
        dtypes: floating-point type and number of values, the most frequent first.
        notes: what a person should know, in sentences.
    """

    folder: Path
    architecture: str
    model_type: str
    shards: tuple[tuple[str, str, int], ...]
    weights_digest: str
    settings_digest: str
    parameters: int
    dtypes: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()


def check(folder: Path) -> CheckedCheckpoint:
    """Read a checkpoint's settings and every byte of its weights, and refuse what is not sound.

    Nothing is executed, nothing outside the folder is opened (but for the blobs of a hub cache),
    and memory stays at a few chunks. Cheap checks come first.

    Raises:
        InputRejectedError: remote code, pickles, quantised weights, an unknown architecture, or
            files that are missing, malformed or lead outside the folder.
        IntegrityError: weights that are not finite.
    """
    if not folder.is_dir():
        raise InputRejectedError(f"model folder {shown(folder)} does not exist: check the path")
    try:
        return _check(folder.resolve())
    except PermissionError as error:
        raise InputRejectedError(
            f"{shown(error.filename or folder)} may not be read: change its permissions or copy it"
        ) from error


def _check(folder: Path) -> CheckedCheckpoint:
    config = read_config(folder)
    settings = sorted(
        path for path in folder.iterdir() if path.suffix in _SETTINGS and not path.is_dir()
    )
    for path in settings:
        require_inside(path)
    shards = find_shards(folder)
    entries = [entry for shard in shards for entry in shard.entries]
    _require_plausible_depth(folder, config, len(entries))
    architecture, model_type = architecture_of(folder, config)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        digests = list(pool.map(digest, shards))
    values: Counter[str] = Counter()
    for entry in entries:
        if entry.floating:
            values[entry.dtype] += math.prod(entry.shape)
    return CheckedCheckpoint(
        folder=folder,
        architecture=architecture,
        model_type=model_type,
        shards=tuple(
            (shard.path.name, whole, shard.path.stat().st_size)
            for shard, (whole, _) in zip(shards, digests, strict=True)
        ),
        weights_digest=_weights_digest(
            entries, {k: v for _, each in digests for k, v in each.items()}
        ),
        settings_digest=_settings_digest(settings),
        parameters=values.total(),
        dtypes=tuple(values.most_common()),
        notes=_notes(folder, shards, values),
    )


def _require_plausible_depth(folder: Path, config: dict[str, Any], tensors: int) -> None:
    """A forged depth would keep the loader building layers until memory runs out."""
    for key in ("num_hidden_layers", "n_layer", "num_layers"):
        depth = config.get(key) or 0
        if type(depth) is not int or depth > tensors:
            raise InputRejectedError(
                f"config.json of {shown(folder)} says {key} = {shown(depth)}, but the weights hold "
                f"{tensors} tensors: download or save the model again"
            )


def _weights_digest(entries: list[Entry], bytes_digest: dict[str, str]) -> str:
    total = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.name):
        line = [entry.name, entry.dtype, entry.shape, bytes_digest[entry.name]]
        total.update(json.dumps(line).encode() + b"\n")
    return total.hexdigest()


def _settings_digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        if path.name != INDEX:
            with path.open("rb") as file:
                line = [path.name, hashlib.file_digest(file, "sha256").hexdigest()]
            total.update(json.dumps(line).encode() + b"\n")
    return total.hexdigest()


def _notes(folder: Path, shards: tuple[Shard, ...], values: Counter[str]) -> tuple[str, ...]:
    used = {shard.path.name for shard in shards}
    unread = sorted(path.name for path in folder.glob("*.safetensors") if path.name not in used)
    notes = []
    if unread:
        notes.append(f"not part of the model and not read: {', '.join(map(shown, unread))}")
    if len(values) > 1:
        mixed = ", ".join(f"{count} values in {dtype}" for dtype, count in values.most_common())
        notes.append(f"the weights are stored in several types: {mixed}")
    return tuple(notes)
