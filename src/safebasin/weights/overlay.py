"""Put a point of weight space on a live network, and take it off again without a trace.

Every point is computed from the pristine weights, in fp32, and rounded once to the network's dtype:
θ(x) = round(θ₀ + Σᵢ xᵢ · dᵢ). Nothing is stepped to, and nothing is undone by subtraction, so a
point can be evaluated alone and the origin is the checkpoint, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from safebasin.errors import IntegrityError
from safebasin.records import Direction, Point, Skip
from safebasin.weights.direction import Scales, chunks, component, scales
from safebasin.weights.parameters import movable, rows

REMEMBER = 64 << 20
"""Bytes that may be spent on keeping a small network's directions between points."""

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


class Overlay:
    """A live network together with a pristine copy of the parameters that move.

    Args:
        model: changed in place inside `at`, and at no other time.
        skip: which parameters never move; every direction that is placed must have the same rule.
        remember: a point's directions are kept for the next point if they need at most this many
            bytes; a large network's are drawn again, a chunk at a time.
    """

    def __init__(self, model: nn.Module, skip: Skip = "norms", *, remember: int = REMEMBER) -> None:
        self.skip = skip
        self._live = movable(model, skip)
        self._pristine = {name: p.detach().clone() for name, p in self._live.items()}
        self._remember = remember
        self._scales: dict[Direction, Scales] = {}
        self._kept: dict[Direction, dict[str, Tensor]] = {}
        self._placed = False

    @property
    def numel(self) -> int:
        """How many scalars move."""
        return sum(tensor.numel() for tensor in self._pristine.values())

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        """The network stands at `point` inside the block and at the checkpoint after it.

        Raises:
            ValueError: a direction's skip rule is not this overlay's, or another point is placed.
        """
        if self._placed:
            raise ValueError("another point is placed; leave its block first")
        for direction, _ in point.terms:
            if direction.skip != self.skip:
                raise ValueError(f"direction skips {direction.skip!r}, overlay {self.skip!r}")
        self._placed = True
        try:
            if point.terms:
                self._place(point)
            yield
        finally:
            if point.terms:
                self._restore()
            self._placed = False

    def scales(self, direction: Direction) -> Scales:
        """The direction's scale in each tensor, computed once from the pristine weights."""
        if direction not in self._scales:
            self._scales[direction] = scales(direction, self._pristine)
        return self._scales[direction]

    def scales_digest(self, direction: Direction) -> str:
        """A hash of the direction's scales: the norms were taken elsewhere if it differs."""
        digest = hashlib.sha256()
        for name, scale in self.scales(direction).items():
            digest.update(name.encode())
            for part in (scale.factor_R1, scale.projection_R):
                digest.update(b"" if part is None else part.cpu().numpy().tobytes())
        return digest.hexdigest()

    def verify(self) -> None:
        """Compare the live network with the pristine copy, bit for bit.

        Raises:
            IntegrityError: a tensor differs although no point is placed.
        """
        for name, parameter in self._live.items():
            if not torch.equal(_bits(parameter), _bits(self._pristine[name])):
                raise IntegrityError(
                    f"parameter {name} is not what was loaded, although no point is placed: "
                    "something else changed the model; load it again"
                )

    @torch.no_grad()
    def _place(self, point: Point) -> None:
        self._keep([direction for direction, _ in point.terms])
        for name, parameter in self._live.items():
            pristine = self._pristine[name]
            live_RC, pristine_RC = rows(parameter.data), rows(pristine)
            for part in chunks(pristine):
                moved_RC = pristine_RC[part].float()
                for direction, x in point.terms:
                    moved_RC = moved_RC + x * self._component(direction, name, part)
                live_RC[part] = moved_RC.to(pristine.dtype)
            if not parameter.is_contiguous():  # then its rows may be a copy
                parameter.copy_(live_RC.view(parameter.shape))

    @torch.no_grad()
    def _restore(self) -> None:
        for name, parameter in self._live.items():
            parameter.copy_(self._pristine[name])

    def _component(self, direction: Direction, name: str, part: slice) -> Tensor:
        if direction in self._kept:
            return rows(self._kept[direction][name])[part]
        scale = self.scales(direction)[name]
        return component(direction, scale, name, self._pristine[name], part)

    def _keep(self, directions: list[Direction]) -> None:
        """Hold a point's directions whole, if they are small: its neighbours ask for them again."""
        if 4 * self.numel * len(directions) > self._remember:
            self._kept = {}
            return
        self._kept = {
            direction: self._kept.get(direction)
            or materialise(direction, self._pristine, self.scales(direction))
            for direction in directions
        }


@contextmanager
def overlay(model: nn.Module, point: Point) -> Iterator[None]:
    """`with overlay(model, point): …`, for one point; keep an `Overlay` for many.

    Args:
        model: any network with floating-point parameters.
        point: terms of one skip rule; no terms leave the network as it is.
    """
    skip = point.terms[0][0].skip if point.terms else "norms"
    with Overlay(model, skip).at(point):
        yield


def _bits(tensor: Tensor) -> Tensor:
    """As integers, which know −0 from 0 and find NaN equal to itself."""
    return tensor.detach().view(_INTEGERS[tensor.element_size()])


def materialise(
    direction: Direction, weights: dict[str, Tensor], scale: Scales
) -> dict[str, Tensor]:
    """The whole direction as fp32 tensors of the weights' shapes."""
    return {
        name: torch.cat(
            [component(direction, scale[name], name, tensor, part) for part in chunks(tensor)]
        ).view(tensor.shape)
        for name, tensor in weights.items()
    }
