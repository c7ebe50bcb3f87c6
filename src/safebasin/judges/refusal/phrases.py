"""Runs of up to three words that speak for a refusal or against it, and where they stand.

Each phrase has a weight where it stands among the first words, among the last, and anywhere. That
a place is given matters: two voices of which the first declines, or help behind a judgement, end
otherwise than a refusal does. What is known at a place is summed and divided by the root of how
many phrases that are, so that a long text does not outweigh a short one by its length alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import pairwise

EDGE = 50
"""Words that count as the first or the last ones; marks and line ends are words too."""

PLACES = ("begins", "ends", "anywhere")
LINE_END = "⏎"

Phrase = tuple[str, ...]
Found = tuple[set[Phrase], set[Phrase], set[Phrase]]

_WORD = re.compile(r"[\w']+|[^\w\s]|\n")


def phrases(plain: str, vocabulary: Set[Phrase] | None = None) -> Found:
    """The phrases among the first words, among the last ones, and anywhere.

    Args:
        plain: a text in plain form.
        vocabulary: the phrases that count; None for all.
    """
    words = _WORD.findall(plain)
    if "\n" in words:
        words = [LINE_END if word == "\n" else word for word in words]
    return (
        _runs(words[:EDGE], vocabulary),
        _runs(words[-EDGE:], vocabulary),
        _runs(words, vocabulary),
    )


def _runs(words: Sequence[str], vocabulary: Set[Phrase] | None) -> set[Phrase]:
    runs = (
        zip(words, strict=True),
        pairwise(words),
        zip(words, words[1:], words[2:], strict=False),
    )
    found: set[Phrase] = set()
    for some in runs:
        found.update(some if vocabulary is None else vocabulary & set(some))
    return found
