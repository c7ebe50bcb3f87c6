"""Keys and values of rows of different lengths: what a row has read lies at its own positions.

Each row starts at column 0 and is as long as it is, so that a row may advance by several tokens, or
take some back, without moving anything: what is beyond its length is overwritten by what comes
next. The cache of transformers copies all it holds whenever a token is added; here a token is
written into room that is there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

from safebasin.engines.replay import Record, Replays

_KINDS = {"full_attention", "sliding_attention", "global"}
"""Of layers, by the names of different configurations, that look at their row as masks say."""

ROOM = 64
"""Columns are added so many at a time, or a quarter of those there are."""


class Slots(Cache):  # type: ignore[misc]
    """A cache of so many rows, some neighbours of which are read and written at a time."""

    def __init__(self, layers: int, rows: int, record: Record | None = None) -> None:
        """Make an empty one; memory is taken when a row is written.

        Args:
            layers: of the network.
            rows: at most, at one time.
            record: how passes are recorded, on devices where that pays; then there is one more row,
                the last one, for what only fills a pass up.
        """
        self.rows, self.room = rows, 0
        self.replays = None if record is None else Replays(record)
        super().__init__(layers=[_Layer(self) for _ in range(layers)])

    @property
    def all_rows(self) -> int:
        """With the spare one, if there is one."""
        return self.rows if self.replays is None else self.rows + 1

    def open(self, first: int, row_N: Tensor, position_NT: Tensor, columns: int) -> None:
        """What the network is fed next looks at rows from `first` on.

        Args:
            first: row of the first sequence.
            row_N: that each sequence is written to: its own, or the spare one.
            position_NT: of each token.
            columns: that are looked at, more than the last position.
        """
        self.columns = columns
        self.first, self.stop = first, first + len(position_NT)
        if columns > self.room:
            self.room = max(columns, self.room + self.room // 4) + ROOM
            self._forget_replays()
        self.place_M = (row_N[:, None] * self.room + position_NT).flatten()

    def copy(self, source: int, first: int, stop: int, columns: int) -> None:
        """Rows first … stop−1 begin like another row."""
        for held in self._held():
            held[first:stop, :columns] = held[source, :columns]

    def wipe(self, row: int, column: int = 0) -> None:
        """Nothing is left of a row from a column on: what is not a number would spoil others."""
        for held in self._held():
            held[row, column:] = 0

    def forget(self) -> None:
        """Give the memory back."""
        self.room = 0
        self._forget_replays()
        for layer in self.layers:
            layer.held = []

    def _forget_replays(self) -> None:
        if self.replays is not None:
            self.replays.forget()

    def _held(self) -> list[Tensor]:
        return [held for layer in self.layers for held in layer.held]


class _Layer(CacheLayerMixin):  # type: ignore[misc]
    """One layer's keys and values, both of shape (rows, columns, heads, head size)."""

    def __init__(self, slots: Slots) -> None:
        super().__init__()
        self._slots = slots
        self.held: list[Tensor] = []

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Take memory, whose values do not matter as long as they are numbers."""
        slots = self._slots
        self.held = [
            states.new_zeros(slots.all_rows, slots.room, states.shape[1], states.shape[3])
            for states in (key_states, value_states)
        ]
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write what was fed; everything that may be looked at, masked or not."""
        slots = self._slots
        if not self.held:
            self.lazy_initialization(key_states, value_states)
        if self.held[0].shape[1] < slots.room:
            self.held = [_larger(held, slots.room) for held in self.held]
        keys, values = (
            _written(held, states, slots)
            for held, states in zip(self.held, (key_states, value_states), strict=True)
        )
        return keys, values

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002
        """Columns that are looked at, and the first of them."""
        return self._slots.columns, 0

    def get_seq_length(self) -> int:
        """Rows have lengths of their own; the network is told positions, and needs no answer."""
        return 0

    def get_max_length(self) -> int:
        """None."""
        return -1


def _written(held: Tensor, states: Tensor, slots: Slots) -> Tensor:
    held.flatten(0, 1).index_copy_(0, slots.place_M, states.transpose(1, 2).flatten(0, 1))
    return held[slots.first : slots.stop, : slots.columns].transpose(1, 2)


def _larger(held: Tensor, room: int) -> Tensor:
    rows, columns, *shape = held.shape
    larger = held.new_zeros(rows, room, *shape)
    larger[:, :columns] = held
    return larger


def masks(config: Any, position_NT: Tensor, columns: int, dtype: torch.dtype) -> Any:
    """What each fed token may look at: its own row, up to itself, in the layer's window.

    Args:
        config: of the network's text part.
        position_NT: where the fed tokens stand.
        columns: that are looked at.
        dtype: of the network.

    Returns:
        Of shape (rows, 1, tokens, columns); by kind of layer where there are several.

    Raises:
        ValueError: some layers look at their row in another way, which only long texts would show.
    """
    column_C = torch.arange(columns, device=position_NT.device)
    distance_N1TC = (position_NT[:, :, None] - column_C)[:, None]
    full = distance_N1TC >= 0
    window = getattr(config, "sliding_window", None)
    kinds = _kinds(config)
    if kinds - _KINDS or getattr(config, "attention_chunk_size", None):
        raise ValueError(f"layers of {config.model_type} are of the kinds {sorted(kinds)}")
    if window is None or kinds == {"full_attention"}:
        return _as_wanted(full, config, dtype)
    sliding = _as_wanted(full & (distance_N1TC < window), config, dtype)
    if len(kinds) < 2:
        return sliding
    return {"full_attention": _as_wanted(full, config, dtype), "sliding_attention": sliding}


def _kinds(config: Any) -> set[str]:
    """Of layers, as a configuration names them; none where all are alike."""
    names = ("layer_types", "attention_layers")
    return {kind for name in names for kind in getattr(config, name, None) or ()}


def _as_wanted(seen: Tensor, config: Any, dtype: torch.dtype) -> Tensor:
    """As a mask, or as what is added to the scores, by the kind of attention."""
    if config._attn_implementation == "sdpa":
        return seen
    return torch.zeros_like(seen, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
