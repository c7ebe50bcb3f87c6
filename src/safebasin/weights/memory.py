"""How much memory is free, here and on a GPU, and how much of it may be taken for speed."""

from __future__ import annotations

import os
from pathlib import Path

import torch

REMEMBER = 64 << 20
"""Bytes that may always be spent on a CPU on keeping directions between points."""

_SYSTEM = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def free(device: torch.device) -> int:
    """Bytes that can still be allocated on a device."""
    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + idle
    return free_here()


def free_here(system: Path = _SYSTEM, group: Path = _GROUP) -> int:
    """Bytes that this process can still allocate without pushing others out.

    Args:
        system: the kernel's account of all memory; where there is none, all memory counts as free.
        group: that of the container or job, which may have a limit of its own.
    """
    try:
        table = dict(line.split(":") for line in system.read_text().splitlines())
        found = int(table["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(found, _left(group, found))


def for_directions(device: torch.device, held: int = 0) -> int:
    """Bytes that may be spent on holding directions whole, between points.

    On a GPU that is half of what is free: the other half is for the KV cache and all else. On a CPU
    it is an eighth, since other workers may be doing the same.

    Args:
        device: where the network is.
        held: what directions hold already.
    """
    if device.type == "cpu":
        return max(REMEMBER, (free(device) + held) // 8)
    return (free(device) + held) // 2


def _left(group: Path, otherwise: int) -> int:
    """What a job's limit leaves; files that are only cached give way."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, int(limit) - int(used["anon"]))
    except (OSError, KeyError, ValueError):
        return otherwise
