"""Whether the words of a text stand in an order that English prose could have.

Shuffled prose keeps every word and loses what holds words together: "of the", "to be", a capital
after a full stop. `prose_table.txt` says by how much likelier than by chance two kinds of words
follow each other, so the sum over a text's pairs is its log odds of being prose rather than salad.
Two readings of it: the *worst stretch*, the largest sum against prose over any consecutive pairs,
finds salad that begins half-way; the *whole*, standardised by what prose of that length varies,
tells short texts too.
"""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np

from safebasin.judges.prose_words import BROKEN, OTHERS, SHAPES, STOPS, Kinds, table

WIDTH = 64
"""Kinds at most: a pair of kinds is one number of twelve bits."""

PROSE, BETWEEN, WITHIN = 0.60, 0.16, 1.0
"""Nats per pair in real answers: mean, standard deviation between texts, and of one pair."""

SHORTEST = 8
"""Pairs that say something, below which one odd pair would decide about the whole."""

SHORT_LINE, LISTED, CODE_LINE = 6, 14, 24
"""Words up to which a line is a heading, a bulleted line a list's entry, a line of signs code."""

CAPITALS = ("Name", "The", "ABC")
RARE, COMMON = 0.73, -1.1
"""Nats by which content words are likelier, and common words less likely, where tokens are drawn by
chance: log(0.75 / 0.36) and log(0.13 / 0.39)."""

CONTENT = 0.52
"""Share of content words among words, up to which no long stretch of a text lacks common ones."""

WEIGHT = 4.4
"""Nats that a standard deviation of the whole is worth beside the worst stretch."""

FOREIGN = 0.12
"""Share of another language's common words from which a text is not taken for English alone."""

ENGLISH, FEWEST = 0.12, 3
"""Share of common English words that no other language reaches, words from which it can be told."""

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ENTRY = re.compile(r"\s*(?:[-*•+|>#]|\d+[.)]|[A-Za-z][.)]\s)")
_SIGN = re.compile(r"[{}=;<>\\|(]")
_SIGNS = re.compile(r"[{}=;<>\\|]|\w\(")
_STATEMENTS = frozenset(("import", "from", "def", "return", "const", "#include"))


class Words:
    """A text as kinds of words: its sentences, its lists, and how many words are what.

    Attributes:
        prose: kinds of the words in running text.
        listed: kinds of the words in headings and lists, where content words follow one another
            without anything between them.
    """

    def __init__(self, text: str, chunks: list[str]) -> None:
        """Sort the words of a text, given what stands between its spaces too."""
        kinds = _kinds()
        if "\n" not in text:
            self.prose, self.listed = b"".join(map(kinds.__getitem__, chunks)), b""
            return
        if "```" in text:
            text = _FENCED.sub("\n", text)
        stop = bytes([kinds.number["break"]])
        prose: list[bytes] = []
        listed: list[bytes] = []
        for line in text.split("\n"):
            chunks = line.split()
            if not chunks or (len(chunks) <= CODE_LINE and _is_code(line, chunks[0])):
                continue
            marker = _ENTRY.match(line)
            if marker:
                chunks = line[marker.end() :].split()
            bare = len(chunks) <= (LISTED if marker else SHORT_LINE)
            into = listed if bare else prose
            into.extend(map(kinds.__getitem__, chunks))
            into.append(stop)
        self.prose, self.listed = b"".join(prose), b"".join(listed)

    def count(self, kind: str) -> int:
        """How many words are of a kind."""
        number = _kinds().number[kind]
        return self.prose.count(number) + self.listed.count(number)

    @property
    def total(self) -> int:
        """How many words and stops there are, other than what is no part of a sentence."""
        return len(self.prose) + len(self.listed) - self.count("break")


def _is_code(line: str, first: str) -> bool:
    told = line.startswith(("    ", "\t")) or first in _STATEMENTS
    if not told and not (_SIGN.search(line) and _SIGNS.search(line)):
        return False
    return not BROKEN.search(line)


