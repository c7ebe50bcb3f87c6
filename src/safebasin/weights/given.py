"""Ways through weight space, and tensors, that are read a few rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from safebasin.points import Direction
from safebasin.weights.direction import Scales, component
from safebasin.weights.parameters import rows


class Rows(Protocol):
    """Named tensors that are read a few rows at a time, wherever they lie.

    Names are those of `named_parameters`, and rows are those of `parameters.rows`.
    """

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a tensor, of shape (rows in part, width), in the type they are kept in."""
        ...


@dataclass(frozen=True, eq=False)
class Held:
    """Tensors in memory."""

    tensors: Mapping[str, Tensor]

    def rows(self, name: str, part: slice) -> Tensor:
        """The rows themselves, not a copy."""
        return rows(self.tensors[name])[part]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A random direction, drawn again whenever it is read; zero where it does not move a tensor.

    Attributes:
        direction: the recipe.
        scales: the scale in each tensor that moves.
        like: tensors of the same names; only their shapes and devices matter.
    """

    direction: Direction
    scales: Scales
    like: Mapping[str, Tensor]

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of the direction, in fp32."""
        tensor = self.like[name]
        if name not in self.scales:
            return torch.zeros_like(rows(tensor)[part], dtype=torch.float32)
        return component(self.direction, self.scales[name], name, tensor, part)


@dataclass(frozen=True, eq=False)
class Difference:
    """From one set of tensors to another; computed when it is read, and kept nowhere."""

    target: Rows
    origin: Rows

    def rows(self, name: str, part: slice) -> Tensor:
        """Target minus origin, in fp32, where the origin is."""
        origin_RC = self.origin.rows(name, part).float()
        return self.target.rows(name, part).to(origin_RC.device, torch.float32) - origin_RC


@dataclass(frozen=True)
class Towards:
    """To another checkpoint: its weights minus the origin's.

    At coefficient 1 the point is that checkpoint, bit for bit.
    """

    target: Rows


@dataclass(frozen=True)
class Along:
    """Along a direction whose entries are kept as they are."""

    direction: Rows


Given = Towards | Along
