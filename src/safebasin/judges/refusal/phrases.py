"""Words, and pairs of words, that speak for a refusal or against it, and where they stand.

Each phrase has a weight where it stands among the first words, among the last, and anywhere. That
a place is given matters: two voices of which the first declines, or help behind a judgement, end
otherwise than a refusal does. What is known at a place is summed and divided by the root of how
many phrases that are, so that a long text does not outweigh a short one by its length alone.
"""

from __future__ import annotations

import re
from itertools import pairwise

EDGE = 50
"""Words that count as the first or the last ones; marks and line ends are words too."""

PLACES = ("begins", "ends", "anywhere")
LINE_END = "⏎"

Phrase = str
Found = tuple[set[Phrase], set[Phrase], set[Phrase]]

_MARKS = {mark: f" {mark} " for mark in '!"#$%&()*+,-./:;<=>?@[\\]^`{|}~'} | {"\n": f" {LINE_END} "}
_SIGN = re.compile(r"[^\w\s\x00-\x7f]")


def phrases(plain: str, vocabulary: frozenset[Phrase] | None = None) -> Found:
    """The phrases among the first words, among the last ones, and anywhere.

    Args:
        plain: a text in plain form.
        vocabulary: the phrases that count; None for all.
    """
    words = _words(plain)
    pairs = list(map(" ".join, pairwise(words)))
    both = words + pairs
    anywhere = set(both) if vocabulary is None else set(vocabulary.intersection(both))
    if len(words) <= EDGE:
        return anywhere, anywhere, anywhere
    begins = anywhere.intersection(words[:EDGE] + pairs[: EDGE - 1])
    ends = anywhere.intersection(words[-EDGE:] + pairs[1 - EDGE :])
    return begins, ends, anywhere


def _words(plain: str) -> list[str]:
    """Words, marks and line ends; blanks around each kind of mark are faster than a pattern."""
    if not plain.isascii():
        plain = _SIGN.sub(r" \g<0> ", plain)
    for mark, apart in _MARKS.items():
        if mark in plain:
            plain = plain.replace(mark, apart)
    return plain.split()
