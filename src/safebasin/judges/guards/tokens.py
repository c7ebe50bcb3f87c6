"""From a filled form to the tokens of a guard, within its context."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from safebasin.errors import InputRejectedError
from safebasin.judges.guards.form import CLOSE, OPEN, Data, Form
from safebasin.models.plain_text import without_markers
from safebasin.models.shown import shown

RESERVED = 64
"""Tokens of the context that are kept free for the answer."""

LETTERS = 64
"""Characters that are looked at for each token of the context. No text that is worth judging has
longer tokens, and one of ten million characters need not be tokenised as a whole."""

_FRAMED = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)


class Fitted(NamedTuple):
    """A form that was filled so that it fits, and what was done to request and response."""

    text: str
    notes: list[str]


class TooLongError(Exception):
    """The request leaves no room for a response; the text says so."""


class Tokens:
    """A guard's tokenizer, and how many tokens the guard can read."""

    def __init__(self, tokenizer: Any, *, context: int, model: str) -> None:
        """Take hold of a tokenizer.

        Args:
            tokenizer: of the transformers library, a fast one.
            context: how many tokens the model reads at most.
            model: names the checkpoint in messages.

        Raises:
            InputRejectedError: the tokenizer cannot say where in a text a token stands.
        """
        if not tokenizer.is_fast:
            raise InputRejectedError(
                f"{shown(model)} has no tokenizer.json: load its tokenizer with transformers and "
                "save it again"
            )
        self._tokenizer = tokenizer
        self._plain = without_markers(tokenizer)
        self._bos = tokenizer.bos_token_id
        self._adds_bos = self._bos is not None and tokenizer("a")["input_ids"][:1] == [self._bos]
        self.context = min(context, tokenizer.model_max_length) - RESERVED

    def ids(self, text: str) -> list[int]:
        """The tokens of a text, with exactly one BOS if the model has one.

        What stands in frames is plain text. A text without is tokenised in one piece, as the
        makers of the guard did.
        """
        token_ids: list[int] = []
        for at, piece in enumerate(_FRAMED.split(text)):
            if at % 2:
                token_ids += self._plain.encode(piece, add_special_tokens=False).ids
            else:
                token_ids += self._tokenizer(piece, add_special_tokens=False)["input_ids"]
        if self._bos is None:
            return token_ids
        written = 0
        while written < len(token_ids) and token_ids[written] == self._bos:
            written += 1
        return [self._bos] * (written > 0 or self._adds_bos) + token_ids[written:]

    def fit(
        self, form: Form, data: Data, prompt: str, response: str, *, most: int | None, end: bool
    ) -> Fitted:
        """Fill a form, and cut the response until it fits the context.

        Args:
            form: what is filled.
            data: makes texts fit for it.
            prompt: the request, never cut.
            response: not empty.
            most: how many tokens of the response are read at most; None for all that fit.
            end: whether its end is kept rather than its beginning.

        Raises:
            TooLongError: there is no room for a single token of the response.
        """
        letters = self.context * LETTERS
        if len(prompt) > letters:
            raise TooLongError(self._no_room(f"{len(prompt)} characters"))
        seen = response[-letters:] if end else response[:letters]
        asked, notes = data.plain(prompt)
        spans = self._spans(seen)
        keep = len(spans) if most is None else min(len(spans), most)
        while keep > 0:
            kept = seen if keep == len(spans) else _cut(seen, spans, keep, end)
            said, more = data.plain(kept)
            text = form.filled(asked, said)
            excess = len(self.ids(text)) - self.context
            if excess <= 0:
                if len(kept) < len(response):
                    of = f"{keep} of its {len(spans)} tokens"
                    more.append(f"judged by the {'end' if end else 'beginning'}, {of}")
                return Fitted(text, list(dict.fromkeys(notes + more)))
            keep = max(keep - excess, keep // 2)  # control tokens as plain text count for several
        raise TooLongError(self._no_room(f"{len(self.ids(asked))} tokens"))

    def _no_room(self, length: str) -> str:
        return (
            f"a request of {length} leaves no room for the response in the guard's context of "
            f"{self.context + RESERVED} tokens"
        )

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token stands, in characters; nothing in the text is a control token."""
        sound = text.encode("utf-8", "replace").decode()  # half a surrogate pair is one character
        return list(self._plain.encode(sound, add_special_tokens=False).offsets)


def _cut(text: str, spans: list[tuple[int, int]], keep: int, end: bool) -> str:
    return text[spans[-keep][0] :] if end else text[: spans[keep - 1][1]]
