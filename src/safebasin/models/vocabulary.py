"""Checkpoints with more or fewer tokens than the model that moves.

A fine-tune that adds tokens has more rows in its embeddings and in its output head, often up to a
multiple of 64. Between two such checkpoints the rows that both have move. Rows that only one of
them has stay as they are: no token of the other could ever reach them, so there is nothing for them
to come from. What they mean for answers is in `engines.talk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from safebasin.weights.given import Rows


def tables(model: Any) -> dict[str, Tensor]:
    """The parameters that have an entry for every token, by their names in `named_parameters`."""
    if getattr(model, "get_input_embeddings", None) is None:
        return {}
    wanted = set()
    count = len(model.get_input_embeddings().weight)
    for module in (model.get_input_embeddings(), model.get_output_embeddings()):
        for leaf in ("weight", "bias"):
            wanted.add(id(getattr(module, leaf, None)))
    return {
        name: parameter.detach()
        for name, parameter in model.named_parameters()
        if id(parameter) in wanted and len(parameter) == count
    }


def size_of(model: Any) -> int:
    """How many tokens have an embedding."""
    return int(model.get_input_embeddings().weight.shape[0])


def resized(model: Any, size: int) -> dict[str, tuple[int, ...]]:
    """Shapes that parameters would have if so many tokens had an embedding, where they differ."""
    if size == size_of(model):
        return {}
    return {name: (size, *table.shape[1:]) for name, table in tables(model).items()}


@dataclass(frozen=True, eq=False)
class Resized:
    """A checkpoint with another number of tokens, read as if it had as many as the network.

    Attributes:
        own: the checkpoint.
        size: how many tokens it has.
        network: how many the network has.
        tails: of each table, the network's entries beyond the checkpoint's; none if it has more.
    """

    own: Rows
    size: int
    network: int
    tails: Mapping[str, Tensor]

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a tensor; see `Rows`."""
        if name not in self.tails:
            return self.own.rows(name, part)
        tail = self.tails[name]
        if tail.dim() < 2:  # a bias is one row
            return torch.cat([self._entries(name, 0, self.network), tail])[None][part]
        start, stop, _ = part.indices(self.network)
        there = [self._entries(name, start, stop)] if start < self.size else []
        return torch.cat([*there, tail[max(start - self.size, 0) : max(stop - self.size, 0)]])

    def beyond(self, name: str) -> Tensor:
        """Entries of a table that the network lacks."""
        return self._entries(name, self.network, self.size)

    def _entries(self, name: str, start: int, stop: int) -> Tensor:
        """Of the checkpoint itself, at most as many as it has."""
        stop = min(stop, self.size)
        if self.tails[name].dim() < 2:
            return self.own.rows(name, slice(0, 1))[0, start:stop]
        return self.own.rows(name, slice(start, stop))


def fitted(own: Rows, size: int, model: Any) -> Rows:
    """A checkpoint as `Resized`, where it has another number of tokens than the network.

    Args:
        own: the checkpoint.
        size: how many tokens it has.
        model: the network, which stands at its own checkpoint.
    """
    network = size_of(model)
    if size == network:
        return own
    tails = {name: table[size:].cpu().clone() for name, table in tables(model).items()}
    return Resized(own, size, network, tails)
