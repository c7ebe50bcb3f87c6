"""Whether a loaded network holds the very bytes that were checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.check import CheckedCheckpoint, stamp
from safebasin.models.shards import Entry, Shard, find_shards
from safebasin.models.shown import shown
from safebasin.models.tensors import TYPES, live_names

_Pair = tuple[str, Tensor]
"""A stored tensor's name, and the values that were loaded for it."""


def require_same_weights(model: Any, checked: CheckedCheckpoint, name: str) -> tuple[str, ...]:
    """Make sure that each parameter and buffer is the tensor whose bytes were hashed.

    One of a wider type than its tensor is narrowed first, which loses nothing; beside one of a
    narrower type, the tensor is read again and cast. What the loader put together from several
    tensors is taken apart again by its own rules. For what cannot be compared so, the files must be
    as they were when they were hashed, as they must in any case.

    Args:
        model: as loaded, not yet moved or merged.
        checked: what the gate found.
        name: names the checkpoint in messages.

    Returns:
        What a person should know: how many tensors could not be compared.

    Raises:
        IntegrityError: a parameter is another one, or a file has changed.
    """
    if any(stamp(checked.folder / file) != told for file, told in checked.stamps.items()):
        raise IntegrityError(f"the files of {shown(name)} changed while it was loaded: run again")
    digests = {tensor: digest for tensor, _, digest in checked.tensors}
    stored = {
        entry.name: (shard, entry)
        for shard in find_shards(checked.folder)
        for entry in shard.entries
        if entry.name in digests
    }
    done: set[str] = set()
    same = partial(_is_same, stored, digests)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for pairs in _pairs(model, stored):
            done |= {tensor for tensor, _ in pairs}
            for (tensor, _), alike in zip(pairs, pool.map(same, pairs), strict=True):
                if not alike:
                    raise IntegrityError(
                        f"the tensor {shown(tensor)} of {shown(name)} was loaded with other values "
                        "than those that were checked: run again, with files that nothing changes"
                    )
    return _notes(model, stored, done)


def _pairs(model: Any, stored: Mapping[str, tuple[Shard, Entry]]) -> Iterator[list[_Pair]]:
    """Loaded tensors by stored names: those that lie in the files as they are, then the others."""
    state: dict[str, Tensor] = model.state_dict(keep_vars=False)
    try:
        live = live_names(model, stored)
    except InputRejectedError:
        return
    direct = [(tensor, state[to]) for tensor, to in live.items() if to is not None and to in state]
    yield direct
    held = {state[to].data_ptr() for to in live.values() if to is not None and to in state}
    for to, tensor in state.items():
        if tensor.data_ptr() not in held and None in live.values():
            yield [pair for pair in _apart(model, to, tensor) if pair[0] in stored]


def _apart(model: Any, live: str, tensor: Tensor) -> list[_Pair]:
    """A tensor that was put together, as the tensors that saving the model would write."""
    from transformers.core_model_loading import revert_weight_conversion

    try:
        return list(revert_weight_conversion(model, {live: tensor}).items())
    except Exception:
        return []  # a rule that needs several at once: what is left is told


def _is_same(
    stored: Mapping[str, tuple[Shard, Entry]], digests: Mapping[str, str], pair: _Pair
) -> bool:
    name, loaded = pair
    shard, entry = stored[name]
    dtype = TYPES.get(entry.dtype)
    if dtype is None or tuple(loaded.shape) != entry.shape:
        return dtype is None  # integers do not move, and are no parameters
    if loaded.dtype == dtype or torch.promote_types(loaded.dtype, dtype) == loaded.dtype:
        raw = loaded.detach().to(dtype).contiguous().view(-1).view(torch.uint8).numpy()
        return hashlib.sha256(raw.data).hexdigest() == digests[name]
    size = entry.end - entry.start
    raw = np.fromfile(shard.path, np.uint8, size, offset=entry.start)
    read = torch.from_numpy(raw).view(dtype).view(entry.shape).to(loaded.dtype)
    return torch.equal(read, loaded)


def _notes(
    model: Any, stored: Mapping[str, tuple[Shard, Entry]], done: set[str]
) -> tuple[str, ...]:
    """How much of what the network uses was not compared."""
    try:
        live, state = live_names(model, stored), model.state_dict()
        left = [t for t, to in live.items() if t not in done and (to is None or to in state)]
    except InputRejectedError:
        left = list(stored)
    if not left:
        return ()
    return (
        f"{len(left)} tensors are put together while they are loaded, and were not compared with "
        f"their files one by one, as {shown(left[0])}",
    )
