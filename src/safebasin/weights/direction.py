"""From a recipe to numbers: the noise of a direction, and the scale that makes it comparable.

A direction's component in a tensor is `scale · noise`. The noise is regenerated from the recipe and
the tensor's name whenever it is needed; the scale is computed once, from norms taken in fp64.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024), after Li et al., "Visualizing
the Loss Landscape of Neural Nets" (NeurIPS 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from safebasin.points import Direction
from safebasin.weights import fused
from safebasin.weights.normal import normal, rademacher
from safebasin.weights.parameters import rows
from safebasin.weights.philox import Key, stream_key, words
from safebasin.weights.units import PLAIN, Layout, Layouts, Units

CHUNK = 1 << 16
"""Entries that are drawn at a time: few enough to stay in a CPU's cache and cost no memory."""

GPU_CHUNK = 1 << 23
"""The same on a GPU: enough to keep it busy, in less than a gigabyte."""


@dataclass(frozen=True)
class Scale:
    """What the noise of one tensor is multiplied by.

    Attributes:
        factor_BG: fp32, of shape (1, 1) where all entries share one factor, else one for each of
            the units, of shape (blocks, groups).
        projection_BG: for a direction that is made orthogonal to another: how much of the other's
            noise is taken out of each unit first, fp64 of the units' shape; otherwise None.
        units: which entries share a factor and a projection.
    """

    factor_BG: Tensor
    projection_BG: Tensor | None
    units: Units

    def to(self, device: torch.device) -> Scale:
        """The same on another device."""
        projection_BG = None if self.projection_BG is None else self.projection_BG.to(device)
        return Scale(self.factor_BG.to(device), projection_BG, self.units)


Scales = dict[str, Scale]

Read = Callable[[str, slice], Tensor]
"""Some rows of a tensor by its name, as `given.Rows.rows`."""


def noise(direction: Direction, name: str, start: int, stop: int, device: torch.device) -> Tensor:
    """Entries start … stop−1 of a direction's raw noise in the tensor called `name`, as fp32.

    Before normalisation and orthogonalisation; mean 0, variance 1.
    """
    key, gaussian = _stream(direction, name), direction.noise == "gaussian"
    if fused.available(device):
        return fused.noise(key, gaussian=gaussian, start=start, stop=stop, device=device)
    return (normal if gaussian else rademacher)(words(key, start, stop, device))


