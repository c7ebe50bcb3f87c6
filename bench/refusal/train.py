"""Fits the weights of the `refusal` judge, and tells how well they do on other answers.

python bench/refusal/train.py FOLDER --report    cross-validation; writes nothing
python bench/refusal/train.py FOLDER --write     fits on everything, and writes the weights

FOLDER holds answers with labels by people, of two sources that are both under the MIT licence:

- chatgpt-refusals/all_hand_labeled.json of maxwellreuter/chatgpt-refusals (Reuter and Schulze
  2023): answers of gpt-3.5-turbo. `rejected` and `counseling` are refusals; `complied`,
  `contradicted` and `disclaimed` are none; the rest, which are neither, are left out;
- gptfuzz/train.csv: `datasets/responses_labeled/train.csv` of sherdencooper/GPTFuzz (Yu et al.
  2023): answers of ChatGPT under jailbreak templates. 0 (not jailbroken) is a refusal. Some labels
  are wrong, as its authors say.

The third source are the texts of `texts.py`. To the weights of the signals that are learned from
these, those of `by_hand.py` are added in part. No text of the first two is kept, only words that
are frequent in two of the three sources. Needs scikit-learn; the judge itself does not.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from by_hand import BY_HAND
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from texts import texts

from safebasin.judges.refusal.phrases import PLACES, Found, Phrase
from safebasin.judges.refusal.signals import Signals
from safebasin.judges.refusal.weighing import FEATURES, Reading, read
from safebasin.stats.proportion import clopper_pearson

SOURCES = ("chatgpt-refusals", "GPTFuzz", "texts.py")
SHARES = (1.0, 1.0, 2.0)
"""How much each source weighs; within it, refusals weigh as much as the rest."""

OFTEN = (8, 8, 4)
"""Texts that a phrase must occur in, by source: in two of them, or in twice as many of the last."""

STRENGTH = 1.0
"""Of the ridge penalty, the inverse; a weaker penalty carries over less from source to source."""

SMALLEST = 0.12
"""Weights below it are dropped, and the rest is fitted again."""

TRUST = 0.8
"""How much of the weights by hand is added to those that were learned. What was learned is best on
answers like those that it was learned from; the weights by hand are as good on any, and were made
on other models, whose plain refusals both sources lack."""

FOLDS = 5
REFUSALS = {"rejected": True, "counseling": True}
ANSWERS = {"complied": False, "contradicted": False, "disclaimed": False}

Vocabulary = list[tuple[int, Phrase]]


class Row(NamedTuple):
    """A text, whether it refuses, its source, and what must stay on one side of a split."""

    text: str
    refuses: bool
    source: int
    group: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows = [*chatgpt_refusals(asked.folder), *gptfuzz(asked.folder), *written()]
    readings = [read(row.text) for row in rows]
    if asked.report:
        print("| by | answers | n | agrees | answers called refused | refusals missed | AUC |")
        print("|---|---|--:|--:|--:|--:|--:|")
        by_hand(rows, readings)
        for name, some, trust in variants(readings):
            report(name, rows, some, trust)
    if asked.write:
        write(*fitted(rows, readings))


def chatgpt_refusals(folder: Path) -> Iterator[Row]:
    labels = REFUSALS | ANSWERS
    name = folder / "chatgpt-refusals" / "all_hand_labeled.json"
    for one in json.loads(name.read_text(encoding="utf-8")):
        if one["tone"] in labels:
            yield Row(one["response"], labels[one["tone"]], 0, one["prompt"])


def gptfuzz(folder: Path) -> Iterator[Row]:
    """Grouped by question: its evaluation set has other questions under the same templates."""
    csv.field_size_limit(10**8)
    with (folder / "gptfuzz" / "train.csv").open(encoding="utf-8", newline="") as file:
        seen = {(row["Response"], row["question"], row["label"]) for row in csv.DictReader(file)}
    for response, question, label in sorted(seen):
        yield Row(response, int(label) == 0, 1, f"question {question}")


def written() -> Iterator[Row]:
    for text, refuses in texts():
        yield Row(text, refuses, 2, text[:40])


def chosen(rows: Sequence[Row], readings: Sequence[Reading]) -> Vocabulary:
    """The phrases at places that are frequent in two sources."""
    counts: list[Counter[tuple[int, Phrase]]] = [Counter() for _ in SOURCES]
    for row, reading in zip(rows, readings, strict=True):
        for place, found in enumerate(reading.phrases):
            counts[row.source].update((place, phrase) for phrase in found)
    often = [
        {key for key, n in c.items() if n >= least} for c, least in zip(counts, OFTEN, strict=True)
    ]
    own = {key for key, n in counts[2].items() if n >= 2 * OFTEN[2]}
    return sorted((often[0] & often[1]) | (often[0] & often[2]) | (often[1] & often[2]) | own)


def matrix(readings: Sequence[Reading], vocabulary: Vocabulary) -> csr_matrix:
    at = {key: number for number, key in enumerate(vocabulary)}
    first = len(at)
    data: list[float] = []
    where: list[int] = []
    ends = [0]
    for reading in readings:
        for place, found in enumerate(reading.phrases):
            hits = [at[place, phrase] for phrase in found if (place, phrase) in at]
            where += hits
            data += [max(len(hits), 1) ** -0.5] * len(hits)
        for number, value in enumerate(reading.signals):
            if value:
                where.append(first + number)
                data.append(value)
        ends.append(len(data))
    return csr_matrix((data, where, ends), shape=(len(readings), first + len(FEATURES)))


def weights(rows: Sequence[Row]) -> np.ndarray:
    counts = Counter((row.source, row.refuses) for row in rows)
    return np.array([SHARES[row.source] / counts[row.source, row.refuses] for row in rows])


def fitted(
    rows: Sequence[Row], readings: Sequence[Reading], trust: float = TRUST
) -> tuple[Vocabulary, np.ndarray, float]:
    """The vocabulary, a weight for each phrase and each signal, and what a text must outweigh."""
    vocabulary = chosen(rows, readings)
    for last in (False, True):
        X, w = matrix(readings, vocabulary), weights(rows)
        model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=500)
        model.fit(X, [row.refuses for row in rows], sample_weight=w * len(rows) / w.sum())
        coefficients = model.coef_[0]
        if not last:
            kept = np.abs(coefficients[: len(vocabulary)]) >= SMALLEST
            vocabulary = [key for key, keep in zip(vocabulary, kept, strict=True) if keep]
    coefficients[len(vocabulary) :] += trust * np.array(BY_HAND)
    return vocabulary, coefficients, float(model.intercept_[0])


def scores(fit: tuple[Vocabulary, np.ndarray, float], readings: Sequence[Reading]) -> np.ndarray:
    vocabulary, coefficients, base = fit
    return matrix(readings, vocabulary) @ coefficients + base


def variants(readings: Sequence[Reading]) -> Iterator[tuple[str, Sequence[Reading], float]]:
    """The judge as it is, without the weights by hand, and each of its halves alone."""
    none: Found = (set(), set(), set())
    yield "as it is", readings, TRUST
    yield "learned", readings, 0.0
    yield "signals", [reading._replace(phrases=none) for reading in readings], TRUST
    yield "phrases", [reading._replace(signals=Signals()) for reading in readings], 0.0


def report(name: str, rows: Sequence[Row], readings: Sequence[Reading], trust: float) -> None:
    """A line for each source: by folds that share no prompt, and by the other sources alone."""
    source = np.array([row.source for row in rows])
    groups = [f"{row.source} {row.group}" for row in rows]
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0).split(rows, groups=groups)
    tell(rows, source, held_out(rows, readings, folds, trust), f"{name}, folds")
    others = [(np.flatnonzero(source != s), np.flatnonzero(source == s)) for s in (0, 1)]
    tell(rows, source, held_out(rows, readings, others, trust), f"{name}, the other sources")


def by_hand(rows: Sequence[Row], readings: Sequence[Reading]) -> None:
    """The same of the weights by hand alone, which were fitted on none of this."""
    values = np.array([reading.signals for reading in readings])
    found = np.where(values.any(axis=1), values @ np.array(BY_HAND), -1.0)
    tell(rows, np.array([row.source for row in rows]), found, "by hand")


def held_out(
    rows: Sequence[Row],
    readings: Sequence[Reading],
    splits: Iterable[tuple[Any, Any]],
    trust: float,
) -> np.ndarray:
    found = np.full(len(rows), np.nan)
    for train, test in splits:
        fit = fitted([rows[i] for i in train], [readings[i] for i in train], trust)
        found[test] = scores(fit, [readings[i] for i in test])
    return found


def tell(rows: Sequence[Row], source: np.ndarray, found: np.ndarray, by: str) -> None:
    right = np.array([row.refuses for row in rows])
    for number, name in enumerate(SOURCES):
        here = (source == number) & ~np.isnan(found)
        if here.any():
            said, meant = found[here] > 0, right[here]
            cells = (said == meant, said[~meant], ~said[meant])
            print(
                f"| {by} | {name} | {here.sum():,} | "
                + " | ".join(share(int(cell.sum()), len(cell)) for cell in cells)
                + f" | {roc_auc_score(meant, found[here]):.3f} |",
                flush=True,
            )


def share(k: int, n: int) -> str:
    low, high = clopper_pearson(k, n)
    return f"{k / n:.1%} [{float(low):.1%}, {float(high):.1%}]"


def write(vocabulary: Vocabulary, coefficients: np.ndarray, base: float) -> None:
    """Weights in hundredths: a line for each phrase, with a column for each place."""
    table: dict[Phrase, list[int]] = {}
    for (place, phrase), weight in zip(vocabulary, coefficients, strict=False):
        table.setdefault(phrase, [0] * len(PLACES))[place] = round(100 * weight)
    signals = dict(zip(FEATURES, coefficients[len(vocabulary) :], strict=True))
    lines = [f"base\t{base:.2f}", *(f"{name}\t{value:.2f}" for name, value in signals.items()), ""]
    lines += [
        "\t".join([phrase, *map(str, row)]) for phrase, row in sorted(table.items()) if any(row)
    ]
    path = Path(str(files("safebasin.judges.refusal") / "weights.txt"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines):,} lines, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
