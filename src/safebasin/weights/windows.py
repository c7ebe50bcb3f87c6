"""Several networks' weights side by side, a window at a time, in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from safebasin.weights.given import Rows

MIN_ENTRIES = 1 << 10
MAX_ENTRIES = 1 << 16
"""Bounds of how many entries a window holds of each network, but for one long row."""


def windows(like: Mapping[str, Tensor], sources: Sequence[Rows]) -> Iterator[tuple[str, Tensor]]:
    """Walk through all tensors but empty ones, reading every row of every source exactly once.

    Beside what the `Rows` themselves need, memory stays below twice the largest tensor, or below
    what MIN_ENTRIES entries or one row of every source take, if that is more.

    Args:
        like: tensors whose names, shapes and types are looked at, and nothing else.
        sources: what is read.

    Yields:
        A tensor's name and some of its entries from each source, in fp64 on the CPU, of shape
        (sources, entries). They may be changed in place, and the next window overwrites them.
    """
    like = {name: tensor for name, tensor in like.items() if tensor.numel()}
    entries = entries_at_once(like, len(sources))
    longest = max(
        (_size(tensor, next(parts(tensor, entries))) for tensor in like.values()), default=0
    )
    buffer_E = torch.empty(len(sources) * longest, dtype=torch.float64)
    for name, tensor in like.items():
        for part in parts(tensor, entries):
            size = _size(tensor, part)
            window_SE = buffer_E[: len(sources) * size].view(len(sources), size)
            for window_E, source in zip(window_SE, sources, strict=True):
                window_E.copy_(source.rows(name, part).reshape(-1))
            yield name, window_SE


def entries_at_once(like: Mapping[str, Tensor], sources: int) -> int:
    """Entries of which so many sources fit, in fp64, into as much memory as the largest tensor.

    A second tensor is left for what is being read and for what is made of it.
    """
    room = max((tensor.numel() * tensor.element_size() for tensor in like.values()), default=0)
    return min(max(room // (8 * max(1, sources)), MIN_ENTRIES), MAX_ENTRIES)


def parts(tensor: Tensor, entries: int) -> Iterator[slice]:
    """Slices of whole rows of a tensor that hold at most so many entries, but one row at least."""
    count = tensor.numel() // _width(tensor)
    step = max(1, entries // _width(tensor))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _width(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.dim() > 1 else tensor.numel()


def _size(tensor: Tensor, part: slice) -> int:
    size: int = (part.stop - part.start) * _width(tensor)
    return size