def chunks(tensor: Tensor) -> Iterator[slice]:
    """Slices of whole rows of `rows(tensor)` of about as many entries as its device likes."""
    count, width = rows(tensor).shape
    step = max(1, (CHUNK if tensor.device.type == "cpu" else GPU_CHUNK) // max(1, width))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def component(direction: Direction, scale: Scale, name: str, tensor: Tensor, part: slice) -> Tensor:
    """The direction in some rows of one tensor, fp32, of shape (rows in part, width)."""
    entries_RC = _raw(direction, name, tensor, part)
    units, width = scale.units, entries_RC.shape[1]
    if scale.projection_BG is not None:
        other_RC = _raw(_reference(direction), name, tensor, part).double()
        amount_RC = units.spread(scale.projection_BG, part, width)
        entries_RC = (entries_RC.double() - amount_RC * other_RC).float()
    return entries_RC * units.spread(scale.factor_BG, part, width)


def drawing(
    direction: Direction, scale: Scale, name: str, tensor: Tensor, part: slice
) -> fused.Draw:
    """What `component` computes, as the fused pass wants to know it."""
    other = None if direction.orthogonal_to is None else _stream(_reference(direction), name)
    return fused.Draw(
        _stream(direction, name),
        direction.noise == "gaussian",
        part.start,
        rows(tensor).shape[1],
        scale.factor_BG,
        scale.units,
        other,
        scale.projection_BG,
    )


def materialise(
    direction: Direction, weights: Mapping[str, Tensor], scale: Scales
) -> dict[str, Tensor]:
    """The whole direction as fp32 tensors of the weights' shapes."""
    whole = {}
    for name, tensor in weights.items():
        whole[name] = torch.empty(tensor.shape, dtype=torch.float32, device=tensor.device)
        for part in chunks(tensor):
            rows(whole[name])[part] = component(direction, scale[name], name, tensor, part)
    return whole


def scales(
    direction: Direction,
    weights: Mapping[str, Tensor],
    read: Read | None = None,
    layouts: Layouts | None = None,
) -> Scales:
    """The scale of every tensor, so that the direction's norm equals the weights' norm.

    With `norm="layer"` that holds per matrix (as published), with "row" per output of a matrix, and
    with "model" over all tensors together. Where a norm is zero, nothing moves.

    An orthogonal direction is orthogonal to its reference within each unit that is scaled as one
    (matrix or output; tensor with "model"), hence also overall.

    Args:
        direction: the recipe.
        weights: pristine tensors that move, by name.
        read: reads their values a few rows at a time if they lie elsewhere; then only the shapes
            and devices of `weights` matter.
        layouts: how tensors hold matrices; see `units.layouts`.
    """
    read = read or (lambda name, part: rows(weights[name])[part])
    layouts = layouts or {}
    measured = {
        name: _measure(direction, name, tensor, read, layouts.get(name, PLAIN))
        for name, tensor in weights.items()
    }
    if direction.norm == "model":
        weight = math.sqrt(sum(float(m.weight_BG.square().sum()) for m in measured.values()))
        drawn = math.sqrt(sum(float(m.noise_BG.square().sum()) for m in measured.values()))
        factor = torch.tensor([[weight / drawn if drawn else 0.0]])
        return {
            name: Scale(factor.to(weights[name].device), m.projection_BG, m.units)
            for name, m in measured.items()
        }
    return {
        name: Scale(_ratio(m.weight_BG, m.noise_BG).float(), m.projection_BG, m.units)
        for name, m in measured.items()
    }


@dataclass(frozen=True)
class _Norms:
    """fp64 norms of the weights and of the noise in each unit of a tensor."""

    weight_BG: Tensor
    noise_BG: Tensor
    projection_BG: Tensor | None
    units: Units


def _measure(direction: Direction, name: str, tensor: Tensor, read: Read, layout: Layout) -> _Norms:
    units = layout.units(tensor, direction.norm)
    weight_BG, own_BG, cross_BG, other_BG = _pooled(
        units,
        len(rows(tensor)),
        (
            torch.stack(
                [
                    units.sums(read(name, part).to(tensor.device).double().square()),
                    *_products(direction, name, tensor, part, units),
                ]
            )
            for part in chunks(tensor)
        ),
    )
    if direction.orthogonal_to is None:
        return _Norms(weight_BG.sqrt(), own_BG.sqrt(), None, units)
    projection_BG = _ratio(cross_BG, other_BG)
    left_BG = (own_BG - projection_BG * cross_BG).clamp(min=0)
    return _Norms(weight_BG.sqrt(), left_BG.sqrt(), projection_BG, units)


def _pooled(units: Units, count: int, parts: Iterable[Tensor]) -> Tensor:
    """Sums of units from sums of their rows, of shape (4, blocks, groups).

    Where a row has many groups, rows of sums would be as large as the tensor, so they are added up
    as they come.

    Args:
        units: of the tensor.
        count: of its rows.
        parts: sums of consecutive rows, of shape (4, rows, groups).
    """
    if units.groups == 1:
        sum_4R = torch.cat([part_4RG[..., 0] for part_4RG in parts], dim=1)
        return sum_4R.view(4, -1, units.height).sum(2)[..., None]
    total, start = torch.zeros(0), 0
    for part_4RG in parts:
        if not start:
            total = part_4RG.new_zeros(4, units.blocks(count), units.groups)
        stop = start + part_4RG.shape[1]
        for block in range(start // units.height, -(-stop // units.height)):
            first, end = block * units.height - start, (block + 1) * units.height - start
            total[:, block] += part_4RG[:, max(0, first) : end].sum(1)
        start = stop
    return total


def _products(
    direction: Direction, name: str, tensor: Tensor, part: slice, units: Units
) -> tuple[Tensor, Tensor, Tensor]:
    """⟨n, n⟩, ⟨n, m⟩ and ⟨m, m⟩ in each row's groups, for noise n and m, its reference's."""
    own_RC = _raw(direction, name, tensor, part).double()
    own_RG = units.sums(own_RC.square())
    if direction.orthogonal_to is None:
        return own_RG, torch.zeros_like(own_RG), torch.ones_like(own_RG)
    other_RC = _raw(_reference(direction), name, tensor, part).double()
    return own_RG, units.sums(own_RC * other_RC), units.sums(other_RC.square())


def _raw(direction: Direction, name: str, tensor: Tensor, part: slice) -> Tensor:
    width = rows(tensor).shape[1]
    entries_N = noise(direction, name, part.start * width, part.stop * width, tensor.device)
    return entries_N.view(-1, width)


def _stream(direction: Direction, name: str) -> Key:
    return stream_key("safebasin.direction", direction.seed, direction.index, name)


def _reference(direction: Direction) -> Direction:
    assert direction.orthogonal_to is not None
    return replace(direction, index=direction.orthogonal_to, orthogonal_to=None)


def _ratio(numerator_R: Tensor, denominator_R: Tensor) -> Tensor:
    return torch.where(denominator_R > 0, numerator_R / denominator_R, 0.0)
