"""A network reads on in rows of a cache, each from where it is; and whether it can do so at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from safebasin.engines.cache import Slots, masks
from safebasin.engines.replay import Record, Shape
from safebasin.memory import ran_out

TOLERANCE = 0.1
"""Of `_difference`: rounding in bf16 stays below it by far, a mask that is not heeded does not."""


def slots_for(model: Any, rows: int, record: Record | None = None) -> Slots | None:
    """A cache for so many rows, or None if the network needs another kind than of keys and values.

    Whether it does is found out by trying: a few tokens are read in pieces, by rows of different
    lengths, and the logits must be those of a plain pass.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        rows: responses that are made at once.
        record: how steps are recorded; see `replay.recorder`.
    """
    try:
        fits = _difference(model) <= TOLERANCE
    except Exception as error:
        if ran_out(error):  # says nothing of the network, and must not choose the way
            raise
        fits = False
    return _slots(model, rows, record) if fits else None


@torch.inference_mode()
def _difference(model: Any) -> float:
    """Between the logits of both ways to read, relative to how much logits differ at all."""
    end = model.config.get_text_config().vocab_size
    texts = [[(7 * place + 3) % end for place in range(length)] for length in (13, 5)]
    at_once = [model(input_ids=torch.tensor([text], device=model.device)) for text in texts]
    reading = Reading(model, _slots(model, 2))
    reading.feed(0, [text[:-2] for text in texts], [0, 0])
    starts = [len(text) - 2 for text in texts]
    in_pieces_NTV = reading.feed(0, [text[-2:] for text in texts], starts, every=True)
    return max(
        float((pieces_TV[-1] - whole.logits[0, -1]).abs().max() / pieces_TV[-1].float().std())
        for pieces_TV, whole in zip(in_pieces_NTV, at_once, strict=True)
    )


def _slots(model: Any, rows: int, record: Record | None = None) -> Slots:
    return Slots(model.config.get_text_config().num_hidden_layers, rows, record)


class Reading:
    """Passes of a network over neighbouring rows of a cache."""

    def __init__(self, model: Any, slots: Slots) -> None:
        self.model, self.slots = model, slots
        self.config = model.config.get_text_config()
        # Only what fills rows up can lie beyond it, and what is read there is not looked at.
        limits = turning_point(self.config), getattr(self.config, "max_position_embeddings", None)
        self.context = min((limit for limit in limits if limit), default=1 << 30)

    def feed(
        self,
        first: int,
        ids: Sequence[Sequence[int]],
        starts: Sequence[int],
        *,
        every: bool = False,
    ) -> Tensor:
        """Let the network read on in some neighbouring rows, from a position of each.

        Shorter ones are filled up with their last token, which is overwritten later. Steps, which
        read every token of the first rows, may be recorded.

        Returns:
            Logits of all the tokens, or only of the last column.
        """
        longest = max(map(len, ids))
        shape = Shape(len(ids), longest, max(starts) + longest)
        rows = range(first, first + len(ids))
        if self.slots.replays is None or first or not every:
            return self._read(*self._filled(ids, starts, rows, shape), shape.columns, first, every)
        full = self._full(shape)
        inputs = self._filled(ids, starts, rows, full)
        logits_NTV = self.slots.replays(self._read, *inputs, full.columns)
        return logits_NTV[: shape.rows, : shape.tokens]

    def _full(self, shape: Shape) -> Shape:
        """The shape in which a pass is recorded; guesses that fill it up need columns too."""
        full = shape.rounded(self.slots.rows)
        more = full.tokens - shape.tokens
        return shape._replace(columns=shape.columns + more).rounded(self.slots.rows)

    def _filled(
        self, ids: Sequence[Sequence[int]], starts: Sequence[int], rows: Sequence[int], shape: Shape
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, positions and rows of a pass; what fills it up goes to the spare row."""
        more, device = shape.rows - len(ids), self.model.device
        filled = [[*some, *[some[-1] if some else 0] * (shape.tokens - len(some))] for some in ids]
        start_N = torch.tensor([*starts, *[starts[-1]] * more], device=device)
        return (
            torch.tensor([*filled, *[filled[-1]] * more], device=device),
            start_N[:, None] + torch.arange(shape.tokens, device=device),
            torch.tensor([*rows, *[self.slots.rows] * more], device=device),
        )

    def _read(
        self,
        token_NT: Tensor,
        position_NT: Tensor,
        row_N: Tensor,
        columns: int,
        first: int = 0,
        every: bool = True,
    ) -> Tensor:
        """A pass of the network, from a row of the cache on."""
        self.slots.open(first, row_N, position_NT, columns)
        output = self.model(
            input_ids=token_NT,
            attention_mask=masks(self.config, position_NT, columns, self.model.dtype),
            position_ids=position_NT.clamp(max=self.context - 1),
            past_key_values=self.slots,
            use_cache=True,
            logits_to_keep=token_NT.shape[1] if every else 1,
        )
        logits: Tensor = output.logits
        return logits


def turning_point(config: Any) -> int | None:
    """The length at which positions are turned otherwise, all of them, so that neighbours show."""
    found = getattr(config, "rope_parameters", None) or {}
    limits = []
    for one in (found, *(each for each in found.values() if isinstance(each, dict))):
        if one.get("rope_type") == "longrope":
            limits.append(one.get("original_max_position_embeddings"))
        elif one.get("rope_type") == "dynamic":
            limits.append(config.max_position_embeddings)
    return min((int(limit) for limit in limits if limit), default=None)
