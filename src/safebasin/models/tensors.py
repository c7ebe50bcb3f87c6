"""A network's weights and a checkpoint's files, both read as `weights.given.Rows`.

A file may call a tensor by another name than the network does. Which name becomes which is asked of
transformers itself, in the steps of its loader, so a row from a file is the row that loading the
file would have put there.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.check import CheckedCheckpoint, stamp
from safebasin.models.shards import ELEMENT_BYTES, Entry, find_shards
from safebasin.models.shown import shown
from safebasin.weights.given import Held

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_BLOCKS, _BLOCK_BYTES = 256, 4096
_COMPARED = 1 << 20
"""Bytes of two stored copies of a tied tensor that are compared at a time."""


def network_rows(model: nn.Module) -> Held:
    """The live parameters themselves: what is read changes with them."""
    return Held({name: parameter.detach() for name, parameter in model.named_parameters()})


def owners(model: nn.Module) -> dict[str, str]:
    """The name in `named_parameters` of every parameter, under each name that it is tied to."""
    first: dict[int, str] = {}
    return {
        name: first.setdefault(id(parameter), name)
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }


def live_names(model: Any, stored: Collection[str]) -> dict[str, str | None]:
    """The network's name of every stored tensor, as the loader of transformers would choose it.

    Args:
        model: a transformers model.
        stored: all names in the checkpoint's files.

    Returns:
        By stored name; None where the loader would compute the tensor from stored ones (as when
        it stacks experts), so that it lies in no file.

    Raises:
        InputRejectedError: this version of transformers keeps its rules elsewhere.
    """
    try:
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import (
            WeightConverter,
            WeightRenaming,
            dot_natural_key,
            rename_source_key,
        )
    except ImportError as error:
        raise InputRejectedError(
            "this version of transformers does not tell how it names tensors: load the model whole"
        ) from error
    known, prefix = model.state_dict(), model.base_model_prefix
    rules = get_model_conversion_mapping(model)
    renamings = [rule for rule in rules if isinstance(rule, WeightRenaming)]
    converters = [rule for rule in rules if isinstance(rule, WeightConverter)]
    found: dict[str, str | None] = {}
    for name in sorted(stored, key=dot_natural_key):  # some rules depend on names before
        live, converted = rename_source_key(name, renamings, converters, prefix, known)
        if live not in known and name in known:
            live, converted = rename_source_key(name, [], [], prefix, known)
        found[name] = live if converted is None else None
    return found


def _sample(file: np.memmap[Any, np.dtype[np.uint8]]) -> str:
    """A hash of blocks from all over a file, which costs next to nothing."""
    digest = hashlib.sha256(str(len(file)).encode())
    for block in range(_BLOCKS):
        start = block * len(file) // _BLOCKS
        digest.update(file[start : start + _BLOCK_BYTES].tobytes())
    return digest.hexdigest()


class FileRows:
    """The parameters of a network as a checkpoint on disk has them; files are mapped, not loaded.

    Values are cast to the type that the network's parameter has, as loading would.

    Args:
        checked: the checkpoint; it must still be as it was when it was checked.
        model: a loaded network of the same architecture; only names, shapes and types are used.
        shapes: of parameters that the checkpoint has in another shape.

    Raises:
        InputRejectedError: a parameter is not in the files under any name, or in another shape, or
            two stored copies of a tensor that the network ties differ. Loading the model whole, and
            `network_rows`, may still work.
        IntegrityError: the files are no longer what was checked.
    """

    def __init__(
        self,
        checked: CheckedCheckpoint,
        model: nn.Module,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        self._folder = checked.folder
        self._files: dict[str, np.memmap[Any, np.dtype[np.uint8]]] = {}
        self._entries: dict[str, tuple[str, Entry]] = {}
        self._types = {name: parameter.dtype for name, parameter in model.named_parameters()}
        if any(stamp(checked.folder / file) != told for file, told in checked.stamps.items()):
            raise IntegrityError(
                f"the files of {shown(checked.folder)} changed since they were checked: run again"
            )
        shards = find_shards(checked.folder)
        stored = {entry.name: (shard, entry) for shard in shards for entry in shard.entries}
        owner = owners(model)
        for name, live in live_names(model, stored).items():
            if live in owner:
                shard, entry = stored[name]
                if shard.path.name not in self._files:
                    self._files[shard.path.name] = np.memmap(shard.path, np.uint8, "r")
                self._add(owner[live], shard.path.name, entry)
        for name, parameter in model.named_parameters():
            self._require(name, (shapes or {}).get(name, tuple(parameter.shape)))

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a tensor, in the network's type, in memory of their own.

        Raises:
            IntegrityError: a value is too large for float16.
        """
        file, entry = self._entries[name]
        dtype, size = TYPES[entry.dtype], ELEMENT_BYTES[entry.dtype]
        width = math.prod(entry.shape[-1:] if len(entry.shape) > 1 else entry.shape)
        start, stop, _ = part.indices(math.prod(entry.shape) // width)
        row = width * size
        raw = np.array(self._files[file][entry.start + start * row : entry.start + stop * row])
        found = torch.from_numpy(raw).view(dtype).view(-1, width).to(self._types[name])
        if found.dtype == torch.float16 != dtype and not bool(torch.isfinite(found).all()):
            raise IntegrityError(
                f"parameter {shown(name)} of {shown(self._folder)} is too large for float16: use "
                "--dtype bfloat16 or float32"
            )
        return found

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which maps the same files for itself."""
        samples = {name: _sample(file) for name, file in self._files.items()}
        return {**vars(self), "_folder": self._folder.resolve(), "_files": samples}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._files = {name: np.memmap(self._folder / name, np.uint8, "r") for name in self._files}
        for name, file in self._files.items():
            if _sample(file) != state["_files"][name]:
                raise IntegrityError(
                    f"{shown(self._folder / name)} is another file in this process than where the "
                    "run began: give every machine the same checkpoints"
                )

    def _add(self, name: str, file: str, entry: Entry) -> None:
        """A tied tensor may be stored twice; the loader ties it only if both are the same."""
        if name not in self._entries:
            self._entries[name] = (file, entry)
        elif not self._same(self._entries[name], (file, entry)):
            raise InputRejectedError(
                f"{shown(self._folder)} stores {shown(entry.name)} and "
                f"{shown(self._entries[name][1].name)} with different values, and the model that "
                "it is compared with has one tensor for both: compare models that are both tied or "
                "both not"
            )

    def _same(self, first: tuple[str, Entry], second: tuple[str, Entry]) -> bool:
        (left, a), (right, b) = first, second
        return (a.dtype, a.shape) == (b.dtype, b.shape) and all(
            np.array_equal(
                self._files[left][a.start + at : min(a.start + at + _COMPARED, a.end)],
                self._files[right][b.start + at : min(b.start + at + _COMPARED, b.end)],
            )
            for at in range(0, a.end - a.start, _COMPARED)
        )

    def _require(self, name: str, shape: tuple[int, ...]) -> None:
        entry = self._entries[name][1] if name in self._entries else None
        if entry is None or entry.dtype not in TYPES or entry.shape != shape:
            what = "lacks" if entry is None else "has in another shape or type"
            raise InputRejectedError(
                f"{shown(self._folder)} {what} the parameter {shown(name)} of the model that it is "
                "compared with: save the model again with save_pretrained and pass that folder"
            )