def disorder(words: Words, lenient: bool = False) -> float:
    """Evidence that words are in no order, in nats; 0 where there is nothing to go by.

    Args:
        words: of the text.
        lenient: count only pairs with one of the commonest words in them, as is fair where
            another language may be expected.
    """
    strict_KK, lenient_KK, rare_KK = _evidence()
    prose_P = _pairs(words.prose, lenient_KK if lenient else strict_KK)
    if words.listed:
        prose_P = np.concatenate([prose_P, _pairs(words.listed, lenient_KK)])
    n = int(np.count_nonzero(prose_P))
    if not n:
        return 0.0
    spread = math.sqrt(BETWEEN**2 + WITHIN**2 / n)
    whole = WEIGHT * (PROSE - float(prose_P.sum()) / n) / spread if n >= SHORTEST else 0.0
    rare = _worst(_pairs(words.prose, rare_KK)) if not lenient and _is_rare(words.prose) else 0.0
    return max(_worst(prose_P), rare, whole, 0.0)


def is_english(text: str) -> bool:
    """Whether as many words are common English ones as in hardly any text of another language.

    So is a text of fewer than `FEWEST` words, which cannot tell.
    """
    words = Words(text, text.split())
    kinds = words.prose + words.listed
    common, content = (len(kinds) - len(kinds.translate(None, some)) for some in _sorts())
    said = common + content + words.count("alien") + words.count("odd")
    return said < FEWEST or common >= ENGLISH * said


def _is_rare(kinds: bytes) -> bool:
    """Whether there are fewer common words than in nearly all prose."""
    common, content = (len(kinds) - len(kinds.translate(None, some)) for some in _sorts())
    return content > CONTENT * (common + content)


def _worst(odds_P: np.ndarray) -> float:
    """The largest sum against prose over consecutive pairs; 0 if none is against it."""
    if not len(odds_P):
        return 0.0
    sums_P = odds_P.cumsum()
    return float((np.maximum.accumulate(np.maximum(sums_P, 0.0)) - sums_P).max())


def _pairs(kinds: bytes, evidence_KK: np.ndarray) -> np.ndarray:
    places_T = np.frombuffer(kinds, dtype=np.uint8).astype(np.intp)
    found: np.ndarray = evidence_KK[places_T[:-1] * WIDTH + places_T[1:]]
    return found


@cache
def _kinds() -> Kinds:
    return Kinds(table())


@cache
def _sorts() -> tuple[bytes, bytes]:
    """The kinds of common words, and those of content words without a capital."""
    names = table().kinds
    plain = {*SHAPES, "odd"} - {*CAPITALS}
    common = {*names} - {*SHAPES, *STOPS, *OTHERS}
    return (
        bytes(place for place, name in enumerate(names) if name in common),
        bytes(place for place, name in enumerate(names) if name in plain),
    )


@cache
def _evidence() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log odds of prose for a pair of kinds, flat: against salad, and against two others.

    Against salad when pairs of two content words say nothing, nor do capitals; and against salad of
    rare words, as of tokens drawn by chance, where the common ones are seldom.
    """
    known = table()
    names = known.kinds
    strict_KK = np.zeros((WIDTH, WIDTH), dtype=np.float64)
    strict_KK[: len(names), : len(names)] = known.pairs
    content = [place for place, name in enumerate(names) if name in {*SHAPES, "odd"}]
    lenient_KK = strict_KK.copy()
    lenient_KK[np.ix_(content, content)] = 0.0
    titled = names.index("The")
    lenient_KK[titled] = lenient_KK[:, titled] = 0.0
    rarer_K = np.full(len(names), COMMON)
    rarer_K[content] = [0.0 if names[place] in CAPITALS else RARE for place in content]
    rare_KK = strict_KK.copy()
    rare_KK[: len(names), : len(names)] -= (np.array(known.pairs) != 0) * rarer_K
    return strict_KK.ravel(), lenient_KK.ravel(), rare_KK.ravel()
