"""One pass over a tensor: θ = round(θ₀ + Σᵢ xᵢ · dᵢ), in fp32, the terms in order, one rounding.

On a GPU the pass is fused: weights are read and written once, and a direction that is not held is
drawn from its counters on the way. `plain` says what it computes, and is what is done elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from safebasin.weights import fused
from safebasin.weights.arriving import arriving, at_hand
from safebasin.weights.direction import chunks, drawing
from safebasin.weights.given import Drawn, Held, Rows
from safebasin.weights.parameters import rows

Terms = Sequence[tuple[Rows, float]]
"""Ways, and how far to go along each."""


@torch.no_grad()
def place(name: str, live: Tensor, start: Rows, terms: Terms) -> None:
    """Write a tensor's entries at a point.

    Args:
        name: the tensor's name, as `start` and the ways know it.
        live: where to write; its device is where all is computed.
        start: θ₀.
        terms: those that move this tensor; none makes it θ₀, bit for bit.
    """
    live_RC = rows(live)
    move = _fused if fused.available(live.device) else plain
    for part, start_RC in arriving(start, name, _parts(name, live, start, terms), live.device):
        if terms:
            move(name, part, start_RC, terms, live_RC[part])
        else:
            live_RC[part] = start_RC
    if not live.is_contiguous():  # then its rows may be a copy
        live.copy_(live_RC.view(live.shape))


def plain(name: str, part: slice, start_RC: Tensor, terms: Terms, out_RC: Tensor) -> None:
    """Some rows at a point; each product and each sum is rounded by itself.

    Args:
        name: the tensor.
        part: which of its rows.
        start_RC: these rows of θ₀.
        terms: see `place`.
        out_RC: where to write these rows.
    """
    moved_RC = start_RC.float()
    for way, x in terms:
        step_RC = way.rows(name, part).to(out_RC.device, torch.float32) * x
        moved_RC = step_RC.add_(moved_RC)
    out_RC.copy_(moved_RC)


def _fused(name: str, part: slice, start_RC: Tensor, terms: Terms, out_RC: Tensor) -> None:
    """What `plain` does, in one pass, or in as many as there are terms if one of them is drawn."""
    start_RC = start_RC.contiguous()
    if not any(isinstance(way, Drawn) for way, _ in terms):
        steps = [_step(way, name, part, out_RC.device) for way, _ in terms]
        fused.add_held(start_RC, steps, [x for _, x in terms], out_RC)
        return
    for number, (way, x) in enumerate(terms, 1):
        last = number == len(terms)
        goal_RC = out_RC if last else torch.empty_like(start_RC, dtype=torch.float32)
        if isinstance(way, Drawn):
            draw = drawing(way.direction, way.scales[name], name, way.like[name], part)
            fused.add_drawn(start_RC, draw, x, goal_RC)
        else:
            fused.add_held(start_RC, [_step(way, name, part, out_RC.device)], [x], goal_RC)
        start_RC = goal_RC


def _step(way: Rows, name: str, part: slice, device: torch.device) -> Tensor:
    return way.rows(name, part).to(device, torch.float32).contiguous()


def _parts(name: str, live: Tensor, start: Rows, terms: Terms) -> Iterator[slice]:
    """The whole tensor at once if that takes no memory, otherwise a chunk at a time."""
    if at_hand(start, name, live.device) and _costless(name, live.device, terms):
        return iter([slice(0, len(rows(live)))])
    return chunks(live)


def _costless(name: str, device: torch.device, terms: Terms) -> bool:
    if not terms:
        return True
    if len(terms) == 1 and isinstance(terms[0][0], Drawn):
        return fused.available(device)
    return fused.available(device) and all(
        isinstance(way, Held)
        and at_hand(way, name, device)
        and way.tensors[name].dtype == torch.float32
        for way, _ in terms
    )
