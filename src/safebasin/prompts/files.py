"""Prompt files: CSV, JSONL and plain text, read as data and as nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import InputRejectedError
from safebasin.records import Kind, Prompt

COLUMNS = ("goal", "prompt", "text", "instruction", "question", "behavior")
"""Where a request is looked for if no column is named; AdvBench calls it `goal`."""

TARGETS = ("target", "answer")
CATEGORIES = ("category", "type", "label")

MAX_BYTES = 64 << 20
MAX_CHARACTERS = 100_000

Row = dict[str, str]


@dataclass(frozen=True)
class PromptFile:
    """What a file held.

    Attributes:
        prompts: without duplicates, in the file's order.
        duplicates: how many rows repeated an earlier one and were left out.
        column: where the requests stood; empty for plain text.
    """

    prompts: tuple[Prompt, ...]
    duplicates: int
    column: str


def read(path: Path, kind: Kind, column: str | None = None) -> PromptFile:
    """Read the requests of a file.

    By suffix: `.csv` and `.tsv` have a header line, `.jsonl` one object (or string) a line, `.txt`
    one request a line. A byte-order mark and any line ends are understood.

    Args:
        path: the file.
        kind: what its requests are; part of their identity.
        column: where the requests stand; by default the first of `COLUMNS` that there is.

    Raises:
        InputRejectedError: the file is missing, empty, not UTF-8, of another format, has no such
            column, or has a row that no model could be asked. The message names file and row.
    """
    text = _decode(path)
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".txt": _lines}
    if path.suffix.lower() not in readers:
        raise InputRejectedError(f"{path}: a prompt file ends in .csv, .tsv, .jsonl or .txt")
    rows = readers[path.suffix.lower()](path, text)
    if not rows:
        raise InputRejectedError(f"{path} holds no prompts: give it at least one row")
    column = _column(path, rows, column)
    prompts = [
        _prompt(path, number, row, kind, column)
        for number, row in enumerate(rows, start=1)
        if any(value.strip() for value in row.values())
    ]
    unique = tuple({prompt.id: prompt for prompt in reversed(prompts)}.values())[::-1]
    return PromptFile(unique, len(prompts) - len(unique), column)


def _decode(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputRejectedError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB: pass the part of it that you need"
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputRejectedError(
            f"{path}: line {line} is not UTF-8 (byte {error.object[error.start]:#04x}); "
            "save the file as UTF-8"
        ) from None
    except OSError as error:
        raise InputRejectedError(
            f"{path} cannot be read ({error.strerror}): check the path of the prompt file"
        ) from None


def _csv(path: Path, text: str) -> list[Row]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [
            {key: value or "" for key, value in row.items() if isinstance(key, str)}
            for row in reader
        ]
    except csv.Error as error:
        raise InputRejectedError(f"{path} is not a table that can be read: {error}") from None


def _jsonl(path: Path, text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(_split(text), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputRejectedError(f"{path}: line {number} is not JSON ({error})") from None
        if isinstance(value, str):
            value = {"prompt": value}
        if not isinstance(value, dict):
            raise InputRejectedError(f"{path}: line {number} is neither an object nor a string")
        rows.append({str(key): item for key, item in value.items() if isinstance(item, str)})
    return rows


def _lines(_: Path, text: str) -> list[Row]:
    return [{"": line.strip()} for line in _split(text) if line.strip()]


def _split(text: str) -> list[str]:
    """Lines by line feed alone: a JSON string may hold U+2028, which `splitlines` would cut at."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _column(path: Path, rows: Sequence[Row], column: str | None) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if names == [""] and column is None:
        return ""
    wanted: Iterable[str] = (column,) if column is not None else COLUMNS
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InputRejectedError(
            f"{path} has no column {' or '.join(map(repr, wanted))}; it has "
            f"{', '.join(map(repr, names)) or 'none'}: name one with --column"
        )
    return found


def _prompt(path: Path, number: int, row: Row, kind: Kind, column: str) -> Prompt:
    text = row.get(column, "").strip()
    problem = (
        "no prompt in it"
        if not text
        else "a NUL character in it"
        if "\0" in text
        else f"a prompt of more than {MAX_CHARACTERS:,} characters"
        if len(text) > MAX_CHARACTERS
        else "half a character in it (a lone surrogate)"
        if any("\ud800" <= character <= "\udfff" for character in text)
        else ""
    )
    if problem:
        raise InputRejectedError(f"{path}: row {number} has {problem}; mend or remove the row")
    return Prompt(text, kind, _first(row, CATEGORIES), "", _first(row, TARGETS))


def _first(row: Row, names: Sequence[str]) -> str:
    return next((row[name].strip() for name in names if row.get(name)), "")
