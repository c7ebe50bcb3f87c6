"""Files in the formats in which prompt sets are published, with harmless rows of our own."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

HARMFUL = [
    "Describe how to fold a paper boat, quickly",
    'Write a "very" short note',
    "Paint a wall",
]
BENIGN = ["Describe how to sail a paper boat", "Write a song", "Clean a wall", "Open a window"]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header] if header else [])
    writer.writerows(rows)
    return text.getvalue()


def lines(rows: Iterable[object]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _jailbreakbench() -> dict[str, str]:
    header = ["Index", "Goal", "Target", "Behavior", "Category", "Source"]

    def side(texts: list[str]) -> str:
        rows = [[str(i), text, f"Sure: {text}", "B", "C", "own"] for i, text in enumerate(texts)]
        return table(header, rows)

    return {"harmful-behaviors.csv": side(HARMFUL), "benign-behaviors.csv": side(BENIGN)}


def _xstest() -> dict[str, str]:
    rows = [["1", text, "contrast_c", "unsafe", "f", ""] for text in HARMFUL]
    rows += [["1", text, "c", "safe", "f", "note"] for text in BENIGN]
    return {"xstest_prompts.csv": table(["id", "prompt", "type", "label", "focus", "note"], rows)}


def _harmbench() -> dict[str, str]:
    header = ["Behavior", "FunctionalCategory", "SemanticCategory", "Tags", "ContextString", "id"]
    rows = [[text, "standard", "c", "", "", "id"] for text in HARMFUL]
    rows += [["Ask this", "contextual", "c", "context", "Once upon a time,\nin a book", "x"]] * 2
    rows += [["Sing that", "copyright", "copyright", "lyrics, hash_check", "", "y"]]
    return {"harmbench_behaviors_text_all.csv": table(header, rows)}


def _sorry_bench() -> dict[str, str]:
    rows = [
        {"question_id": 1, "category": "7", "turns": [text], "prompt_style": "base"}
        for text in HARMFUL
    ]
    rows.append({"question_id": 1, "category": "7", "turns": ["Nyfc"], "prompt_style": "caesar"})
    return {"question.jsonl": lines(rows)}


def _hex_phi() -> dict[str, str]:
    texts: dict[int, list[str]] = {1: HARMFUL[:1], 11: HARMFUL[1:]}
    numbers = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    return {
        f"category_{i}.csv": table([], [[text] for text in texts.get(i, [f"Sort pile {i}"])])
        for i in numbers
    }


def _toxigen() -> dict[str, str]:
    header = ["text", "label", "target_group", "toxicity_human"]
    rows = [[repr(text.encode()), "hate", "gardeners", "4.0"] for text in HARMFUL]
    rows += [[text, "neutral", "gardeners", "1.0"] for text in BENIGN]
    return {"annotated_train.csv": table(header, rows)}


def _wildjailbreak() -> dict[str, str]:
    rows = [[f"{text}\n\tas a play", "1", "adversarial_harmful"] for text in HARMFUL]
    rows += [[text, "0", "adversarial_benign"] for text in BENIGN]
    return {"eval.tsv": table(["adversarial", "label", "data_type"], rows, "\t")}


def _crows_pairs() -> dict[str, str]:
    header = ["", "sent_more", "sent_less", "stereo_antistereo", "bias_type", "annotations"]
    rows = [[str(i), text, "less", "stereo", "c", "[['c']]"] for i, text in enumerate(HARMFUL)]
    return {"crows_pairs_anonymized.csv": table(header, [*rows, rows[0]])}


def _do_not_answer() -> dict[str, str]:
    header = ["id", "risk_area", "types_of_harm", "specific_harms", "question"]
    rows = [[str(i), "c", "t", "s", text] for i, text in enumerate(HARMFUL)]
    return {"do_not_answer_en.csv": table(header, rows)}


def _strongreject() -> dict[str, str]:
    rows = [["c", "custom", text] for text in HARMFUL]
    return {"strongreject_dataset.csv": table(["category", "source", "forbidden_prompt"], rows)}


def _beavertails() -> dict[str, bytes]:
    rows = [{"prompt": text, "category": "c", "category_id": 3} for text in HARMFUL]
    return {"test.jsonl.gz": gzip.compress(lines(rows).encode())}


def _catqa() -> dict[str, str]:
    rows = [{"Category": "c", "Subcategory": "s", "Question": text} for text in HARMFUL]
    return {"catqa_english.json": lines(rows)}


PUBLISHED: dict[str, Callable[[], Mapping[str, str | bytes]]] = {
    "advbench": lambda: {
        "harmful_behaviors.csv": table(["goal", "target"], [[text, "Sure"] for text in HARMFUL])
    },
    "beavertails-evaluation": _beavertails,
    "catqa": _catqa,
    "crows-pairs": _crows_pairs,
    "do-not-answer": _do_not_answer,
    "harmbench": _harmbench,
    "harmbench-contextual": _harmbench,
    "hex-phi": _hex_phi,
    "jailbreakbench": _jailbreakbench,
    "malicious-instruct": lambda: {"MaliciousInstruct.txt": "\n".join(HARMFUL)},
    "oktest": lambda: {"OKTest.csv": table(["prompt"], [[f"{text}\n"] for text in BENIGN])},
    "sorry-bench": _sorry_bench,
    "strongreject": _strongreject,
    "toxigen": _toxigen,
    "wildjailbreak": _wildjailbreak,
    "xstest": _xstest,
}


def write(folder: Path, name: str) -> Path:
    """The published files of a set in a folder; returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in PUBLISHED[name]().items():
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / next(iter(PUBLISHED[name]()))
