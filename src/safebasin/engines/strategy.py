"""Which strategy of decoding and scoring is right for a network, found by trying when it is loaded.

An answer must be what `generate` says to its prompt alone, whatever is asked beside it. Not every
network allows every way to get there: states of recurrent layers cannot take tokens back, or lose a
row; some layers do not heed padding. So each way is tried on a few made-up texts, the fastest
first, and `generate` itself, one prompt at a time, is what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from safebasin.engines import generated, plain
from safebasin.engines.cache import Slots
from safebasin.engines.likelihood import in_pieces, whole
from safebasin.engines.reading import TOLERANCE, slots_for, turning_point
from safebasin.engines.replay import Record
from safebasin.engines.rules import Row, Rules
from safebasin.errors import InputRejectedError
from safebasin.memory import ran_out
from safebasin.models.shown import shown

Decode = Callable[[Any, Sequence[Sequence[int]], Rules], list[Row]]

LENGTHS = (13, 1, 6, 9)
ENDS = (2, 7, 4, 7)
"""Of the texts that are tried: tokens of each prompt, and of its answer with its end."""

_END = 0


@dataclass(frozen=True)
class Strategy:
    """How a network is asked.

    Attributes:
        slots: for `decode.decode`, the fast way; None where another one is taken.
        decode: the way without slots.
        pieces: whether padded texts may be scored in pieces; otherwise whole, each alone.
        most: tokens beyond which a text is answered and scored alone; None without such a limit.
        notes: what is unusual about it, in sentences.
    """

    slots: Slots | None
    decode: Decode
    pieces: bool
    most: int | None
    notes: tuple[str, ...]


def choose(model: Any, rows: int, record: Record | None = None) -> Strategy:
    """The fastest right way of a network.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        rows: responses that are made at once.
        record: how steps are recorded; see `replay.recorder`.

    Raises:
        InputRejectedError: not even `generate` answers.
    """
    most = turning_point(model.config.get_text_config())
    slots = slots_for(model, rows, record)
    decode, note = (plain.decode, None) if slots is not None else _slow(model)
    pieces = _tried(lambda: _pieces_fit(model))
    notes = [note] if note else []
    kind = shown(model.config.model_type)
    if not pieces:
        notes.append(
            f"losses are taken of one whole text at a time, which is slower: in padded pieces "
            f"those of {kind} differ"
        )
    if most is not None:
        notes.append(
            f"{kind} turns its positions otherwise in texts of more than {most:,} tokens: prompts "
            "whose answers may become longer are answered by `generate`, each alone"
        )
    return Strategy(slots, decode, pieces, most, tuple(notes))


def _slow(model: Any) -> tuple[Decode, str]:
    kind = shown(model.config.model_type)
    heard = _Heard(model)
    try:
        expected = heard.logits(generated.alone)
    except Exception as error:
        if ran_out(error):
            raise
        raise InputRejectedError(
            f"`generate` of transformers does not answer with {kind} "
            f"({shown(type(error).__name__)}: {shown(error)}): use a model of another family"
        ) from error
    if not bool(expected.isfinite().all()):
        return plain.decode, (
            f"the logits of {kind} are not numbers on made-up texts, so which way of answering is "
            "right for it was not tried"
        )
    tries: tuple[tuple[Decode, str], ...] = (
        (plain.decode, "one token of each answer at a time: its cache takes no tokens back"),
        (
            generated.decode,
            "by `generate` of transformers, a batch at a time: its cache lets no answer go",
        ),
    )
    for decode, how in tries:
        if _tried(lambda decode=decode: _same(heard.logits(decode), expected)):  # type: ignore[misc]
            return decode, f"{kind} answers {how}; slower than other models"
    return generated.alone, (
        f"{kind} answers by `generate` of transformers, one prompt at a time, since answers would "
        "depend on each other in a batch; much slower than other models"
    )


def _tried(fits: Callable[[], bool]) -> bool:
    try:
        return fits()
    except Exception as error:
        if ran_out(error):  # says nothing of the network, and must not choose the way
            raise
        return False


class _Heard:
    """The logits of made-up answers, which are the same however they are decoded."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._size = model.config.get_text_config().vocab_size
        self._found: dict[tuple[int, int], Tensor] = {}

    def logits(self, decode: Decode) -> Tensor:
        """Of each token of each answer, in order, fp32."""
        self._found = {}
        rules = Rules(end_ids=frozenset({_END}), max_new_tokens=max(ENDS), choose=self._choose)
        decode(self._model, _texts(self._size), rules)
        return torch.stack([self._found[place] for place in sorted(self._found)])

    def _choose(
        self, logits_NV: Tensor, rows: Sequence[int], steps: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        token_ids = []
        for logits_V, row, step in zip(logits_NV, rows, steps, strict=True):
            if step <= ENDS[row]:
                self._found[row, step] = logits_V.float().clone()
            goes_on = step < ENDS[row]
            token_ids.append(1 + (11 * step + 5 * row) % (self._size - 1) if goes_on else _END)
        chosen = torch.tensor(token_ids, device=logits_NV.device)
        return chosen, torch.ones_like(chosen, dtype=torch.bool)


def _texts(size: int) -> list[list[int]]:
    return [
        [1 + (7 * place + 3 * row) % (size - 1) for place in range(length)]
        for row, length in enumerate(LENGTHS)
    ]


def _same(found: Tensor, expected: Tensor) -> bool:
    """Whether logits differ by much less than they do among each other."""
    apart = (found - expected).abs().amax(-1) / expected.std(-1)
    return bool((apart <= TOLERANCE).all())


def _pieces_fit(model: Any) -> bool:
    """Padded texts in pieces of two tokens, after a prompt, against each text whole."""
    texts, tail = (
        [text for text in _texts(model.config.get_text_config().vocab_size) if text[5:]],
        5,
    )

    def logits(logits_NTV: Tensor, _: Tensor) -> Tensor:
        return logits_NTV.float()

    found = in_pieces(model, texts, tail, logits, piece=2)
    expected = torch.cat([whole(model, text, tail, logits) for text in texts])
    return _same(found, expected)
