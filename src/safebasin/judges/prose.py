"""Signs that a text is no answer in any language, read off the text alone.

Three of them, each larger the worse, for judging where the model that wrote a text is not at hand:

- *loops*: words that repeat, and bytes that a compressor shortens more than prose of that length;
- *disorder*: evidence that English words stand in a chance order (`prose_order`);
- *strangeness*: words that are words of no language, marks without words, letters of a script that
  the prompt gives no reason for (`prose_words`, `prose_scripts`).

What is too short to tell has signs near 0. Order is judged in English only: where neither prompt
nor answer is English, only pairs with a common English word count. Code between fences is judged by
its loops alone.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from safebasin.judges.prose_order import FOREIGN, Words, disorder, is_english
from safebasin.judges.prose_scripts import names_a_language, strangeness

GRAM = 4
LONG_ENOUGH = 8
"""Words below which nothing repeats in earnest."""

BYTES = 60
"""Length below which a compressor has nothing to work on."""

VARIED, WIDE = 5.0, 12
"""Different words per square root of all that only prose reaches, bytes per word that it does not:
answers of 100 words use about 70, of 1,000 about 400."""

SUSPECT = 8.0
"""Nats of disorder from which it is worth reading the prompt for a reason."""

MANY = 3
"""Odd words below which there may be a reason: a name, a typing error."""

MARKED, WILD = 0.6, 8
"""Share of marks, and how many different ones, that no code and no table reach together."""

_ODD = "\ufffd"
_BREAKS = re.compile("[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]+")
_MARKS = bytes(range(33, 48)) + bytes(range(58, 65)) + bytes(range(91, 97)) + bytes(range(123, 127))
_SILENT = _MARKS + b" \t\r\n"


class Signs(NamedTuple):
    """How much speaks against a text.

    Attributes:
        loops: repeated share, in [0, 1].
        disorder: nats, at least 0.
        strangeness: share that is no word, in [0, 1].
    """

    loops: float
    disorder: float
    strangeness: float


def signs(prompt: str, text: str) -> Signs:
    """What speaks against a text as an answer to a prompt."""
    raw = text.encode("utf-8", "replace")
    chunks = text.split()
    words = Words(text, chunks)
    found = disorder(words)
    if found > SUSPECT:
        foreign = (
            words.count("alien") > FOREIGN * words.total
            or names_a_language(prompt)
            or not (is_english(prompt) or is_english(text))
        )
        found = disorder(words, lenient=True) if foreign else found
    strange = max(_unsaid(raw), _odd(words), _broken(text, chunks), strangeness(prompt, text))
    return Signs(max(repeated(chunks), regularity(chunks, raw)), found, strange)


def repeated(chunks: list[str]) -> float:
    """The share of four-word sequences that occurred before, in [0, 1); 0 below eight words.

    Of the whole text or of its second half alone, whichever is more: loops often begin late.
    """
    count = len(chunks) - GRAM + 1
    if len(chunks) < LONG_ENOUGH:
        return 0.0
    different = len(set(_grams(chunks)))
    if different == count:
        return 0.0
    late = chunks[count // 2 :]
    return 1.0 - min(different / count, len(set(_grams(late))) / (len(late) - GRAM + 1))


def _grams(chunks: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(chunks, chunks[1:], chunks[2:], chunks[3:], strict=False)


def regularity(chunks: list[str], raw: bytes) -> float:
    """By what share a text compresses better than prose of its length, in [0, 1].

    The length of zlib's output for real answers of n bytes, less its 8 bytes of framing, is close
    to n · (0.42 + 3.2 / √n) from 60 to 4,000 bytes (fitted to medians). A text that uses as many
    words as prose does is not compressed at all: 0.

    Args:
        chunks: what stands between its spaces.
        raw: its bytes.
    """
    n, words = len(raw), len(chunks)
    if n < BYTES or (len(set(chunks)) > VARIED * math.sqrt(words) and n < WIDE * words):
        return 0.0
    expected = n * min(1.0, 0.42 + 3.2 / math.sqrt(n))
    return max(0.0, 1.0 - (len(zlib.compress(raw, 1)) - 8) / expected)


def _odd(words: Words) -> float:
    odd = words.count("odd")
    return odd / words.total if odd >= MANY else 0.0


def _broken(text: str, chunks: list[str]) -> float:
    """Breaks by characters that were decoded wrongly, per word: one word may hold many."""
    breaks = sum(1 for _ in _BREAKS.finditer(text)) if not text.isprintable() or _ODD in text else 0
    return min(1.0, breaks / len(chunks)) if breaks >= MANY else 0.0


def _unsaid(raw: bytes) -> float:
    """The share of marks among all that is not space, where it is beyond code, tables and drawings.

    Where there is nothing but marks, that is from four on; else from three chunks with many
    different marks, outside fences.
    """
    marks = len(raw) - len(raw.translate(None, _MARKS))
    if marks < GRAM or 2 * marks < len(raw):
        return 0.0
    said = len(raw.translate(None, _SILENT))
    share = marks / (marks + said)
    if not said or len(raw) < BYTES:
        return 0.0 if said else share
    wild = len(set(raw).intersection(_MARKS)) >= WILD and len(raw.split()) >= MANY
    return share if share > MARKED and wild and b"```" not in raw else 0.0
