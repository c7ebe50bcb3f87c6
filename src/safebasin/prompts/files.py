"""Prompt files: what is asked, in which column, and which rows no model could be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import InputRejectedError
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import NotText, Row
from safebasin.records import Kind, Prompt

COLUMNS = ("goal", "prompt", "text", "instruction", "question", "behavior")
"""Where a request is looked for if no column is named; AdvBench calls it `goal`."""

TARGETS = ("target", "answer")
CATEGORIES = ("category", "type", "label")

MAX_CHARACTERS = 100_000


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


@dataclass(frozen=True)
class Columns:
    """Where in a row the request, its topic and the start of its answer stand.

    Of topics and answers, the first column that is not empty counts.
    """

    text: str
    categories: Sequence[str] = CATEGORIES
    targets: Sequence[str] = TARGETS


def read(path: Path, kind: Kind, column: str | None = None) -> PromptFile:
    """Read the requests of a file, in any format that `formats.rows` reads.

    Args:
        path: the file.
        kind: what its requests are; part of their identity.
        column: where the requests stand; by default the first of `COLUMNS` that there is.

    Raises:
        InputRejectedError: the file cannot be read, has no such column, or has a row that no model
            could be asked. The message names file and row.
        ResourceError: see `formats.rows`.
    """
    found = rows(path)
    columns = Columns(_column(path, found, column))
    asked = (prompt(path, at, row, kind, columns) for at, row in enumerate(found, start=1))
    prompts, duplicates = unique(asked)
    return PromptFile(prompts, duplicates, columns.text)


def prompt(path: Path, number: int, row: Row, kind: Kind, columns: Columns) -> Prompt:
    """The request of one row.

    Args:
        path: the file, for messages.
        number: of the row, from 1.
        row: its fields.
        kind: what the request is.
        columns: where it stands.

    Raises:
        InputRejectedError: no model could be asked it.
    """
    found = row.get(columns.text, "")
    if isinstance(found, NotText):
        raise InputRejectedError(
            f"{path}: row {number} has {found.kind} where its prompt should be; mend or remove it"
        )
    text = found.strip()
    category, target = _first(row, columns.categories), _first(row, columns.targets)
    if problem := _problem(text, "".join((text, category, target))):
        raise InputRejectedError(f"{path}: row {number} has {problem}; mend or remove the row")
    return Prompt(text, kind, category, "", target)


def unique(prompts: Iterable[Prompt]) -> tuple[tuple[Prompt, ...], int]:
    """Prompts without duplicates, and how many there were."""
    found: dict[str, Prompt] = {}
    number = 0
    for one in prompts:
        number += 1
        # Which of two copies stays must not depend on which of them comes first.
        found[one.id] = min(found.get(one.id, one), one, key=_labels)
    return tuple(found.values()), number - len(found)


def exists(text: str) -> bool:
    """Whether a text is a path at which there is something; a sentence may be too long for one."""
    try:
        return Path(text).exists()
    except OSError:
        return False


def _labels(one: Prompt) -> tuple[str, str]:
    return one.category, one.target


def _column(path: Path, found: Sequence[Row], column: str | None) -> str:
    names = list(dict.fromkeys(name for row in found for name in row))
    if names == [""] and column is None:
        return ""
    wanted: Iterable[str] = (column,) if column is not None else COLUMNS
    chosen = next((name for name in wanted if name in names), None)
    if chosen is None:
        raise InputRejectedError(
            f"{path} has no column {' or '.join(map(repr, wanted))}; it has "
            f"{', '.join(map(repr, names)) or 'none'}: name one with --column"
        )
    return chosen


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
