"""Prompt files: CSV, JSONL and plain text, read as data and as nothing else."""

from __future__ import annotations

import csv
import io
import json
import stat
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
    _require_regular(path)
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".txt": _lines}
    if path.suffix.lower() not in readers:
        raise InputRejectedError(f"{path}: a prompt file ends in .csv, .tsv, .jsonl or .txt")
    rows = readers[path.suffix.lower()](path, _decode(path))
    if not rows:
        raise InputRejectedError(f"{path} holds no prompts: give it at least one row")
    column = _column(path, rows, column)
    unique: dict[str, Prompt] = {}
    for number, row in enumerate(rows, start=1):
        prompt = _prompt(path, number, row, kind, column)
        # Which of two copies stays must not depend on which of them comes first.
        unique[prompt.id] = min(unique.get(prompt.id, prompt), prompt, key=_labels)
    return PromptFile(tuple(unique.values()), len(rows) - len(unique), column)


def _labels(prompt: Prompt) -> tuple[str, str]:
    return prompt.category, prompt.target


def exists(text: str) -> bool:
    """Whether a text is a path at which there is something; a sentence may be too long for one."""
    try:
        return Path(text).exists()
    except OSError:
        return False


def _require_regular(path: Path) -> None:
    """Asked before anything is read, because a pipe or a device may never end."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputRejectedError(
            f"{path} cannot be read ({reason}): check the path of the prompt file"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise InputRejectedError(f"{path} is not a regular file: pass a file of prompts")
    if found.st_size > MAX_BYTES:
        raise InputRejectedError(
            f"{path} is larger than {MAX_BYTES >> 20} MiB: pass the part of it that you need"
        )


def _decode(path: Path) -> str:
    try:
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
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for fields in reader:
            if any(map(str.strip, fields.pop(None, ()))):
                raise InputRejectedError(
                    f"{path}: row {len(rows) + 1} has more fields than the header: "
                    f"put a text that holds a {delimiter!r} into double quotes"
                )
            if any(value and value.strip() for value in fields.values()):
                rows.append({name: value or "" for name, value in fields.items()})
    except csv.Error as error:
        raise InputRejectedError(
            f"{path}: row {len(rows) + 1} (line {reader.reader.line_num}) cannot be read as a "
            f"table ({error}): mend or remove the row"
        ) from None
    return rows


def _jsonl(path: Path, text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(_split(text), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputRejectedError(f"{path}: line {number} is not JSON ({error})") from None
        if isinstance(value, str):
            value = {"prompt": value}
        if not isinstance(value, dict):
            raise InputRejectedError(f"{path}: line {number} is neither an object nor a string")
        rows.append({k: item if isinstance(item, str) else "" for k, item in value.items()})
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
    labels = _first(row, CATEGORIES), _first(row, TARGETS)
    if problem := _problem(text, "".join((text, *labels))):
        raise InputRejectedError(f"{path}: row {number} has {problem}; mend or remove the row")
    return Prompt(text, kind, labels[0], "", labels[1])


def _problem(text: str, everything: str) -> str:
    if not text:
        return "no prompt in it"
    if len(text) > MAX_CHARACTERS:
        return f"a prompt of more than {MAX_CHARACTERS:,} characters"
    if "\0" in everything:
        return "a NUL character in it"
    if any("\ud800" <= character <= "\udfff" for character in everything):
        return "half a character in it (a lone surrogate)"
    return ""


def _first(row: Row, names: Sequence[str]) -> str:
    return next((row[name].strip() for name in names if row.get(name)), "")
