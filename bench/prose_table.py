"""Which words follow one another in English: counted once, to be the table that `prose` reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from safebasin.judges.prose_words import SHAPES, STOPS, Kinds, Table, shape


def make(folder: Path, kinds: int = 44, words: int = 600, rounds: int = 20) -> Table:
    """Count English prose and sort its commonest words into kinds.

    A word is moved to the kind under which its neighbours are likeliest until no word moves: hard
    clustering by the likelihood of pairs, from a start where the commonest words have a kind each
    and the rest the kind of their ending.
    """
    texts = [path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.txt"))]
    letters = count_letters(texts)
    start = Table(
        tuple((f" {n}",) for n in range(kinds)) + tuple((s,) for s in SHAPES), (), letters
    )
    chosen = common(texts, words)
    kind_T, word_T, number = tokens(texts, start, chosen)
    shapes = np.array([number[shape(word)] for word in chosen])
    kind_W = np.where(np.arange(len(chosen)) < kinds, np.arange(len(chosen)), shapes)
    movable = [*range(kinds), *(number[name] for name in SHAPES[:7])]
    for _ in range(rounds):
        placed_T = np.where(word_T >= 0, kind_W[word_T], kind_T)
        evidence = log_odds(placed_T, number)
        fit = neighbours(word_T, placed_T, len(chosen), len(number)) @ np.concatenate(
            [evidence.T, evidence]
        )
        moved = np.array(movable)[fit[:, movable].argmax(1)]
        if (moved == kind_W).all():
            break
        kind_W = moved
    pairs = log_odds(np.where(word_T >= 0, kind_W[word_T], kind_T), number)
    rows = []
    for place in range(kinds + len(SHAPES)):
        own = [w for w, k, s in zip(chosen, kind_W, shapes, strict=True) if k == place != s]
        rows.append((*start.words[place][place < kinds :], *own))
    return Table(tuple(rows), tuple(map(tuple, pairs.clip(-3, 3))), letters)


def common(texts: Sequence[str], count: int) -> list[str]:
    """The commonest words that occur in most of the texts."""
    pattern = re.compile(r"(?<![\w'])(?:[a-z]+(?:'[a-z]+)?|I(?:'[a-z]+)?)(?![\w']|\.\w)")
    counts = [Counter(pattern.findall(text.replace("’", "'"))) for text in texts]
    spread = Counter(word for counted in counts for word in counted)
    total = sum(counts, Counter[str]())
    wide = [word for word, _ in total.most_common() if spread[word] > 0.6 * len(texts)]
    plain = [word.lower() for word in wide if len(word) > 1 or word in "aI"]
    return list(dict.fromkeys(plain))[:count]


def tokens(
    texts: Sequence[str], start: Table, chosen: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """The kinds of all words under `start`, and which of the chosen words each is (-1: none)."""
    kinds, mark, base = Kinds(start), 255, 250
    kinds.known = {word: bytes([mark, *divmod(n, base)]) for n, word in enumerate(chosen)}
    kind_T: list[int] = []
    word_T: list[int] = []
    for text in texts:
        said = iter(b"".join(map(kinds.__getitem__, text.replace("\n", " | ").split())))
        for kind in said:
            kind_T.append(kind)
            word_T.append(next(said) * base + next(said) if kind == mark else -1)
        kind_T.append(kinds.number["break"])
        word_T.append(-1)
    return np.array(kind_T), np.array(word_T), kinds.number


def log_odds(kind_T: np.ndarray, number: dict[str, int]) -> np.ndarray:
    """By two kinds, log p(second | first) / p(second), drawn to 0 by five imagined pairs.

    Pairs with what is no part of a sentence say nothing, nor do two stops; an odd word is a word.
    """
    n = np.zeros((len(number), len(number)))
    np.add.at(n, (kind_T[:-1], kind_T[1:]), 1)
    silent = [number["break"], number["alien"]]
    n[silent] = n[:, silent] = 0
    expected = np.outer(n.sum(1), n.sum(0)) / n.sum()
    odds: np.ndarray = np.log((n + 5) / (expected + 5))
    odds[silent] = odds[:, silent] = 0
    stops = [number[name] for name in STOPS]
    odds[np.ix_(stops, stops)] = 0
    odds[number["odd"]] = odds[number["word"]]
    odds[:, number["odd"]] = odds[:, number["word"]]
    return odds


def neighbours(word_T: np.ndarray, kind_T: np.ndarray, words: int, kinds: int) -> np.ndarray:
    """By word: how often each kind follows it, and then how often each precedes it."""
    after, before = np.zeros((words, kinds)), np.zeros((words, kinds))
    first, second = word_T[:-1] >= 0, word_T[1:] >= 0
    np.add.at(after, (word_T[:-1][first], kind_T[1:][first]), 1)
    np.add.at(before, (word_T[1:][second], kind_T[:-1][second]), 1)
    both: np.ndarray = np.concatenate([after, before], axis=1)
    return both


def count_letters(texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    """By two letters, the log of how often the second follows the first in words of some length."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts += Counter(set(re.findall(r"\b[a-z]{4,}\b", text)))
    coded = np.frombuffer(("`" + "`".join(counts.elements()) + "`").encode(), dtype=np.uint8) - 96
    n = np.ones((27, 27))
    np.add.at(n, (coded[:-1], coded[1:]), 1)
    return tuple(map(tuple, np.log(n / n.sum(1, keepdims=True)).clip(-4.6)))
