"""Ways through weight space that are given as tensors rather than drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Rows(Protocol):
    """Named tensors that are read a few rows at a time, wherever they lie.

    Names are those of `named_parameters`, and rows are those of `parameters.rows`.
    """

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a tensor, of shape (rows in part, width), in the type they are kept in."""
        ...


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
