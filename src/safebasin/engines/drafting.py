"""Guesses at how a response goes on, and how many of them are worth checking at once.

A network reads several tokens in hardly more time than one, and says of each what it would have
said there itself. So tokens that are guessed right cost nothing, and tokens that are guessed wrong
are thrown away: the response is what it would have been.

Source: Leviathan, Kalman and Matias, "Fast inference from transformers via speculative decoding",
ICML 2023, with guesses from text instead of a second model, as in Saxena, "Prompt lookup decoding"
(2023). Here the first guess is the response at the origin, because inside a basin most responses
are the same; and a response that goes in circles is guessed from itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

FIRST = 8
"""Tokens that are guessed at first; twice as many whenever all of them were right."""

MOST = 64

GRAM = 3
"""So many tokens that occurred before, in this order, are expected to go on as they did then."""

FREE = 96
"""Tokens that are read in about the time that a step takes anyway."""

HOPE = 0.8
"""How likely a guessed token is before anything is known."""


_Followed = dict[tuple[int, ...], int]
"""Where a text went on after some tokens, the last time."""


@dataclass
class Draft:
    """What is guessed of one response while it is being made.

    Attributes:
        expected: the response at the origin.
        trust: how often guesses were right of late, from 0 to 1.
    """

    expected: Sequence[int] = ()
    trust: float = HOPE
    _length: int = FIRST
    _apart: bool = False
    _own: _Followed = field(default_factory=dict)
    _others: _Followed = field(default_factory=dict)
    _read: int = 0

    def next(self, token_ids: Sequence[int], most: int) -> list[int]:
        """The tokens that may follow.

        Args:
            token_ids: the response so far; it only ever grows.
            most: at most so many are wanted.
        """
        length = min(self._length, most)
        start = len(token_ids)
        if not self._apart and tuple(token_ids) == tuple(self.expected[:start]):
            return list(self.expected[start : start + length])
        self._apart = True
        return self._again(token_ids, length)

    def checked(self, guessed: int, right: int) -> None:
        """Learn how many of the tokens guessed last were right."""
        if guessed:
            self.trust = (self.trust + right / guessed) / 2
            self._length = min(2 * self._length, MOST) if right == guessed else max(right, 2)

    def _again(self, token_ids: Sequence[int], length: int) -> list[int]:
        """What followed the last tokens where they stood before: here, or else at the origin."""
        _note(self._own, token_ids, self._read)
        self._read = len(token_ids)
        last = tuple(token_ids[-GRAM:])
        if (place := self._own.get(last)) is not None:
            circle = token_ids[place:]
            return [circle[step % len(circle)] for step in range(length)]
        if not self._others:
            _note(self._others, self.expected, 0)
        place = self._others.get(last, len(self.expected))
        return list(self.expected[place : place + length])


def _note(followed: _Followed, token_ids: Sequence[int], read: int) -> None:
    for end in range(max(read, GRAM), len(token_ids)):
        followed[tuple(token_ids[end - GRAM : end])] = end


def width(drafts: Sequence[tuple[int, float]], most: int) -> int:
    """How many tokens of each row to read in the next step: the most new ones for the time.

    Args:
        drafts: of each row, how many tokens are guessed and how likely each of them is right.
        most: what memory allows, at least 1.

    Returns:
        One more than the number of guesses that are checked.
    """
    longest = max((length for length, _ in drafts), default=0)
    choices, read = [1], 1
    while read <= longest and 2 * read <= most:
        read = min(2 * read, longest + 1)
        choices.append(read)
    return max(choices, key=lambda read: _gain(drafts, read) / (FREE + len(drafts) * read))


def _gain(drafts: Sequence[tuple[int, float]], read: int) -> float:
    """New tokens that are expected of a step: one of each row, and one for each right guess."""
    return sum(_expected(min(length, read - 1), trust) for length, trust in drafts)


def _expected(length: int, trust: float) -> float:
    """1 + p + p² + … + pⁿ."""
    return length + 1.0 if trust >= 1 else (1 - trust ** (length + 1)) / (1 - trust)
