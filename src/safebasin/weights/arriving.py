"""Rows that come from elsewhere, some already on their way while the ones before are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from safebasin.weights.given import Held, Rows


def arriving(
    source: Rows, name: str, parts: Iterable[slice], device: torch.device
) -> Iterator[tuple[slice, Tensor]]:
    """Some rows of a tensor after the other, on a device.

    What lies there already is not copied. Otherwise a GPU takes as much memory as two parts, and
    copies one while the other is used.

    Args:
        source: where they come from.
        name: the tensor.
        parts: which rows; none is larger than the first.
        device: where they go to.

    Yields:
        A part and its rows, to be read on the device's current stream before the next one is asked
        for, and not to be changed.
    """
    if device.type == "cuda" and not at_hand(source, name, device):
        yield from _overlapped(source, name, parts, device)
    else:
        for part in parts:
            yield part, source.rows(name, part).to(device)


def at_hand(source: Rows, name: str, device: torch.device) -> bool:
    """Whether all rows of a tensor are in a device's memory, so that reading them takes none."""
    return isinstance(source, Held) and source.tensors[name].device == device


def _overlapped(
    source: Rows, name: str, parts: Iterable[slice], device: torch.device
) -> Iterator[tuple[slice, Tensor]]:
    """A second stream copies; a buffer is written again only once what used it is done."""
    using = torch.cuda.current_stream(device)
    copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    buffers: list[Tensor] = []
    used: list[torch.cuda.Event] = []
    for turn, part in enumerate(parts):
        sent_RC = source.rows(name, part)
        if sent_RC.device.type != "cpu":
            yield part, sent_RC.to(device)
            continue
        if not buffers:
            buffers = [torch.empty_like(sent_RC, device=device) for _ in range(2)]
            used = [using.record_event() for _ in range(2)]
        place = turn % 2
        arrived_RC = buffers[place][: len(sent_RC)]
        copying.wait_event(used[place])
        with torch.cuda.stream(copying):
            arrived_RC.copy_(_pinned(sent_RC), non_blocking=True)
        using.wait_stream(copying)
        yield part, arrived_RC
        used[place] = using.record_event()


def _pinned(rows_RC: Tensor) -> Tensor:
    """In memory that a GPU can read by itself while the program goes on."""
    return rows_RC if rows_RC.is_pinned() else rows_RC.pin_memory()
