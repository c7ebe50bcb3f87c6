"""The requests of one side of a published set, from its authors or from files of one's own."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import InputRejectedError, UsageError
from safebasin.prompts.files import Columns, exists, prompt, unique
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import Row
from safebasin.prompts.sources.fetching import fetch
from safebasin.prompts.sources.source import Side, Source, file_name
from safebasin.records import Kind, Prompt

AFTER_CONTEXT = "\n\n---\n\n"
"""Between a context and the behaviour that refers to it, as HarmBench's own code joins them."""


@dataclass(frozen=True)
class Loaded:
    """What a set held.

    Attributes:
        prompts: of one side, without duplicates, in the order of the files.
        duplicates: how many rows repeated an earlier one and were left out.
        revision: the commit that the files are known to be of; empty for files of one's own whose
            checksum is not the published one.
        checksum: SHA-256 of the file, or of the list of several files' checksums; empty where the
            revision is, because the order of rows in a file of one's own must not matter.
        notes: what a person should know of what was not asked, in sentences.
    """

    prompts: tuple[Prompt, ...]
    duplicates: int
    revision: str
    checksum: str
    notes: tuple[str, ...] = ()


def load(source: Source, kind: Kind, given: Path | None, column: str | None = None) -> Loaded:
    """One side of a set.

    Args:
        source: the set.
        kind: which side; benign also means bait.
        given: a file in the published format, or a folder of such files under their published
            names; None to fetch them.
        column: another column of requests than the set's own.

    Raises:
        UsageError: the set has no such side.
        InputRejectedError: it may not be read, or a file is not in the published format.
        IntegrityError: what was fetched is not what was published.
        ResourceError: it is out of reach.
    """
    side = _side(source, kind)
    places = _places(source, side, given)
    left: Counter[str] = Counter()
    asked = (one for place in places for one in _asked(source, side, place, column, left))
    prompts, duplicates = unique(asked)
    if not prompts:
        wanted = " and ".join(f"{name} {value!r}" for name, value in side.where.items())
        raise InputRejectedError(
            f"{places[0]} has no row with {wanted}: {source.name} is published with {side.size}"
        )
    sums = {place: hashlib.sha256(place.read_bytes()).hexdigest() for place in places}
    known = given is None or [*sums.values()] == [source.files[path] for path in side.files]
    told = " and ".join(f"{count:,} {name}" for name, count in left.items())
    notes = (f"{source.title}: {told} rows of the file are not asked",) if left else ()
    if not known:
        return Loaded(prompts, duplicates, "", "", notes)
    return Loaded(prompts, duplicates, source.revision, _together(sums), notes)


def counterpart(source: Source, given: Path | None) -> str:
    """What names the harmless side that belongs to a set's harmful one.

    Beside a file of one's own, the twins are taken from the same file or from the file of the
    published name in its folder; without that file, they are the packaged everyday questions, so
    that a set that is at hand never needs a network.
    """
    if given is None or source.benign != source.name:
        return source.benign or "everyday"
    harmful, benign = _side(source, "harmful"), _side(source, "benign")
    if harmful.files == benign.files or _is_folder(given):
        return f"{source.name}={given}"
    beside = given.with_name(file_name(benign.files[0]))
    return f"{source.name}={beside}" if exists(str(beside)) else "everyday"


def _side(source: Source, kind: Kind) -> Side:
    side = source.side(kind)
    if side is None:
        if kind == "harmful":
            raise UsageError(f"{source.name} has no harmful prompts: use it as --benign")
        raise UsageError(
            f"{source.name} has no {kind} prompts: beside it, use {source.benign or 'everyday'}"
        )
    return side


def _places(source: Source, side: Side, given: Path | None) -> list[Path]:
    if given is None:
        return [fetch(source, path) for path in side.files]
    if not _is_folder(given):
        return [given]
    names = [file_name(path) for path in side.files]
    if missing := [name for name in names if not (given / name).is_file()]:
        raise InputRejectedError(
            f"{given} has no {missing[0]}: {source.name} is published as {', '.join(names[:3])}"
            f"{' …' if len(names) > 3 else ''}, and nothing else in a folder is opened or run"
        )
    return [given / name for name in names]


def _is_folder(path: Path) -> bool:
    return exists(str(path)) and path.is_dir()


def _asked(
    source: Source, side: Side, place: Path, column: str | None, left: Counter[str]
) -> Iterator[Prompt]:
    """The side's requests; `left` counts rows that belong to no side of the set."""
    found = rows(place, source.header)
    columns = Columns(column or side.column, _named(side.category), _named(side.target))
    _require_columns(source, place, found, [columns.text, *side.where, *_named(side.context)])
    for number, row in enumerate(found, start=1):
        if not side.holds(row):
            if not any(one.holds(row) for one in source.sides):
                left[", ".join(row.get(name, "").strip() or "other" for name in side.where)] += 1
            continue
        if source.literal:
            row = {**row, columns.text: _decoded(row[columns.text])}
        if side.context and row.get(side.context, "").strip():
            row = {**row, columns.text: f"{row[side.context]}{AFTER_CONTEXT}{row[columns.text]}"}
        yield prompt(place, number, {**row, "file": place.stem}, side.kind, columns)


def _named(column: str) -> tuple[str, ...]:
    return (column,) if column else ()


def _require_columns(source: Source, place: Path, found: list[Row], needed: list[str]) -> None:
    names = dict.fromkeys(name for row in found for name in row)
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputRejectedError(
            f"{place} has no column {missing[0]!r}, which {source.name} is published with; it has "
            f"{', '.join(map(repr, names))}: pass the published file, or the path without "
            f"{source.name}= and --column"
        )


def _decoded(text: str) -> str:
    """The text of printed Python bytes; anything else is as it stands."""
    try:
        value = ast.literal_eval(text) if text[:2] in ("b'", 'b"') else text
        return value.decode() if isinstance(value, bytes) else text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _together(sums: dict[Path, str]) -> str:
    if len(sums) == 1:
        return next(iter(sums.values()))
    listed = "".join(f"{value}  {place.name}\n" for place, value in sums.items())
    return hashlib.sha256(listed.encode()).hexdigest()
