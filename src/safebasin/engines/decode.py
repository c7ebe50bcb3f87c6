"""Decoding of many prompts on few rows: none waits for another.

A row leaves when its response has ended, when its verdict can no longer change, or when its logits
stop being numbers; the next prompt takes its place. What all prompts begin with is read once. And
each step checks some guessed tokens of every row, so that what is likely costs little.

What comes out is what `plain.decode` says, but for the last bits of logits, which depend on how
many tokens are read together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any

import torch

from safebasin.engines.cache import Slots
from safebasin.engines.drafting import Draft, width
from safebasin.engines.reading import Reading
from safebasin.engines.rules import Row, Rules

ENTERING = 1 / 8
"""Prompts are read when so many rows are free: reading a few costs as much as reading many."""

LOGITS_BYTES = {"cpu": 64 << 20, "cuda": 2 << 30}
"""What the logits of one step may take: guesses are not checked beyond it."""


@dataclass
class _Running(Row):
    """A response in the making: which one it is, what was asked, and what is guessed."""

    number: int = 0
    prompt: Sequence[int] = ()
    draft: Draft = field(default_factory=Draft)

    @property
    def position(self) -> int:
        """Of the last token, which the network has not read yet."""
        return len(self.prompt) + len(self.token_ids) - 1

    @property
    def last(self) -> int:
        return self.token_ids[-1] if self.token_ids else self.prompt[-1]


@torch.inference_mode()
def decode(
    model: Any,
    prompts: Sequence[Sequence[int]],
    rules: Rules,
    *,
    drafts: Sequence[Sequence[int]] | None = None,
    slots: Slots,
) -> list[Row]:
    """A response to every prompt.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        prompts: token ids; any lengths of at least one.
        rules: when a response ends.
        drafts: for each prompt, what its response may begin with.
        slots: from `reading.slots_for`; as many responses are made at once as it has rows.

    Returns:
        A finished row for each prompt, in order.
    """
    every = [
        _Running(number=number, prompt=prompt, draft=Draft(drafts[number] if drafts else ()))
        for number, prompt in enumerate(prompts)
    ]
    _Decoding(model, rules, slots).run(every)
    return [Row(one.token_ids, one.finish) for one in every]


class _Decoding:
    """The rows that are running, in the first slots of a cache."""

    def __init__(self, model: Any, rules: Rules, slots: Slots) -> None:
        self.model, self.rules, self.slots = model, rules, slots
        self.feed = Reading(model, slots).feed
        self.running: list[_Running] = []

    def run(self, every: Sequence[_Running]) -> None:
        """Make all responses, in order, on as many rows as there are."""
        waiting = list(every)
        while waiting or self.running:
            free = self.slots.rows - len(self.running)
            if waiting and free >= ENTERING * self.slots.rows:
                self._read_prompts(waiting[:free])
                del waiting[:free]
            self._step()
            self._leave()

    def _read_prompts(self, entering: Sequence[_Running]) -> None:
        """All tokens but the last one of each prompt; what they share only once."""
        first, stop = len(self.running), len(self.running) + len(entering)
        heads = [tuple(one.prompt[:-1]) for one in entering]
        shared = _shared(heads) if len(heads) > 1 else 0
        if shared:
            self.feed(first, [heads[0][:shared]], [0])
            self.slots.copy(first, first + 1, stop, shared)
        rests = [head[shared:] for head in heads]
        if any(rests):
            self.feed(first, rests, [shared] * len(rests))
        self.running += entering

    def _step(self) -> None:
        """Read on in every row, as many guessed tokens as pays."""
        limit = self.rules.max_new_tokens
        guesses = [
            one.draft.next(one.token_ids, limit - len(one.token_ids) - 1) for one in self.running
        ]
        likely = [
            (len(guess), one.draft.trust) for guess, one in zip(guesses, self.running, strict=True)
        ]
        read = width(likely, self._most_logits())
        self._check([guess[: read - 1] for guess in guesses])

    def _check(self, guesses: Sequence[Sequence[int]]) -> None:
        """Read the last token of every row and its guesses, and keep what is right."""
        rows = self.running
        fed = [(one.last, *guess) for one, guess in zip(rows, guesses, strict=True)]
        logits_NTV = self.feed(0, fed, [one.position for one in rows], every=True)
        place_M = [(row, at) for row, ids in enumerate(fed) for at in range(len(ids))]
        row_M, at_M = torch.tensor(place_M, device=logits_NTV.device).T
        token_M, finite_M = self.rules.pick(
            logits_NTV[row_M, at_M],
            [rows[row].number for row, _ in place_M],
            [len(rows[row].token_ids) + at + 1 for row, at in place_M],
            lambda place: self._history(*place_M[place], guesses),
        )
        if any(guesses) and not finite_M.all():
            self._check_nothing()
            return
        said = iter(zip(token_M.tolist(), finite_M.tolist(), strict=True))
        for one, guess in zip(rows, guesses, strict=True):
            right = self._extend(one, guess, list(islice(said, len(guess) + 1)))
            one.draft.checked(len(guess), right)

    def _history(
        self, row: int, at: int, guesses: Sequence[Sequence[int]]
    ) -> tuple[Sequence[int], Sequence[int]]:
        """What stands before a checked token: its prompt, and the tokens so far with guesses."""
        one = self.running[row]
        return one.prompt, [*one.token_ids, *guesses[row][:at]]

    def _check_nothing(self) -> None:
        """The step again without guesses: one may overflow that the row itself would never say."""
        for row, one in enumerate(self.running):
            self.slots.wipe(row, one.position)
        self._check([()] * len(self.running))

    def _extend(self, one: _Running, guess: Sequence[int], said: Sequence[tuple[int, bool]]) -> int:
        """Take what the network said, up to the first wrong guess; returns how many were right."""
        right = 0
        for token, finite in said:
            self.rules.extend(one, token, finite=finite)
            if one.finish or right == len(guess) or token != guess[right]:
                break
            right += 1
        return right

    def _leave(self) -> None:
        """Finished rows make room; the last row moves into each gap."""
        for row in reversed(range(len(self.running))):
            if not (finish := self.running[row].finish):
                continue
            if finish == "numeric_failure":
                self.slots.wipe(row)
            last = self.running.pop()
            if row < len(self.running):
                self.slots.copy(len(self.running), row, row + 1, last.position)
                self.running[row] = last

    def _most_logits(self) -> int:
        """How many tokens of each row may be checked at once."""
        room = LOGITS_BYTES.get(self.model.device.type, LOGITS_BYTES["cpu"])
        vocabulary: int = self.model.config.get_text_config().vocab_size
        return max(1, room // (4 * len(self.running) * vocabulary))


def _shared(heads: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all begin with: as many as the first and the last in order have in common."""
    pairs = zip(min(heads), max(heads), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
