"""Which published set a file is, where its path alone is given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import UsageError
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import Row
from safebasin.prompts.sources.source import Side, Source, file_name, published
from safebasin.records import Kind


@dataclass(frozen=True)
class Recognised:
    """A file that is a copy of a published one, or has its columns.

    Attributes:
        source: the set.
        note: how it was known, and what it holds, in a sentence.
    """

    source: Source
    note: str


def recognise(path: Path, kind: Kind) -> Recognised | None:
    """The published set that a file is of; None if it is of none.

    Args:
        path: the file.
        kind: which side is to be asked.

    Raises:
        UsageError: it is the file of the other side.
        InputRejectedError, ResourceError: it cannot be read; see `formats.rows`.
    """
    found = rows(path)
    known = _by_checksum(path)
    source, how = (known[0], "checksum") if known else (_by_columns(found), "columns")
    if source is None:
        return None
    own = known[1] if known else path.name
    side = source.side(kind)
    other = next((one for one in source.sides if one is not side and _is_of(one, own)), None)
    if side is not None and other is not None and not _is_of(side, own):
        flag = "--prompts" if other.kind == "harmful" else "--benign"
        raise UsageError(f"{path} holds the {other.kind} side of {source.title}: pass it as {flag}")
    sides = [one for one in source.sides if one.where] or [side or source.sides[0]]
    held = ", ".join(f"{_count(one, found):,} {_called(one)}" for one in sides)
    return Recognised(source, f"{path.name} is read as {source.title}, known by its {how}: {held}")


def _by_checksum(path: Path) -> tuple[Source, str] | None:
    """The set, and the published name of the file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return next(
        (
            (source, file_name(file))
            for source in published().values()
            for file, sha256 in source.files.items()
            if sha256 == digest
        ),
        None,
    )


def _by_columns(found: list[Row]) -> Source | None:
    names = {*found[0]}
    return next(
        (one for one in published().values() if one.columns and names.issuperset(one.columns)),
        None,
    )


def _is_of(side: Side, name: str) -> bool:
    return any(file_name(path) == name for path in side.files)


def _count(side: Side, found: list[Row]) -> int:
    return sum(side.holds(row) for row in found)


def _called(side: Side) -> str:
    return next(iter(side.where.values()), side.kind)
