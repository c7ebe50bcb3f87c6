"""How much of real prose is called incoherent by its text alone, and how much garbage is caught.

python bench/prose_bench.py RESPONSES… [--limit N] [--seed 0] [--write NAME]
python bench/prose_bench.py --make CORPUS

RESPONSES are CSV, JSON, JSONL or text files, or folders of them: a table with a column `response`
(or output, completion, answer) and, if there is one, `prompt` (or question, instruction, goal).
What is printed is the share of the responses above each limit with its Clopper–Pearson interval,
then the share caught of garbage made from the same responses, by kind and by number of words.

CORPUS is a folder of text files in English. `--make` counts which words follow one another in them
and prints the table that stands in src/safebasin/judges/prose_table.txt, which was made of 1.64
million words of freely licensed text: The Rust Programming Language (MIT or Apache-2.0), OpenStax's
Psychology, College Success, Introduction to Anthropology and Introduction to Sociology (CC BY 4.0),
the Software Carpentry shell lesson (CC BY 4.0), Basecamp's handbook (CC BY 4.0), based.cooking
(public domain), and Street's American Adventures and Morris's News from Nowhere (Project Gutenberg,
public domain), each as one file of plain paragraphs without code and markup.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from measured import tell
from prose_table import make

from safebasin.judges.coherence import Thresholds
from safebasin.judges.prose import Signs, signs
from safebasin.judges.prose_words import written
from safebasin.stats.proportion import clopper_pearson, estimate

LENGTHS = (8, 15, 25, 50, 100, 10**9)
RESPONSES = ("response", "output", "completion", "answer")
PROMPTS = ("prompt", "question", "instruction", "goal")
SCRIPTS = (
    "абвгдежзиклмнопрстуфхцчшщыэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "的一是不了人我在有他这中大来上国",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "अआइईउऊकखगघचछजझटठडढणतथदधनप",
    "가나다라마바사아자차카타파하",
)
Garbler = Callable[[str, random.Random], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("responses", nargs="*", type=Path)
    parser.add_argument("--make", type=Path, metavar="CORPUS")
    parser.add_argument("--limit", type=int, default=2000, help="responses to make garbage from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", metavar="NAME", help="of the set, for `safebasin list judges`")
    arguments = parser.parse_args()
    if arguments.make:
        sys.stdout.write(
            written(make(arguments.make), "made by bench/prose_bench.py --make, which says of what")
        )
        return
    answers = [pair for path in arguments.responses for pair in read(path)]
    if not answers:
        print("no responses were given: pass files or folders of them, see --help")
        return
    flagged = real(answers)
    if arguments.write:
        rate = estimate(flagged, len(answers), "responses", "clopper-pearson")
        tell("coherence-text", arguments.write, {"calls incoherent": rate}, arguments.write[:6])
    good = [pair for pair in answers if not above(signs(*pair)) and len(pair[1].split()) >= 8]
    drawn = random.Random(arguments.seed)
    garbage(drawn.sample(good, min(len(good), arguments.limit)), drawn)


def read(path: Path) -> Iterator[tuple[str, str]]:
    """Prompts and responses of a file, or of all files of a folder."""
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            yield from read(inner)
    elif path.suffix in {".txt", ".md"}:
        yield "", path.read_text("utf-8", "replace")
    elif path.suffix in {".csv", ".json", ".jsonl"}:
        for row in rows(path):
            text = next((row[name] for name in RESPONSES if row.get(name)), "")
            prompt = next((row[name] for name in PROMPTS if row.get(name)), "")
            if text.strip():
                yield prompt, text


def rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        csv.field_size_limit(2**30)
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            return list(csv.DictReader(lines))
    text = path.read_text("utf-8", "replace")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return list(json.loads(text))


def above(found: Signs) -> list[str]:
    limits = Thresholds()
    return [name for name in Signs._fields if getattr(found, name) > getattr(limits, name)]


def real(answers: Sequence[tuple[str, str]]) -> int:
    """How many are called incoherent, printed by sign."""
    flagged = Counter[str]()
    for prompt, text in answers:
        over = above(signs(prompt, text))
        flagged.update([*over, "any"] if over else [])
    print("| sign | called incoherent | of | share | 95 % |\n|---|--:|--:|--:|---|")
    for name in ("any", *Signs._fields):
        low, high = map(float, clopper_pearson(flagged[name], len(answers)))
        share = flagged[name] / len(answers)
        print(f"| {name} | {flagged[name]} | {len(answers)} | {share:.2%} | {low:.2%}–{high:.2%} |")
    return flagged["any"]


def garbage(answers: Sequence[tuple[str, str]], drawn: random.Random) -> None:
    spans = list(pairwise(LENGTHS))
    titles = [f"{low}–{high - 1}" if high < LENGTHS[-1] else f"{low} +" for low, high in spans]
    print("\n| garbage | all | " + " | ".join(titles) + " |\n|---|" + "--:|" * (len(spans) + 1))
    counted = [len(text.split()) for _, text in answers]
    for name, garble in garblers().items():
        caught = [bool(above(signs(prompt, garble(text, drawn)))) for prompt, text in answers]
        cells = [f"{np.mean(caught):.1%}"]
        for low, high in spans:
            some = [hit for hit, n in zip(caught, counted, strict=True) if low <= n < high]
            cells.append(f"{np.mean(some):.1%} of {len(some)}" if some else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


def garblers() -> dict[str, Garbler]:
    whole: dict[str, Garbler] = {
        "salad": salad,
        "salad, bare": lambda text, drawn: salad(re.sub(r"[^\w\s']", " ", text.lower()), drawn),
        "salad in windows of 8": windowed,
        "loop of a phrase": loop,
        "a few words at random": few,
        "wrong script": lambda text, drawn: rewritten(text, drawn, drawn.choice(SCRIPTS), 1.0),
        "scripts mixed": lambda text, drawn: rewritten(text, drawn, "".join(SCRIPTS[:2]), 0.4),
        "mojibake": lambda text, drawn: (
            rewritten(text, drawn, SCRIPTS[2], 1.0).encode().decode("latin-1")
        ),
        "fragments": fragments,
        "fragments glued by ##": lambda text, drawn: fragments(text, drawn, "##"),
        "random letters": letters,
        "signs": lambda text, drawn: "".join(drawn.choice("!?.,;:/#%&*") for _ in text),
        "one sign": lambda text, drawn: drawn.choice("!.?/-") * max(4, len(text) // 4),
        "replacement characters": lambda text, drawn: "".join(
            "\ufffd" if drawn.random() < 0.2 else char for char in text
        ),
    }
    half = ("salad", "loop of a phrase", "wrong script", "fragments", "random letters")
    return whole | {f"half {name}": _late(whole[name]) for name in half}


def _late(garble: Garbler) -> Garbler:
    def late(text: str, drawn: random.Random) -> str:
        words = text.split()
        middle = len(words) // 2
        return " ".join(words[:middle]) + " " + garble(" ".join(words[middle:]), drawn)

    return late


def salad(text: str, drawn: random.Random) -> str:
    words = text.split()
    return " ".join(drawn.sample(words, len(words)))


def windowed(text: str, drawn: random.Random) -> str:
    words = text.split()
    return " ".join(salad(" ".join(words[at : at + 8]), drawn) for at in range(0, len(words), 8))


def loop(text: str, drawn: random.Random) -> str:
    words = text.split()
    size = drawn.randint(1, min(8, len(words)))
    start = drawn.randint(0, len(words) - size)
    length = max(len(words), 3 * size)
    return " ".join((words[start : start + size] * length)[:length])


def few(text: str, drawn: random.Random) -> str:
    words = text.split()
    chosen = drawn.sample(words, min(5, len(words)))
    return " ".join(drawn.choice(chosen) for _ in range(max(len(words), 12)))


def rewritten(text: str, drawn: random.Random, alphabet: str, share: float) -> str:
    return "".join(
        drawn.choice(alphabet) if char.isalpha() and drawn.random() < share else char
        for char in text
    )


def fragments(text: str, drawn: random.Random, glue: str = "") -> str:
    """Pieces of the text's words, put together as a tokenizer would put drawn tokens together."""
    words = re.findall(r"\w+", text) or ["x"]

    def piece() -> str:
        word = drawn.choice(words)
        start = drawn.randrange(len(word))
        return str(word[start : start + drawn.randint(2, 5)])

    return " ".join(glue.join(piece() for _ in range(drawn.randint(1, 3))) for _ in text.split())


def letters(text: str, drawn: random.Random) -> str:
    return "".join(
        drawn.choice("abcdefghijklmnopqrstuvwxyz") if char.isalpha() else char for char in text
    )


if __name__ == "__main__":
    main()
