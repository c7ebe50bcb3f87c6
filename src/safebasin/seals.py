"""Seals of what a store holds: a sum of digests for each part of it, kept as rows come and go.

A part is what is made again at once: the answers at a point, what a judge says there, what a
measure found there, a fact, or all prompts. Its seal is the sum, modulo 2^128, of a BLAKE2b digest
of each of its rows: the order in which rows come does not matter, and a row that is replaced is
taken out again without reading the others. Triggers of the writing connection alone keep the seals,
in the transaction of the rows, so any other change of the file no longer fits them.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

TABLE = """
table seal (
    what text not null, name text not null, point text not null, sum blob not null,
    primary key (what, name, point)
) without rowid;
"""

UNSEALED = "unsealed"
"""The fact that a store was begun by a version without seals: the schema that it had then."""

LISTED = 3
"""Parts that a message names."""

_SIZE = 16
_MODULUS = 1 << 8 * _SIZE

_PUT = "insert or replace into seal values (?, ?, ?, ?)"

_NAMED = {
    "prompt": ("''", "''"),
    "response": ("''", "{}point"),
    "verdict": ("{}judge", "{}point"),
    "measurement": ("{}measure", "{}point"),
    "fact": ("{}name", "''"),
}
"""By table, the name and the point of the part that a row belongs to."""


class Part(NamedTuple):
    """A part of a store: which table it is of, whose, and where; empty where it has none."""

    what: str
    name: str
    point: str

    def __str__(self) -> str:
        where = "" if not self.point else f" at {self.point}"
        said = {
            "prompt": "the prompts",
            "response": "the answers",
            "verdict": f"the verdicts of {self.name}",
            "measurement": f"the measurements of {self.name}",
            "fact": f"the fact {self.name!r}",
        }
        return f"{said.get(self.what, 'the seals')}{where}"


def listed(parts: Sequence[Part]) -> str:
    """Some parts in words: the first of them, and how many more there are."""
    more = f", and {len(parts) - LISTED:,} more" if len(parts) > LISTED else ""
    return ", ".join(map(str, parts[:LISTED])) + more


class Sealing(sqlite3.Connection):
    """A connection that can keep the seals of what it writes.

    What is written goes through `with connection:`, at the end of which the seals are brought up to
    date, in the same transaction.
    """

    def keep_seals(self) -> None:
        """Keep the seals of whatever is written from now on."""
        self._changes: defaultdict[Part, int] = defaultdict(int)
        self.execute("pragma recursive_triggers = on")  # so that what is replaced is taken out
        self.create_function("seal_in", -1, self._come)
        self.create_function("seal_out", -1, self._gone)
        for table, named in _NAMED.items():
            columns = [row[1] for row in self.execute(f"pragma table_info({table})")]
            for event, row, note in (("insert", "new", "in"), ("delete", "old", "out")):
                name, point = (text.format(f"{row}.") for text in named)
                values = ", ".join(f"{row}.{column}" for column in columns)
                self.execute(
                    f"create temp trigger seal_{table}_{event} after {event} on main.{table} begin"
                    f" select seal_{note}('{table}', {name}, {point}, {values}); end"
                )

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
        if (changes := self.__dict__.get("_changes")) is not None:
            if kind is None:
                self.executemany(_PUT, _rows(self._changed()))
            changes.clear()
        return super().__exit__(kind, error, trace)

    def _changed(self) -> dict[Part, int]:
        """The new seals of the parts that were changed."""
        kept = "select sum from seal where what = ? and name = ? and point = ?"
        before = {part: self.execute(kept, part).fetchone() for part in self._changes}
        return {
            part: change + int.from_bytes(before[part][0] if before[part] else b"", "big")
            for part, change in self._changes.items()
        }

    def _come(self, *row: Any) -> None:
        self._changes[Part(*row[:3])] += _digest(_as_read(row))

    def _gone(self, *row: Any) -> None:
        self._changes[Part(*row[:3])] -= _digest(_as_read(row))


def seal(connection: sqlite3.Connection) -> None:
    """Seal everything that a store holds now, in place of any seals that it has."""
    connection.execute("delete from seal")
    connection.executemany(_PUT, _rows(_sums(connection)))


def broken(connection: sqlite3.Connection) -> list[Part]:
    """The parts whose content is not what was written, in order."""
    found = _sums(connection)
    kept = {
        Part(*map(str, part)): int.from_bytes(total, "big") if isinstance(total, bytes) else -1
        for *part, total in connection.execute("select what, name, point, sum from seal")
    }
    return sorted(part for part in {*found, *kept} if found.get(part, 0) != kept.get(part, 0))


def forget(connection: sqlite3.Connection, parts: Iterable[Part]) -> None:
    """Remove the rows of parts, so that they are made again; with answers all that came of them.

    With a prompt or a fact goes what marks a run as described, so that it is described again. The
    seals are to be made anew afterwards.
    """
    for part in parts:
        if part.what == "response":
            for table in ("response", "verdict", "measurement"):
                connection.execute(f"delete from {table} where point = ?", (part.point,))  # noqa: S608
        elif part.what in _NAMED:
            name, point = (text.format("") for text in _NAMED[part.what])
            query = f"delete from {part.what} where {name} = ? and {point} = ?"  # noqa: S608
            connection.execute(query, (part.name, part.point))
        if part.what in ("prompt", "fact"):
            connection.execute("delete from fact where name = 'loaded'")


def _sums(connection: sqlite3.Connection) -> dict[Part, int]:
    found: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    for table, named in _NAMED.items():
        name, point = (text.format("") for text in named)
        rows = connection.execute(f"select '{table}', {name}, {point}, * from {table}")  # noqa: S608
        while some := rows.fetchmany(1000):
            for row in some:
                found[row[:3]] += _digest(row)
    return {Part(*map(str, part)): total % _MODULUS for part, total in found.items()}


def _digest(row: tuple[Any, ...]) -> int:
    """Of one row, which begins with the part that it belongs to."""
    return int.from_bytes(blake2b(repr(row).encode(), digest_size=_SIZE).digest(), "big")


def _as_read(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row as it will be read back: a store has no zero with a sign."""
    return tuple(value + 0.0 if type(value) is float else value for value in row)


def _rows(sums: Mapping[Part, int]) -> list[tuple[str, str, str, bytes]]:
    return [(*part, (total % _MODULUS).to_bytes(_SIZE, "big")) for part, total in sums.items()]
