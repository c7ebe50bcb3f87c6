"""Perplexity of a given text, in windows."""

from __future__ import annotations

import hashlib
import math
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from safebasin.errors import InputRejectedError
from safebasin.measures.base import About
from safebasin.models.load import LoadedModel
from safebasin.models.shown import shown
from safebasin.records import Items

WINDOW = 512
"""Tokens the model reads at once, if its context is not shorter."""

MAX_BYTES = 4 << 20
"""About a million tokens, all of which are read at every point."""

LOGITS_BYTES = 64 << 20
"""What the logits of one pass may take; with a large vocabulary a window is cut into pieces."""

MOST_ROWS = 16


class Perplexity:
    """exp of the mean −log p of a text's tokens.

    Each window opens with the token that opens every text of the tokenizer, or else with the last
    token of the window before it; so W - 1 tokens are scored in each, and every token of the text
    is scored once (without an opening token, all but the first). An item is a window; its value is
    the mean −log p of its scored tokens in nats, its weight their number.
    """

    def __init__(self, path: Path, *, window: int = WINDOW) -> None:
        """Read the text.

        Raises:
            InputRejectedError: the file is missing, empty, too large, not UTF-8, or holds a NUL.
        """
        self._text = _read(path)
        self._path = path
        self._window = window
        digest = hashlib.sha256(self._text.encode()).hexdigest()[:16]
        self.about = About(
            name=f"perplexity.v1.w{window}.{digest}",
            title=f"perplexity of {path.name}",
            unit="perplexity",
            higher_is_better=False,
        )
        self._windows: tuple[Any, list[list[int]]] | None = None

    @torch.inference_mode()
    def measure(self, loaded: LoadedModel) -> Items:
        """See `Measure.measure`.

        Raises:
            InputRejectedError: the text is shorter than two tokens.
        """
        windows = self._cut(loaded)
        losses = [
            loss
            for batch in _batches(windows, loaded)
            for loss in _losses(loaded.model, torch.tensor(batch, device=loaded.device))
        ]
        return {
            f"w{number:06}": (loss if math.isfinite(loss) else math.nan, len(window) - 1.0)
            for number, (window, loss) in enumerate(zip(windows, losses, strict=True))
        }

    def _cut(self, loaded: LoadedModel) -> list[list[int]]:
        """Token ids of each window; kept, because a run asks the same model at every point."""
        if self._windows is None or self._windows[0] is not loaded.tokenizer:
            opening = _opening(loaded.tokenizer)
            token_ids = loaded.tokenizer.encode(
                self._text, add_special_tokens=False, split_special_tokens=True, verbose=False
            )
            found = windows(token_ids, opening, min(self._window, _context(loaded)))
            if not found:
                raise InputRejectedError(
                    f"{self._path} has no token to predict: give a longer text"
                )
            self._windows = loaded.tokenizer, found
        return self._windows[1]


def windows(token_ids: Sequence[int], opening: int | None, window: int) -> list[list[int]]:
    """Cut a text so that each token is predicted once, from the tokens before it in its window.

    Args:
        token_ids: the text.
        opening: put before each window; None to take the token before it, where there is one.
        window: tokens in a window, at least 2; the last may have fewer.
    """
    stride, first = window - 1, 0 if opening is not None else 1
    return [
        [token_ids[start - 1] if opening is None else opening, *token_ids[start : start + stride]]
        for start in range(first, len(token_ids), stride)
    ]


def _batches(windows: list[list[int]], loaded: LoadedModel) -> Iterator[list[list[int]]]:
    """Windows of one length, the same at every point: only the last can be shorter."""
    size = 4 * len(windows[0]) * _vocabulary(loaded.model)
    rows = min(MOST_ROWS, max(1, LOGITS_BYTES // size))
    full = [window for window in windows if len(window) == len(windows[0])]
    yield from (full[start : start + rows] for start in range(0, len(full), rows))
    if len(full) < len(windows):
        yield windows[len(full) :]


def _losses(model: Any, token_ids_NT: Tensor) -> list[float]:
    """Mean −log p of each row's tokens after the first, in fp32, through one pass in pieces."""
    rows, length = token_ids_NT.shape
    piece = max(1, LOGITS_BYTES // (4 * rows * _vocabulary(model)))
    total_N = torch.zeros(rows, dtype=torch.float64, device=token_ids_NT.device)
    cache = None
    for start in range(0, length - 1, piece):
        stop = min(start + piece, length - 1)
        output = model(
            input_ids=token_ids_NT[:, start:stop],
            past_key_values=cache,
            use_cache=piece < length - 1,
        )
        cache = output.past_key_values
        log_p_NTV = output.logits.float().log_softmax(-1)
        target_NT1 = token_ids_NT[:, start + 1 : stop + 1, None]
        total_N -= log_p_NTV.gather(-1, target_NT1).squeeze(-1).double().sum(1)
    return [float(loss) for loss in total_N / (length - 1)]


def _opening(tokenizer: Any) -> int | None:
    """The token that the tokenizer puts before every text, if it does."""
    with_special = tokenizer.encode("a")
    if tokenizer.bos_token_id is not None and with_special[:1] == [tokenizer.bos_token_id]:
        return int(tokenizer.bos_token_id)
    return None


def _context(loaded: LoadedModel) -> int:
    found = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    return int(found) if found else WINDOW


def _vocabulary(model: Any) -> int:
    return int(model.config.get_text_config().vocab_size)


def _read(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputRejectedError(f"{path} is not a regular file: pass a text file")
        if found.st_size > MAX_BYTES:
            raise InputRejectedError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB: pass the part of it that you need"
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRejectedError(
            f"{path} is not UTF-8 (byte {error.start:,}): save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputRejectedError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputRejectedError(
            f"{shown(path)} cannot be read ({reason}): check the path of the text"
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text or "\0" in text:
        problem = "has a NUL character in it" if text else "holds no text"
        raise InputRejectedError(f"{path} {problem}: pass a plain text file")
    return text
