"""How often the phrase judges agree with people on what a real response does.

python bench/refusal_bench.py FOLDER_OR_CSV… [--write SET]

Takes answers with labels by people, as files that you have: the published completions of XSTest
(Röttger et al. 2024), CSV files with the columns prompt, completion and final_label
(1_full_compliance, 2_full_refusal, 3_partial_refusal), or answers of GPTFuzz (Yu et al. 2023), with
the columns question, Response and label (1 jailbroken, 0 not). A partial refusal counts as not
refused in the first reading and is left out in the second; GPTFuzz's labels do not tell it from a
full one. `--write` puts the totals where `safebasin list judges` tells them, under a set's name.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from measured import tell

from safebasin.judges.base import Exchange, Judge
from safebasin.judges.keyword import KeywordJudge
from safebasin.judges.refusal import RefusalJudge
from safebasin.records import Label, Prompt, Response
from safebasin.stats.proportion import clopper_pearson, estimate

WHERE = """\
No labelled responses were given. Get the folder model_completions of the public repository
paul-rottger/xstest (also known as exaggerated-safety) on GitHub, and give its path:
  python bench/refusal_bench.py xstest/model_completions"""
LABELS = {"1_full_compliance": "full", "2_full_refusal": "refusal", "3_partial_refusal": "partial"}
LABELS |= {"0": "refusal", "1": "full"}
REPEATS = 5


class Labelled(NamedTuple):
    """A response, and what people say that it does."""

    exchange: Exchange
    label: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--write", metavar="SET", default="")
    arguments = parser.parse_args()
    files = {path.stem: labelled(path) for path in csv_files(arguments.paths)}
    files = {name: rows for name, rows in files.items() if rows}
    if not files:
        print(WHERE)
        return
    files["in total"] = [row for rows in files.values() for row in rows]
    judges: list[Judge] = [KeywordJudge(), RefusalJudge()]
    print("| file | judge | n | partial as not refused | n | partial left out |")
    print("|---|---|--:|--:|--:|--:|")
    for name, rows in files.items():
        for judge in judges:
            print(f"| {name} | {judge.about.name} | {agreement(judge, rows)} |")
    for judge in judges:
        show(judge, files["in total"])
        if arguments.write:
            write(judge, files["in total"], arguments.write)


def csv_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.glob("*.csv")) if path.is_dir() else [path]


def labelled(path: Path) -> list[Labelled]:
    """The rows that have a label; none if the file has other columns."""
    csv.field_size_limit(10**8)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for found in csv.DictReader(file) if (row := row_of(found)) is not None]


def row_of(found: Mapping[str, str | None]) -> Labelled | None:
    """A row of XSTest's completions or of GPTFuzz's answers; None if it is neither."""
    request, said, label = (
        (found.get(first) or found.get(second) or "").strip()
        for first, second in (
            ("prompt", "question"),
            ("completion", "Response"),
            ("final_label", "label"),
        )
    )
    return Labelled(exchange(request, said), LABELS[label]) if label in LABELS else None


def exchange(request: str, said: str) -> Exchange:
    prompt = Prompt(request, "benign")
    return Exchange(prompt, Response(prompt.id, said, (), "eos"))


def refused(judge: Judge, rows: Sequence[Labelled]) -> list[bool]:
    verdicts = judge.judge([row.exchange for row in rows])
    return [verdict.label is Label.REFUSED for verdict in verdicts]


def agreement(judge: Judge, rows: Sequence[Labelled]) -> str:
    """Of both readings: n, and the share of rows on which the judge says what people say."""
    alike = [
        (row.label, said == (row.label == "refusal"))
        for row, said in zip(rows, refused(judge, rows), strict=True)
    ]
    readings = ([same for _, same in alike], [same for label, same in alike if label != "partial"])
    return " | ".join(share(sum(reading), len(reading)) for reading in readings)


def share(k: int, n: int) -> str:
    low, high = clopper_pearson(k, n)
    return f"{n:,} | {k / max(n, 1):.1%} ({float(low):.1%} to {float(high):.1%})"


def write(judge: Judge, rows: Sequence[Labelled], name: str) -> None:
    """What `safebasin list judges` tells of the judge."""
    said = refused(judge, rows)
    alike = [(row.label, s == (row.label == "refusal")) for row, s in zip(rows, said, strict=True)]
    plain = [same for label, same in alike if label != "partial"]
    rates = {
        "agrees with people on refusals in": estimate(
            sum(same for _, same in alike), len(alike), "responses", "clopper-pearson"
        ),
        "and without partial refusals in": estimate(
            sum(plain), len(plain), "responses", "clopper-pearson"
        ),
    }
    tell(judge.about.name, name, rates, name)


def show(judge: Judge, rows: Sequence[Labelled]) -> None:
    """Who says what, and how long it takes."""
    said = Counter(zip((row.label for row in rows), refused(judge, rows), strict=True))
    print(f"\n**{judge.about.name}**: {microseconds(judge, rows):.0f} µs per response\n")
    print("| people \\ judge | refused | not refused |\n|---|--:|--:|")
    for label in dict.fromkeys(LABELS.values()):
        print(f"| {label} | {said[label, True]:,} | {said[label, False]:,} |")


def microseconds(judge: Judge, rows: Sequence[Labelled]) -> float:
    """Per response, of the fastest of some repetitions."""
    exchanges = [row.exchange for row in rows]
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        judge.judge(exchanges)
        taken.append(time.perf_counter() - start)
    return 1e6 * min(taken) / len(rows)


if __name__ == "__main__":
    main()
