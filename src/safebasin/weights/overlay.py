"""Put a point of weight space on a live network, and take it off again without a trace.

Every point is computed from the pristine weights, in fp32, and rounded once to the network's dtype:
θ(x) = round(θ₀ + Σᵢ xᵢ · dᵢ). Nothing is stepped to, and nothing is undone by subtraction, so a
point can be evaluated alone and the origin is the checkpoint, bit for bit. A way to another
checkpoint at exactly 1 puts that checkpoint in the place of θ₀, so its far end is exact too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from safebasin.errors import IntegrityError
from safebasin.points import Direction, Displacement, Point, Skip, WeightWay
from safebasin.weights.arriving import arriving
from safebasin.weights.direction import Scales, chunks, scales
from safebasin.weights.given import Along, Difference, Drawn, Given, Rows, Towards
from safebasin.weights.parameters import movable, rows
from safebasin.weights.placing import place
from safebasin.weights.pristine import Pristine, copies
from safebasin.weights.remembered import Remembered
from safebasin.weights.units import layouts

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


class Overlay:
    """A live network together with the pristine values of the parameters that move.

    Args:
        model: changed in place inside `at`, and at no other time.
        skip: which parameters never move; every direction that is placed must have the same rule.
        remember: a point's directions are kept for the next point if they need at most this many
            bytes; a large network's are drawn again, a chunk at a time. By default as much as
            `memory.for_directions` allows when they are first asked for.
        given: what each displacement that will be placed stands for. If there are any, every
            parameter can move, since checkpoints differ in those of normalisation layers too; a
            random direction moves what it would move alone.
        pristine: where the checkpoint's weights are, such as `pristine.settle` finds; by default
            they are copied to where the network is. Whatever it is must stay as it is.

    Raises:
        IntegrityError: `pristine` differs from the network as it is now.
    """

    def __init__(
        self,
        model: nn.Module,
        skip: Skip = "norms",
        *,
        remember: int | None = None,
        given: Mapping[Displacement, Given] | None = None,
        pristine: Rows | None = None,
    ) -> None:
        self.skip = skip
        self._given = dict(given or {})
        whole = bool(self._given)
        self._live = movable(model, "none" if whole else skip, everywhere=whole)
        if pristine is None:
            held = copies(self._live)
            self._pristine = Pristine(held.tensors, held)
        else:
            like = {name: parameter.detach() for name, parameter in self._live.items()}
            self._pristine = Pristine(like, pristine)
        self._drawn = {name: self._pristine.tensors[name] for name in movable(model, skip)}
        self._remembered = Remembered(self._drawn, remember)
        self._layouts = layouts(model)
        self._scales: dict[Direction, Scales] = {}
        self._placed = False
        if pristine is not None:
            self.verify()

    @property
    def pristine(self) -> Pristine:
        """The checkpoint's parameters, as far as they can move."""
        return self._pristine

    @property
    def numel(self) -> int:
        """How many scalars can move."""
        return sum(parameter.numel() for parameter in self._live.values())

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        """The network stands at `point` inside the block and at the checkpoint after it.

        Raises:
            ValueError: a direction's skip rule is not this overlay's, a displacement is unknown to
                it, or another point is placed.
        """
        if self._placed:
            raise ValueError("another point is placed; leave its block first")
        if len(point.weight_terms) < len(point.terms):
            raise ValueError(f"only weights can be placed here, and not {point.key}")
        for way, _ in point.weight_terms:
            self._require_known(way)
        self._placed = True
        try:
            if point.terms:
                self._place(point)
            yield
        finally:
            if point.terms:
                self._restore()
            self._placed = False

    def way(self, way: WeightWay) -> Rows:
        """The entries of a direction or displacement at coefficient 1, in every tensor.

        Raises:
            ValueError: as `at`.
        """
        self._require_known(way)
        if isinstance(way, Direction):
            return Drawn(way, self.scales(way), self._pristine.tensors)
        given = self._given[way]
        if isinstance(given, Along):
            return given.direction
        return Difference(given.target, self._pristine.home)

    def scales(self, direction: Direction) -> Scales:
        """The direction's scale in each tensor, computed once from the pristine weights."""
        if direction not in self._scales:
            read, layouts = self._pristine.rows, self._layouts
            self._scales[direction] = scales(direction, self._drawn, read, layouts)
        return self._scales[direction]

    def scales_digest(self, direction: Direction) -> str:
        """A hash of the direction's scales: the norms were taken elsewhere if it differs."""
        digest = hashlib.sha256()
        for name, scale in self.scales(direction).items():
            digest.update(name.encode())
            projection = scale.projection_BG
            if projection is not None and projection.numel() == 1:  # once for each row, as ever
                projection = projection.expand(len(rows(self._drawn[name])), 1)
            for part in (scale.factor_BG, projection):
                digest.update(b"" if part is None else part.cpu().numpy().tobytes())
        return digest.hexdigest()

    def verify(self) -> None:
        """Compare the live network with the pristine weights, bit for bit.

        Raises:
            IntegrityError: a tensor differs although no point is placed.
        """
        for name, parameter in self._live.items():
            if not self._is_pristine(name, parameter):
                raise IntegrityError(
                    f"parameter {name} is not what was loaded, although no point is placed: "
                    "something else changed the model; load it again"
                )

    def forget(self) -> None:
        """Give back the memory of held directions; from now on each point draws them again."""
        self._remembered.forget()

    def _require_known(self, way: WeightWay) -> None:
        if isinstance(way, Direction):
            if way.skip != self.skip:
                raise ValueError(f"direction skips {way.skip!r}, overlay {self.skip!r}")
        elif way not in self._given:
            raise ValueError(f"displacement {way.key} is unknown here: pass it in `given`")

    def _is_pristine(self, name: str, parameter: Tensor) -> bool:
        live_RC = rows(parameter.detach())
        there = arriving(self._pristine.home, name, chunks(parameter), parameter.device)
        return all(
            kept_RC.dtype == live_RC.dtype and torch.equal(_bits(live_RC[part]), _bits(kept_RC))
            for part, kept_RC in there
        )

    def _place(self, point: Point) -> None:
        directions = [way for way, _ in point.terms if isinstance(way, Direction)]
        held = self._remembered.only(directions, self.scales)
        start, terms = self._start(point)
        steps = [(way, held.get(way) or self.way(way), x) for way, x in terms]
        for name, parameter in self._live.items():
            own = [(way, x) for key, way, x in steps if self._moves(key, name)]
            place(name, parameter.data, start, own)

    def _start(self, point: Point) -> tuple[Rows, list[tuple[WeightWay, float]]]:
        """Where the terms are added: the checkpoint that one of them reaches, or the origin."""
        terms = list(point.weight_terms)
        for number, (way, x) in enumerate(terms):
            given = self._given.get(way) if isinstance(way, Displacement) else None
            if x == 1 and isinstance(given, Towards):
                return given.target, terms[:number] + terms[number + 1 :]
        return self._pristine.home, terms

    def _moves(self, way: WeightWay, name: str) -> bool:
        return isinstance(way, Displacement) or name in self._drawn

    def _restore(self) -> None:
        for name, parameter in self._live.items():
            place(name, parameter.data, self._pristine.home, ())


@contextmanager
def overlay(
    model: nn.Module, point: Point, given: Mapping[Displacement, Given] | None = None
) -> Iterator[None]:
    """`with overlay(model, point): …`, for one point; keep an `Overlay` for many.

    Args:
        model: any network with floating-point parameters.
        point: directions of one skip rule, and displacements; no terms leave the network as it is.
        given: what each displacement stands for.
    """
    skips = [way.skip for way, _ in point.terms if isinstance(way, Direction)]
    with Overlay(model, skips[0] if skips else "norms", given=given).at(point):
        yield


def _bits(tensor: Tensor) -> Tensor:
    """As integers, which know −0 from 0 and find NaN equal to itself."""
    return tensor.detach().view(_INTEGERS[tensor.element_size()])
