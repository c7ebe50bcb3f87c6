"""A guard that is loaded, and its answers to one batch after another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safebasin.engines.plain import decode
from safebasin.engines.rules import Rules
from safebasin.judges.base import Exchange
from safebasin.judges.guards.description import ON_MENU, Guard, Reading
from safebasin.judges.guards.form import Data, form
from safebasin.judges.guards.menu import FirstTokens, first_tokens, next_token, shares
from safebasin.judges.guards.tokens import Tokens, TooLongError
from safebasin.models.load import load
from safebasin.models.plain_text import markers
from safebasin.models.shown import shown
from safebasin.records import ModelRef

#: Guards need not have a chat template, which loading asks for: this one stands in for it.
_PLAIN = Path(__file__).with_name("plain.jinja")

CONTEXT = 8192
"""Tokens that are read at most, though some guards could read millions: what a chat model answers
to one request is shorter, and memory is not."""

WRITTEN_TOKENS = 16
"""How long a guard may write, where it names categories or answers off the menu."""


@dataclass
class Asked:
    """One sheet of one exchange, while it is being answered.

    Attributes:
        at: which exchange it belongs to.
        sheet: which sheet it is.
        text: the filled form.
        said: what follows it: the answers so far, with their leads.
        notes: what was done to the exchange.
        readings: of the fields so far.
        written: see `Answered`.
        failure: why there is no answer; empty while there may be one.
    """

    at: int
    sheet: str
    text: str = ""
    said: str = ""
    notes: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    written: str = ""
    failure: str = ""


class LoadedGuard:
    """A guard's weights and forms."""

    def __init__(self, guard: Guard, ref: ModelRef, *, name: str, device: str, dtype: str) -> None:
        """Load it.

        Args:
            guard: whose format it is.
            ref: the model, by its folders.
            name: what it is called in messages.
            device: as for `models.load`.
            dtype: as for `models.load`.

        Raises:
            InputRejectedError, IntegrityError, ResourceError: the weights cannot be used, or the
                chat template or tokenizer is not the guard's.
        """
        loaded = load(ref, device=device, dtype=dtype, chat_template=_PLAIN)
        tokenizer = loaded.tokenizer
        context = min(_positions(loaded.model), CONTEXT)
        self._guard, self._name, self._loaded = guard, name, loaded
        self._tokens = Tokens(tokenizer, context=context, model=name)
        self._data = Data(guard.markup, markers(tokenizer))
        self._forms = {
            sheet.name: form(guard, sheet, tokenizer, model=name) for sheet in guard.sheets
        }
        self._options: dict[tuple[str, str], FirstTokens] = {}

    def fill(self, at: int, exchange: Exchange) -> Iterable[Asked]:
        """The sheets of an exchange, ready to be answered; or failed, if it does not fit."""
        for sheet, blank in self._forms.items():
            asked = Asked(at, sheet)
            try:
                asked.text, asked.notes = self._tokens.fit(
                    blank,
                    self._data,
                    exchange.prompt.text,
                    exchange.answer,
                    most=self._guard.response_tokens,
                    end=self._guard.keeps_end,
                )
            except TooLongError as error:
                asked.failure = str(error)
            yield asked

    def answer(self, batch: Sequence[Asked]) -> None:
        """Answer all fields of some sheets, by one forward pass a field for all of them."""
        for number in range(len(self._guard.fields)):
            asked = [each for each in batch if not each.failure]
            if asked:
                self._answer_field(asked, number)
        if self._guard.explained:
            option, said = self._guard.explained
            chosen = [each for each in batch if each.readings and _said(each, 0) == option]
            for each, written in zip(chosen, self._write(chosen, said), strict=True):
                each.written = written

    def _answer_field(self, batch: list[Asked], number: int) -> None:
        """The answer goes on the sheet in its first spelling: later fields are asked after it."""
        menu = self._guard.fields[number]
        for each in batch:
            each.said += menu.lead
        contexts = [self._tokens.ids(each.text + each.said) for each in batch]
        off_menu: list[tuple[Asked, float]] = []
        for each, log_p_V in zip(batch, next_token(self._loaded.model, contexts), strict=True):
            share = shares(log_p_V, self._options_of(each, number))
            total = sum(share.values())
            if not math.isfinite(total):
                each.failure = "the guard's logits are not finite"
            elif total < ON_MENU:
                off_menu.append((each, total))
            else:
                each.readings.append({name: p / total for name, p in share.items()})
                each.said += dict(menu.options)[_said(each, number)][0]
        names = ", ".join(name for name, _ in menu.options)
        wrote = self._write([each for each, _ in off_menu])
        for (each, total), text in zip(off_menu, wrote, strict=True):
            each.failure = (
                f"off the menu: {shown(text, 60)} instead of one of {names} (together {total:.2g})"
            )

    def _options_of(self, asked: Asked, number: int) -> FirstTokens:
        """They depend on the guard's own words only, so they are found once for each of these."""
        key = asked.sheet, asked.said
        if key not in self._options:
            self._options[key] = first_tokens(
                self._tokens,
                self._forms[asked.sheet].filled("x", "x") + asked.said,
                self._guard.fields[number],
                model=self._name,
            )
        return self._options[key]

    def _write(self, batch: Sequence[Asked], said: str | None = None) -> list[str]:
        """What the guard writes after its answers so far, or after `said`."""
        if not batch:
            return []
        rows = decode(
            self._loaded.model,
            [self._tokens.ids(each.text + (each.said if said is None else said)) for each in batch],
            Rules(end_ids=self._loaded.end_ids, max_new_tokens=WRITTEN_TOKENS),
        )
        tokenizer = self._loaded.tokenizer
        return [tokenizer.decode(row.token_ids, skip_special_tokens=True) for row in rows]


def _positions(model: Any) -> int:
    """How many tokens a model can read.

    A configuration as of Llama Guard 4 may say that its attention has no chunks, which transformers
    then looks for in vain. One chunk for all positions is the same.
    """
    config = model.config.get_text_config()
    if getattr(config, "attention_chunk_size", 0) is None:
        config.attention_chunk_size = config.max_position_embeddings
    return int(config.max_position_embeddings)


def _said(asked: Asked, number: int) -> str:
    found = asked.readings[number]
    return max(found, key=lambda name: found[name])
