"""Safetensors files, read by ourselves: which there are, what their headers say, what they hold.

The format (https://huggingface.co/docs/safetensors) is an 8-byte little-endian header length, a
JSON header of that length, and the tensors' bytes one after the other. Everything here is checked
before a loader, which may trust more than it should, sees the file.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.configuration import read_json, require_inside
from safebasin.models.shown import shown

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
MAX_HEADER_BYTES, MAX_HEADERS_BYTES = 16 << 20, 64 << 20
"""Of one header, and of all together; the 91,000 tensors of DeepSeek-V3 need 12 MB."""
CHUNK_BYTES = 1 << 20  # stays in the processor's cache between the three passes over it

#: Bytes per element of each type that a loadable checkpoint may hold.
ELEMENT_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "C64": 8,
}  # fmt: skip
#: Floating types as (integer view, exponent bits); a value with all of these set is not finite.
_EXPONENT = {
    "F64": ("<u8", 0x7FF0_0000_0000_0000),
    "F32": ("<u4", 0x7F80_0000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}
#: Where integers are weights, something must say how to turn them back into numbers.
_WEIGHT_ENDINGS = ("weight", "weight_packed")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
#: Pickles that a trainer writes beside the weights.
_OF_TRAINING = ("optimizer", "scheduler", "rng_state", "training_args", "scaler")


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor as its shard's header describes it; offsets are from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def floating(self) -> bool:
        """Whether its values can be other than finite."""
        return self.dtype in _EXPONENT


@dataclass(frozen=True, slots=True)
class Shard:
    """A safetensors file whose header was found consistent; entries are in file order."""

    path: Path
    data_start: int
    entries: tuple[Entry, ...]


def find_shards(folder: Path) -> tuple[Shard, ...]:
    """The shards that make up the checkpoint, each header read and compared with the index.

    One whole file goes before an index, as in transformers; see `index_left_behind`.

    Raises:
        InputRejectedError: no safetensors weights (pickles are named but never opened), an index
            that points outside the folder or disagrees with the headers, a file that is missing,
            truncated or malformed, or a quantised tensor type.
    """
    single, index = folder / SINGLE, folder / INDEX
    if single.is_symlink() or single.exists():
        return (read_shard(single),)
    if index.is_symlink() or index.exists():
        return _indexed(folder, index)
    raise InputRejectedError(_without_weights(folder))


def index_left_behind(folder: Path) -> bool:
    """Whether an index beside one whole file names other weights than those in it."""
    single, index = folder / SINGLE, folder / INDEX
    if not (single.exists() and index.exists()):
        return False
    try:
        named = read_json(index, max_bytes=MAX_HEADERS_BYTES).get("weight_map")
    except InputRejectedError:
        return True
    return named != {entry.name: SINGLE for entry in read_shard(single).entries}


def _without_weights(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    pickles = [
        name
        for name in names
        if name.lower().endswith(_PICKLES) and not name.startswith(_OF_TRAINING)
    ]
    if pickles:
        return (
            f"{shown(folder)} keeps its weights in {shown(pickles[0])}, a pickle, which can run "
            "code when opened: on a machine you trust, load it once, call save_pretrained, and "
            "pass the new folder"
        )
    if any(name.endswith(".gguf") for name in names):
        return (
            f"{shown(folder)} holds GGUF weights, which are quantised: pass the safetensors "
            "checkpoint they were made from"
        )
    return f"{shown(folder)} has no {SINGLE} and no {INDEX}: download or save the model again"


def _indexed(folder: Path, index: Path) -> tuple[Shard, ...]:
    weight_map = read_json(index, max_bytes=MAX_HEADERS_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise InputRejectedError(
            f"{shown(index)} has no weight_map: download or save the model again"
        )
    names = {_plain_name(index, name) for name in weight_map.values()}
    leftover = sorted({path.name for path in folder.glob("model-*.safetensors")} - names)
    if leftover:
        raise InputRejectedError(
            f"{shown(folder)} holds {shown(leftover[0])}, which {INDEX} does not name: remove it, "
            "or save the model again"
        )
    room, shards = MAX_HEADERS_BYTES, []
    for name in sorted(names):
        shards.append(read_shard(folder / name, room))
        room -= shards[-1].data_start
    found = {entry.name: shard.path.name for shard in shards for entry in shard.entries}
    for tensor in sorted(weight_map.keys() | found.keys()):
        if weight_map.get(tensor) != found.get(tensor):
            raise InputRejectedError(
                f"tensor {shown(tensor)} is in {shown(found.get(tensor, 'no shard'))}, but {INDEX} "
                f"of {shown(folder)} says {shown(weight_map.get(tensor, 'nothing of it'))}: "
                "download or save the model again"
            )
    if sum(len(shard.entries) for shard in shards) != len(found):
        raise InputRejectedError(
            f"two shards of {shown(folder)} hold a tensor of the same name: save the model again"
        )
    return tuple(shards)


def _plain_name(index: Path, name: Any) -> str:
    if (
        not isinstance(name, str)
        or not name.endswith(".safetensors")
        or any(character in name for character in "/\\:\0")
    ):
        raise InputRejectedError(
            f"{shown(index)} names the shard {shown(name)}, which is not a plain safetensors file "
            "name in its own folder: do not use this checkpoint, or save it again with "
            "save_pretrained"
        )
    return name


def read_shard(path: Path, most: int = MAX_HEADER_BYTES) -> Shard:
    """The header of one safetensors file, checked against the file's size.

    At most `most` bytes are read, whatever the file claims.

    Raises:
        InputRejectedError: the file is missing or not a regular one, or its header is too long, no
            JSON object, names an unknown type, a negative size, offsets that overlap, leave a gap
            or do not fit the shape, or more bytes than the file has.
    """
    require_inside(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length < 2 or length > min(most, MAX_HEADER_BYTES, size - 8):
            raise _malformed(path, f"header length {length} in a file of {size} bytes")
        raw = file.read(length)
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _malformed(path, f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise _malformed(path, "the header is not an object")
    header.pop("__metadata__", None)
    entries = [_entry(path, 8 + length, name, value) for name, value in header.items()]
    entries.sort(key=lambda entry: (entry.start, entry.end))
    _require_contiguous(path, 8 + length, size, entries)
    return Shard(path, 8 + length, tuple(entries))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key appears twice")
    return content


def _entry(path: Path, data_start: int, name: str, value: Any) -> Entry:
    fields: dict[str, Any] = value if isinstance(value, dict) else {}
    dtype, shape, offsets = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    if _quantised(name, dtype):
        raise InputRejectedError(
            f"tensor {shown(name)} of {shown(path)} is {shown(dtype)}, a quantised type, and "
            "cannot be moved by a small amount: pass the float32, bfloat16 or float16 checkpoint "
            "it was made from"
        )
    if not isinstance(dtype, str) or dtype not in ELEMENT_BYTES:
        raise _malformed(path, f"tensor {name} has the unknown dtype {dtype}")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise _malformed(path, f"tensor {name} has no valid shape or data_offsets")
    start, end = offsets
    if end - start != math.prod(shape) * ELEMENT_BYTES[dtype]:
        raise _malformed(path, f"data_offsets of tensor {name} do not fit its shape")
    return Entry(name, dtype, tuple(shape), data_start + start, data_start + end)


def _quantised(name: str, dtype: Any) -> bool:
    return isinstance(dtype, str) and (
        dtype.startswith(("F8_", "F6_", "F4"))
        or (dtype.startswith(("I", "U")) and name.endswith(_WEIGHT_ENDINGS))
    )


def _naturals(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _require_contiguous(path: Path, data_start: int, size: int, entries: list[Entry]) -> None:
    at = data_start
    for entry in entries:
        if entry.end > size:
            raise _malformed(
                path, f"truncated, tensor {entry.name} ends at {entry.end} of {size} bytes"
            )
        if entry.start != at:
            kind = "overlap" if entry.start < at else "leave a gap"
            raise _malformed(path, f"data_offsets of tensor {entry.name} {kind}")
        at = entry.end
    if not entries or at != size:
        raise _malformed(
            path, f"it holds {size - at} bytes that no tensor names" if entries else "empty"
        )


def _malformed(path: Path, what: str) -> InputRejectedError:
    return InputRejectedError(
        f"{shown(path)} is not a sound safetensors file ({shown(what)}): download or save the "
        "model again"
    )


def digest(shard: Shard) -> tuple[str, dict[str, str]]:
    """SHA-256 of the whole file, and of each tensor's bytes by name; one pass, bounded memory.

    Raises:
        IntegrityError: a floating-point tensor holds a value that is not finite, or the file became
            shorter while it was read.
    """
    whole, tensors = hashlib.sha256(), {}
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with shard.path.open("rb") as file:
        whole.update(file.read(shard.data_start))
        for entry in shard.entries:
            own, broken = hashlib.sha256(), 0
            for at in range(entry.start, entry.end, CHUNK_BYTES):
                chunk = buffer[: min(CHUNK_BYTES, entry.end - at)]
                if file.readinto(chunk) != len(chunk):
                    raise IntegrityError(
                        f"{shown(shard.path)} changed while it was read: run this again"
                    )
                whole.update(chunk)
                own.update(chunk)
                broken += _not_finite(chunk, entry.dtype)
            if broken:
                raise IntegrityError(
                    f"tensor {shown(entry.name)} of {shown(shard.path)}: {broken} of "
                    f"{math.prod(entry.shape)} values are not finite (NaN or infinity); download "
                    "or train it again"
                )
            tensors[entry.name] = own.hexdigest()
    return whole.hexdigest(), tensors


def _not_finite(chunk: memoryview, dtype: str) -> int:
    """How many values have all exponent bits set; integer types have none."""
    if dtype not in _EXPONENT:
        return 0
    view, mask = _EXPONENT[dtype]
    exponents = np.frombuffer(chunk, dtype=view) & np.array(mask, dtype=view)
    return int(np.count_nonzero(exponents == mask))
