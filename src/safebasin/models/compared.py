"""Whether a loaded network holds the very bytes that were checked."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.check import CheckedCheckpoint, stamp
from safebasin.models.shown import shown
from safebasin.models.tensors import TYPES, live_names, owners


def require_same_weights(model: Any, checked: CheckedCheckpoint, name: str) -> None:
    """Make sure that each parameter is the tensor whose bytes were hashed.

    A parameter of a wider type than its tensor is narrowed first, which loses nothing. One of a
    narrower type cannot be compared, nor one that the loader put together from several tensors:
    for these, the files must be as they were when they were hashed.

    Args:
        model: as loaded, not yet moved or merged.
        checked: what the gate found.
        name: names the checkpoint in messages.

    Raises:
        IntegrityError: a parameter is another one, or a file has changed.
    """
    if any(stamp(checked.folder / file) != told for file, told in checked.stamps.items()):
        raise IntegrityError(f"the files of {shown(name)} changed while it was loaded: run again")
    try:
        network = live_names(model, [tensor for tensor, *_ in checked.tensors])
    except InputRejectedError:
        return
    parameters, owner = dict(model.named_parameters()), owners(model)
    pairs = [
        (tensor, parameters[owner[live]], TYPES[dtype], digest)
        for tensor, dtype, digest in checked.tensors
        if (live := network[tensor]) in owner and dtype in TYPES
    ]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for tensor, same in pool.map(_compared, pairs):
            if not same:
                raise IntegrityError(
                    f"the tensor {shown(tensor)} of {shown(name)} was loaded with other values "
                    "than those that were checked: run again, with files that nothing changes"
                )


def _compared(pair: tuple[str, Tensor, torch.dtype, str]) -> tuple[str, bool]:
    tensor, parameter, stored, expected = pair
    if parameter.dtype != stored:
        if torch.promote_types(parameter.dtype, stored) != parameter.dtype:
            return tensor, True  # narrower: see the stamps
        parameter = parameter.to(stored)
    raw = parameter.detach().contiguous().view(torch.uint8).numpy()
    return tensor, hashlib.sha256(raw.data).hexdigest() == expected
