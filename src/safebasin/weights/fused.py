"""One pass over a tensor on a GPU: the host's side of `kernels`.

Where there is no such GPU, no Triton, or a kernel whose bits are not those of the plain pass,
`available` says no, and everything is done by the plain pass, which is slower and gives the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from safebasin.weights.normal import normal
from safebasin.weights.philox import Key, words
from safebasin.weights.units import Units

FOURS = 128
"""Philox counters to a program of 128 threads: each thread makes four entries at a time."""

BLOCK = 2048
"""Entries to a program that only adds: two loads of 16 bytes of bfloat16 to a thread."""

TRIED = 1 << 16
"""Entries that are compared before the kernels of a device are trusted."""

_OPTIONS = {"num_warps": 4, "enable_fp_fusion": False}


@dataclass(frozen=True)
class Draw:
    """How some whole rows of a random direction are made.

    Attributes:
        key: the stream of the noise.
        normal: whether it is Gaussian, or else ±1.
        row: the first of them; the first word of the stream belongs to row 0.
        width: entries in a row.
        factor_BG: as of `direction.Scale`, of the whole tensor.
        units: likewise.
        other: the stream of the noise that is taken out, if any.
        share_BG: how much of that, in each unit.
    """

    key: Key
    normal: bool
    row: int
    width: int
    factor_BG: Tensor
    units: Units
    other: Key | None = None
    share_BG: Tensor | None = None

    @property
    def start(self) -> int:
        """Which word of the stream belongs to the first entry."""
        return self.row * self.width


@cache
def available(device: torch.device) -> bool:
    """Whether kernels run on a device and give the bits of the plain pass; tried out once."""
    if device.type != "cuda" or torch.version.hip is not None:
        return False
    try:
        same = _trial(device)
    except Exception as error:  # Triton, its compiler and the driver each fail in ways of their own
        same, why = False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    else:
        why = "its bits differ from those of the plain one"
    if not same:
        warnings.warn(
            f"the fused pass is not used on {device} ({why}); points are placed more slowly, "
            "with the same bits",
            stacklevel=2,
        )
    return same


def noise(key: Key, *, gaussian: bool, start: int, stop: int, device: torch.device) -> Tensor:
    """Entries start … stop−1 of raw noise, fp32; see `direction.noise`."""
    out_E = torch.empty(stop - start, device=device)
    with _on(device):
        _kernels().draw[_programs(start % 4 + len(out_E), 4 * FOURS)](
            out_E, _span(start, len(out_E)), _packed(key), NORMAL=gaussian, FOURS=FOURS, **_OPTIONS
        )
    return out_E


def add_held(
    start_RC: Tensor, steps: Sequence[Tensor], amounts: Sequence[float], out_RC: Tensor
) -> None:
    """Write start + Σ amount · step, in fp32, the terms in order, rounded once to out's type.

    Args:
        start_RC: contiguous, floating-point, on a GPU, as all others are.
        steps: contiguous, fp32, of the same shape.
        amounts: one for each step; rounded to fp32.
        out_RC: contiguous; where to write.
    """
    with _on(out_RC.device):
        _kernels().add_held[_programs(out_RC.numel(), BLOCK)](
            start_RC,
            tuple(steps),
            tuple(float(amount) for amount in amounts),
            out_RC,
            out_RC.numel(),
            BLOCK=BLOCK,
            **_OPTIONS,
        )


def add_drawn(start_RC: Tensor, draw: Draw, amount: float, out_RC: Tensor) -> None:
    """Write start + amount · direction, as `add_held`, with the direction drawn on the way."""
    factor_BG, share_BG, units = draw.factor_BG, draw.share_BG, draw.units
    shared = 1 if share_BG is None else share_BG.numel()
    with _on(out_RC.device):
        _kernels().add_drawn[_programs(draw.start % 4 + out_RC.numel(), 4 * FOURS)](
            start_RC,
            out_RC,
            float(amount),
            _span(draw.start, out_RC.numel()),
            _packed(draw.key),
            None if draw.other is None else _packed(draw.other),
            (factor_BG, share_BG),
            (draw.row, draw.width, units.height, units.span, units.groups),
            NORMAL=draw.normal,
            BY_UNIT=factor_BG.numel() > 1,
            SHARES=shared > 1,
            BY_COLUMN=units.groups > 1,
            FOURS=FOURS,
            **_OPTIONS,
        )


def _kernels() -> Any:
    return import_module("safebasin.weights.kernels")


def _span(start: int, count: int) -> tuple[int, int, int]:
    return start // 4, start % 4, count


def _packed(key: Key) -> int:
    """Both words, the first one lowest, in one signed number of 64 bits."""
    both = key[0] | key[1] << 32
    return both - (1 << 64) if both >> 63 else both


def _programs(entries: int, each: int) -> tuple[int]:
    return (-(-entries // each),)


def _on(device: torch.device) -> AbstractContextManager[Any]:
    """Kernels are launched on the current GPU, whatever the tensors are on."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _trial(device: torch.device) -> bool:
    """Whether drawn noise has the same bits; both tails and the centre are in it many times."""
    key = (0x243F6A88, 0x85A308D3)
    found = noise(key, gaussian=True, start=3, stop=3 + TRIED, device=device)
    expected = normal(words(key, 3, 3 + TRIED)).to(device)
    moved, step = torch.empty_like(found), expected.flip(0)
    add_held(found, [step], [0.1], moved)
    return torch.equal(found, expected) and torch.equal(moved, expected + 0.1 * step)
