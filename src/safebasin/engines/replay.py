"""Passes of a network that are recorded once for each of a few shapes, and replayed from then on.

On a GPU the layers of a step take less time than to call them one by one. As long as nothing but
what some tensors hold changes, the calls can be recorded as a CUDA graph and made again at once. So
tokens, positions and rows are written into tensors that stay where they are; a pass is filled up to
a shape that others have too; weights are moved in place; and the cache forgets all recordings when
it takes new memory.

Each recording is compared with the pass that it was made from, bit for bit, so that an answer does
not depend on what was recorded before it. Where one fails or differs, passes are called from then
on, in the same shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Run = Callable[[], Tensor]
"""Something that is done with what tensors hold, and always leaves its result in the same one."""

Record = Callable[[Run], Run]
"""Makes something faster that does the same."""

Read = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""From tokens, their positions, the rows they are written to, and columns looked at, to logits."""

ROWS, COLUMNS = 16, 64
"""Shapes are multiples of these, and powers of two in tokens: few enough to record them all."""

MOST = 256
"""Recordings, each of which takes some megabytes; shapes beyond are called."""


class Shape(NamedTuple):
    """Of a pass: rows, tokens in each, and columns of the cache that are looked at."""

    rows: int
    tokens: int
    columns: int

    def rounded(self, most_rows: int) -> Shape:
        """The shape that passes of about this size have in common."""
        return Shape(
            min(_up(self.rows, ROWS), most_rows),
            1 << (self.tokens - 1).bit_length(),
            _up(self.columns, COLUMNS),
        )


class Replays:
    """The recordings that belong to one cache."""

    def __init__(self, record: Record) -> None:
        """None yet.

        Args:
            record: from `recorder`.
        """
        self._record: Record | None = record
        self._kept: dict[Shape, _Recording] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def forget(self) -> None:
        """Nothing that was recorded is true any longer."""
        self._kept.clear()

    def __call__(
        self, read: Read, token_NT: Tensor, position_NT: Tensor, row_N: Tensor, columns: int
    ) -> Tensor:
        """A pass, called or replayed.

        Args:
            read: depends on its arguments, the weights and the cache alone, and waits for nothing.
            token_NT: of a rounded shape.
            position_NT: of each token.
            row_N: of the cache, that each row is written to.
            columns: of the cache that are looked at.

        Returns:
            Logits, which the next pass may overwrite.
        """
        inputs = token_NT, position_NT, row_N
        shape = Shape(len(token_NT), token_NT.shape[1], columns)
        if (kept := self._kept.get(shape)) is not None:
            return kept.again(inputs)
        if self._record is None or len(self._kept) >= MOST:
            return read(*inputs, columns)
        return self._recorded(self._record, read, shape, inputs)

    def _recorded(
        self, record: Record, read: Read, shape: Shape, inputs: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        held = tuple(given.clone() for given in inputs)
        token_NT, position_NT, row_N = held
        called = read(token_NT, position_NT, row_N, shape.columns)
        try:
            replay = record(lambda: read(token_NT, position_NT, row_N, shape.columns))
            replay().zero_()  # what is left from recording would pass for what is replayed
            same = _same_bits(called, replay())
        except RuntimeError:  # of torch: memory that runs out, or a call that cannot be recorded
            same = False
        if same:
            self._kept[shape] = _Recording(held, replay)
        else:
            self._record = None
            self.forget()
        return called


class _Recording(NamedTuple):
    held: tuple[Tensor, ...]
    replay: Run

    def again(self, inputs: tuple[Tensor, ...]) -> Tensor:
        for held, given in zip(self.held, inputs, strict=True):
            held.copy_(given)
        return self.replay()


def recorder(device: torch.device) -> Record | None:
    """How passes are recorded on a device; None where calling them costs less than they do."""
    return _Graphs(device) if device.type == "cuda" else None


class _Graphs:
    """Makes CUDA graphs, which share the memory of what lies between tokens and logits."""

    def __init__(self, device: torch.device) -> None:
        self._device = device  # which need not be the current one, on which all else would happen
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __call__(self, run: Run) -> Run:
        with torch.cuda.device(self._device):
            graph, result = self._graph(run)

        def replay() -> Tensor:
            with torch.cuda.device(self._device):
                graph.replay()
            return result

        return replay

    def _graph(self, run: Run) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            run()  # libraries take what they need on a stream before it is recorded
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            result = run()
        return graph, result


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether all numbers are equal; what is no number is like any other that is none."""
    return bool(((one == other) | (one.isnan() & other.isnan())).all())


def _up(number: int, step: int) -> int:
    return -(-number // step) * step
