"""From a recipe to numbers: the noise of a direction, and the scale that makes it comparable.

A direction's component in a tensor is `scale · noise`. The noise is regenerated from the recipe and
the tensor's name whenever it is needed; the scale is computed once, from norms taken in fp64.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024), after Li et al., "Visualizing
the Loss Landscape of Neural Nets" (NeurIPS 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from safebasin.records import Direction
from safebasin.weights import fused
from safebasin.weights.normal import normal, rademacher
from safebasin.weights.parameters import rows
from safebasin.weights.philox import Key, stream_key, words

CHUNK = 1 << 16
"""Entries that are drawn at a time: few enough to stay in a CPU's cache and cost no memory."""

GPU_CHUNK = 1 << 23
"""The same on a GPU: enough to keep it busy, in less than a gigabyte."""


@dataclass(frozen=True)
class Scale:
    """What the noise of one tensor is multiplied by.

    Attributes:
        factor_R1: fp32 of shape (rows, 1), or (1, 1) where all rows share one factor.
        projection_R: for a direction that is made orthogonal to another: how much of the other's
            noise is taken out of each row first, fp64 of shape (rows,); otherwise None.
    """

    factor_R1: Tensor
    projection_R: Tensor | None = None


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
    if scale.projection_R is not None:
        other_RC = _raw(_reference(direction), name, tensor, part).double()
        amount_R1 = scale.projection_R[part, None]
        entries_RC = (entries_RC.double() - amount_R1 * other_RC).float()
    factor_R1 = scale.factor_R1
    return entries_RC * (factor_R1[part] if len(factor_R1) > 1 else factor_R1)


def drawing(
    direction: Direction, scale: Scale, name: str, tensor: Tensor, part: slice
) -> fused.Draw:
    """What `component` computes, as the fused pass wants to know it."""
    other = None if direction.orthogonal_to is None else _stream(_reference(direction), name)
    factor_R1, width = scale.factor_R1, rows(tensor).shape[1]
    return fused.Draw(
        _stream(direction, name),
        direction.noise == "gaussian",
        part.start * width,
        width,
        factor_R1[part] if len(factor_R1) > 1 else factor_R1,
        other,
        None if scale.projection_R is None else scale.projection_R[part],
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


def scales(direction: Direction, weights: Mapping[str, Tensor], read: Read | None = None) -> Scales:
    """The scale of every tensor, so that the direction's norm equals the weights' norm.

    With `norm="layer"` that holds per tensor (as published), with "row" per output row, and with
    "model" over all tensors together. A tensor, row or model of norm zero does not move.

    An orthogonal direction is orthogonal to its reference within each unit that is scaled as one
    (tensor or row), hence also overall.

    Args:
        direction: the recipe.
        weights: pristine tensors that move, by name.
        read: reads their values a few rows at a time if they lie elsewhere; then only the shapes
            and devices of `weights` matter.
    """
    read = read or (lambda name, part: rows(weights[name])[part])
    measured = {name: _measure(direction, name, tensor, read) for name, tensor in weights.items()}
    if direction.norm == "model":
        weight = math.sqrt(sum(float(m.weight_R.square().sum()) for m in measured.values()))
        drawn = math.sqrt(sum(float(m.noise_R.square().sum()) for m in measured.values()))
        factor = torch.tensor([[weight / drawn if drawn else 0.0]])
        return {
            name: Scale(factor.to(weights[name].device), m.projection_R)
            for name, m in measured.items()
        }
    return {
        name: Scale(_ratio(m.weight_R, m.noise_R).float()[:, None], m.projection_R)
        for name, m in measured.items()
    }


@dataclass(frozen=True)
class _Norms:
    """fp64 norms of the weights and of the noise, per row or (one entry) per tensor."""

    weight_R: Tensor
    noise_R: Tensor
    projection_R: Tensor | None


def _measure(direction: Direction, name: str, tensor: Tensor, read: Read) -> _Norms:
    pooled = direction.norm != "row"
    squares = [
        (
            read(name, part).to(tensor.device).double().square().sum(1),
            _products(direction, name, tensor, part),
        )
        for part in chunks(tensor)
    ]
    weight_R = torch.cat([weight for weight, _ in squares])
    products_3R = torch.cat([products for _, products in squares], dim=1)
    count = len(weight_R)
    if pooled:
        weight_R, products_3R = weight_R.sum(0, keepdim=True), products_3R.sum(1, keepdim=True)
    own_R, cross_R, other_R = products_3R
    if direction.orthogonal_to is None:
        return _Norms(weight_R.sqrt(), own_R.sqrt(), None)
    projection_R = _ratio(cross_R, other_R)
    left_R = (own_R - projection_R * cross_R).clamp(min=0)
    return _Norms(weight_R.sqrt(), left_R.sqrt(), projection_R.expand(count))


def _products(direction: Direction, name: str, tensor: Tensor, part: slice) -> Tensor:
    """⟨n, n⟩, ⟨n, m⟩ and ⟨m, m⟩ per row, for the noise n and the noise m of its reference."""
    own_RC = _raw(direction, name, tensor, part).double()
    own_R = own_RC.square().sum(1)
    if direction.orthogonal_to is None:
        return torch.stack([own_R, torch.zeros_like(own_R), torch.ones_like(own_R)])
    other_RC = _raw(_reference(direction), name, tensor, part).double()
    return torch.stack([own_R, (own_RC * other_RC).sum(1), other_RC.square().sum(1)])


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
