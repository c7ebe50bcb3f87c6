"""Prompt files: what is asked, in which column, and which rows no model could be asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safebasin.errors import InputRejectedError
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import NotText, Row
from safebasin.records import Kind, Prompt

COLUMNS = ("goal", "prompt", "text", "instruction", "question", "behavior")
"""Where a request is looked for if no column is named; AdvBench calls it `goal`."""

TARGETS = ("target", "answer")
CATEGORIES = ("category", "type", "label")

LABELS = ("label", "type", "kind")
UNSAFE = ("unsafe", "harmful", "malicious")
SAFE = ("safe", "harmless", "benign", "unharmful")
"""Words by which tables that hold requests of both kinds tell them apart."""

CONTEXTS = ("context", "contextstring", "input", "system", "system_prompt", "history")
"""Columns of what some sets ask beside the request; only published sets are asked with it."""

EMPTY = ("null", "a list of 0", "not a number")

MAX_CHARACTERS = 100_000

_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff]+")
"""Characters without a shape: a text of nothing else asks nothing."""


@dataclass(frozen=True)
class PromptFile:
    """What a file held.

    Attributes:
        prompts: without duplicates, in the file's order.
        duplicates: how many rows repeated an earlier one and were left out.
        column: where the requests stood; empty for plain text.
        notes: what a person should know of how it was read, in sentences.
    """

    prompts: tuple[Prompt, ...]
    duplicates: int
    column: str
    notes: tuple[str, ...] = ()


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
        column: where the requests stand; by default the first of `COLUMNS` that there is, in any
            case. Where a column `label` tells safe requests from unsafe ones, those of the kind are
            read; the notes say so, and which columns were not read.

    Raises:
        InputRejectedError: the file cannot be read, has no such column, or has a row that no model
            could be asked. The message names file and row.
        ResourceError: see `formats.rows`.
    """
    found = rows(path)
    columns = Columns(
        _column(path, found, column),
        _present(found, CATEGORIES),
        _present(found, TARGETS),
    )
    mine, told = _of_kind(path, found, kind)
    asked = (prompt(path, at, row, kind, columns) for at, row in enumerate(found, 1) if mine(row))
    prompts, duplicates = unique(asked)
    notes = (*told, *_unread(path, found, columns.text, column))
    return PromptFile(prompts, duplicates, columns.text, notes)


def _present(found: Sequence[Row], wanted: Sequence[str]) -> tuple[str, ...]:
    """The columns of these names, in any case, in the order in which they are wanted."""
    names = list(dict.fromkeys(name for row in found for name in row))
    return tuple(name for one in wanted for name in names if name.casefold() == one)


def _of_kind(
    path: Path, found: Sequence[Row], kind: Kind
) -> tuple[Callable[[Row], bool], list[str]]:
    """Which rows are of a kind, where a column labels them, and a sentence on it."""
    for name in _present(found, LABELS):
        said = Counter(row.get(name, "").strip().casefold() for row in found)
        if {*said} <= {*UNSAFE, *SAFE} and {*said} & {*UNSAFE} and {*said} & {*SAFE}:
            wanted = UNSAFE if kind == "harmful" else SAFE
            held = ", ".join(f"{count:,} {word}" for word, count in sorted(said.items()))
            told = f"{path.name}: its column {name!r} says {held}; asked are the {wanted[0]} ones"
            return partial(_says, name, wanted), [told]
    return lambda _: True, []


def _says(name: str, wanted: Sequence[str], row: Row) -> bool:
    return row.get(name, "").strip().casefold() in wanted


def _unread(path: Path, found: Sequence[Row], text: str, named: str | None) -> Iterator[str]:
    """Sentences on columns that a person may think are asked."""
    others = [name for name in _present(found, COLUMNS) if name != text]
    if others and named is None:
        yield f"{path.name}: {text!r} is asked, not {', '.join(others)}; --column asks another"
    for name in _present(found, CONTEXTS):
        if name != text and (count := sum(_has(row, name) for row in found)):
            rows = "row has" if count == 1 else "rows have"
            yield f"{path.name}: {count:,} {rows} a {name!r} beside the request; it is not asked"


def _has(row: Row, name: str) -> bool:
    value = row.get(name, "")
    return bool(value.strip()) or (isinstance(value, NotText) and value.kind not in EMPTY)


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
    if chosen is None and column is None:
        chosen = next(iter(_present(found, COLUMNS)), None)
    if chosen is None:
        raise InputRejectedError(
            f"{path} has no column {' or '.join(map(repr, wanted))}; it has "
            f"{', '.join(map(repr, names)) or 'none'}: name one with --column"
        )
    return chosen


def _problem(text: str, everything: str) -> str:
    if not text or _UNSEEN.fullmatch(text):
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
