"""Where the checkpoint's weights stay while the live network moves: where there is room.

On the device they cost as much memory as the network and are put back at once. In this machine's
own memory, or in the checkpoint's mapped files, they cost the device nothing, and every point waits
until they have come over. What is placed is the same, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from safebasin.errors import InputRejectedError, ResourceError
from safebasin.weights.given import Held, Rows
from safebasin.weights.memory import free, free_here

Home = Literal["device", "host", "files"]


@dataclass(frozen=True, eq=False)
class Pristine:
    """The checkpoint's parameters, as far as they can move.

    Attributes:
        tensors: parameters of the same names, shapes, types and devices; their values are the
            checkpoint's too while no point is placed.
        home: what the values are read from.
    """

    tensors: Mapping[str, Tensor]
    home: Rows

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a tensor, wherever they lie; see `Rows`."""
        return self.home.rows(name, part)


def choose(weights: int, device: int, host: int | None, *, files: bool) -> Home:
    """The fastest home with room: a copy takes at most half of what is free.

    The other half of a device is for the KV cache and for held directions. Where no home has that
    much room, a copy that fits at all is made.

    Args:
        weights: bytes of what can move.
        device: bytes that are free on the device, with the network on it.
        host: bytes that are free in this machine's memory; None if the device is this machine.
        files: whether the checkpoint's files can be read in place.

    Raises:
        ResourceError: there is room nowhere.
    """
    here = 0 if host is None else host
    if 2 * weights <= device:
        return "device"
    if 2 * weights <= here:
        return "host"
    if files:
        return "files"
    if weights <= here:
        return "host"
    if weights <= device:
        return "device"
    raise ResourceError(
        f"no memory for a second copy of the weights, {weights / 1e9:.1f} GB, which brings the "
        "model back after every point: use --dtype bfloat16 or a smaller model, or, for an "
        "adapter, pass the merged model as a folder, whose files can be read in place"
    )


def settle(tensors: Mapping[str, Tensor], files: Callable[[], Rows] | None = None) -> Rows:
    """A home for the weights as they are now, chosen by the memory that is free now.

    Args:
        tensors: the live parameters that can move, by name, on one device or several of one kind.
        files: makes what reads them from the checkpoint's files, such as `models.tensors.FileRows`;
            None, or InputRejectedError from it, where they are not in files as they are.

    Raises:
        ResourceError: see `choose`.
    """
    devices = {tensor.device for tensor in tensors.values()}
    host = free_here() if any(device.type == "cuda" for device in devices) else None
    weights = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    room = sum(free(device) for device in devices)
    mapped = None if 2 * weights <= max(room, host or 0) else _mapped(files)
    home = choose(weights, room, host, files=mapped is not None)
    if home == "files":
        assert mapped is not None
        return mapped
    return copies(tensors, pinned=home == "host")


def copies(tensors: Mapping[str, Tensor], *, pinned: bool = False) -> Held:
    """Copies on the same device, or in memory of this machine that a GPU can read by itself."""
    if not pinned:
        kept = torch.contiguous_format
        return Held({name: t.detach().clone(memory_format=kept) for name, t in tensors.items()})
    return Held(
        {
            name: torch.empty(t.shape, dtype=t.dtype, pin_memory=True).copy_(t.detach())
            for name, t in tensors.items()
        }
    )


def _mapped(files: Callable[[], Rows] | None) -> Rows | None:
    try:
        return files() if files else None
    except InputRejectedError:
        return None
