"""The gate: a checkpoint is read and judged here before any loader sees it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import (
    architecture_of,
    read_config,
    read_json,
    require_inside,
    walk,
)
from safebasin.models.private import pads_beyond, pointers, private, settings_digest
from safebasin.models.raw_saves import require_whole, unmerged
from safebasin.models.shards import (
    INDEX,
    SINGLE,
    Entry,
    Shard,
    digest,
    find_shards,
    index_left_behind,
)
from safebasin.models.shown import shown
from safebasin.models.tokenizer_file import MAX_BYTES, require_faithful

_MOST_SETTINGS = 4 * MAX_BYTES
#: How families call the number of their layers.
_DEPTHS = {
    *("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_blocks", "n_blocks"),
    *("decoder_layers", "encoder_layers", "num_decoder_layers", "num_encoder_layers"),
}
#: Keys that a person may expect to be followed.
_TOLD = {"transformers_weights", "auto_map", "fast_tokenizer_files", "custom_generate"}
#: Folders that some loaders look into.
_FOLDERS = ("additional_chat_templates", "custom_generate")
#: How the names of files begin that a model cannot do without; others may be of any size.
_NEEDED = ("config", "generation_config", "tokenizer", "vocab", "merges", "added_tokens", "special",
           "chat_template", "model", "spiece", "sentencepiece")  # fmt: skip
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
        tensors: (stored name, type, SHA-256) of each tensor.
        stamps: what the system says of each weight file; see `stamp`.
        speaks: where tokenizer and chat template are, if not in `folder`.
        settings: by folder, the digest of its files other than weights when they were read.
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
    tensors: tuple[tuple[str, str, str], ...] = ()
    stamps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    speaks: Path | None = None
    settings: Mapping[Path, str] = field(default_factory=dict)

    @property
    def tokenizer_folder(self) -> Path:
        """Where tokenizer and chat template are."""
        return self.speaks or self.folder


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
    parts = unmerged(folder)
    if parts and not (folder / SINGLE).exists() and not (folder / INDEX).exists():
        raise InputRejectedError(parts)
    config = read_config(folder)
    settings = settings_of(folder)
    require_faithful(folder / "tokenizer.json")
    shards = find_shards(folder)
    entries = [entry for shard in shards for entry in shard.entries]
    require_whole(folder, entries)
    _require_plausible_depth(folder, config, len(entries))
    architecture, model_type = architecture_of(folder, config)
    before = {shard.path.name: stamp(shard.path) for shard in shards}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        digests = list(pool.map(digest, shards))
    values: Counter[str] = Counter()
    for entry in entries:
        if entry.floating:
            values[entry.dtype] += math.prod(entry.shape)
    of_bytes = {name: one for _, each in digests for name, one in each.items()}
    of_settings = settings_digest(_read(settings))
    return CheckedCheckpoint(
        folder=folder,
        architecture=architecture,
        model_type=model_type,
        shards=tuple(
            (shard.path.name, whole, shard.path.stat().st_size)
            for shard, (whole, _) in zip(shards, digests, strict=True)
        ),
        weights_digest=_weights_digest(entries, of_bytes),
        settings_digest=of_settings,
        parameters=values.total(),
        dtypes=tuple(values.most_common()),
        tensors=tuple((entry.name, entry.dtype, of_bytes[entry.name]) for entry in entries),
        stamps=before,
        settings={folder: of_settings},
        notes=(*_notes(folder, shards, values), *_ignored(settings)),
    )


def stamp(path: Path) -> tuple[int, ...]:
    """What the system says of a file: another file, or a change, shows in it."""
    told = path.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _require_plausible_depth(folder: Path, config: dict[str, Any], tensors: int) -> None:
    """A forged depth, at any level, would keep the loader building until memory runs out."""
    for key, value in walk(config):
        depth = value or 0
        if key in _DEPTHS and (type(depth) is not int or depth > tensors):
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


def settings_of(folder: Path) -> list[Path]:
    """The files beside the weights that a loader may read, by name; each is a regular one in it.

    Other files of more than 256 MB, as data that a model was trained on, are not among them.

    Raises:
        InputRejectedError: one is not, or is too large for what it is.
    """
    found = sorted(
        path for path in folder.iterdir() if path.suffix in _SETTINGS and not path.is_dir()
    )
    for path in found:
        require_inside(path)
    large = [path for path in found if path.stat().st_size > MAX_BYTES]
    for path in large:
        if path.name.startswith(_NEEDED):
            raise InputRejectedError(
                f"{shown(path)} is larger than {MAX_BYTES >> 20} MB, which no model's settings or "
                "tokenizer is: download or save the model again"
            )
    kept = [path for path in found if path not in large]
    if (size := sum(path.stat().st_size for path in kept)) > _MOST_SETTINGS:
        raise InputRejectedError(
            f"{shown(folder)} holds {size >> 20:,} MB of settings and text beside the weights: "
            "move what is not the model's elsewhere"
        )
    return kept


def _read(settings: list[Path]) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in settings if path.name != INDEX]


@contextmanager
def as_checked(checked: CheckedCheckpoint) -> Iterator[Path]:
    """A private folder of exactly what was checked, for a loader; see `private.private`.

    Raises:
        IntegrityError: the settings have changed since.
    """
    folder = checked.folder
    names = [name for name, *_ in checked.shards if (folder / name).exists()]
    with private(
        [folder / name for name in names],
        [path for path in settings_of(folder) if names != [SINGLE] or path.name != INDEX],
        expected=checked.settings_digest,
        digest=lambda files: settings_digest([file for file in files if file[0] != INDEX]),
    ) as place:
        yield place


def _ignored(settings: list[Path]) -> list[str]:
    """What settings name that is not followed: code, and files that are not the usual ones."""
    notes = []
    for path in settings:
        if path.name.endswith("config.json"):
            named = [key for key in pointers(read_json(path)) if key in _TOLD]
            if named:
                notes.append(f"{path.name} names {', '.join(named)}, which is not followed")
        if path.name == "config.json" and pads_beyond(read_json(path)):
            notes.append("the padding token of config.json has no embedding; it is not used")
    return notes


def _notes(folder: Path, shards: tuple[Shard, ...], values: Counter[str]) -> tuple[str, ...]:
    used = {shard.path.name for shard in shards}
    unread = sorted(path.name for path in folder.glob("*.safetensors") if path.name not in used)
    notes = []
    unread += [name for name in _FOLDERS if (folder / name).is_dir()]
    if unread:
        notes.append(f"not part of the model and not read: {', '.join(map(shown, unread))}")
    if index_left_behind(folder):
        notes.append(f"{SINGLE} is read, as transformers does; {INDEX} names other weights")
    if len(values) > 1:
        mixed = ", ".join(f"{count} values in {dtype}" for dtype, count in values.most_common())
        notes.append(f"the weights are stored in several types: {mixed}")
    return tuple(notes)
