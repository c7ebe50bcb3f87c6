"""What is damaged in a store: found, named, and removed so that it is done again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from safebasin import seals
from safebasin.database import FILE, SCHEMA_VERSION, copy_aside, explained, version_of
from safebasin.errors import IntegrityError


def damaged_parts(folder: Path, connection: sqlite3.Connection) -> list[seals.Part]:
    """The parts of a store that are not what was written; of an older schema nothing is known."""
    with explained(folder):
        if version_of(connection) < SCHEMA_VERSION:
            return []
        connection.execute("begin")  # so that what is written meanwhile is not seen by half
        try:
            return seals.broken(connection)
        finally:
            connection.rollback()


def require_undamaged(folder: Path, connection: sqlite3.Connection, verb: str) -> None:
    """Make sure that a store holds what was written to it.

    Args:
        folder: of the run.
        connection: to its store.
        verb: what the run was begun with, for the message.

    Raises:
        IntegrityError: it does not; names the parts, and the command that does them again.
    """
    if parts := damaged_parts(folder, connection):
        be = "is" if [part.what for part in parts] == ["fact"] else "are"
        raise IntegrityError(
            f"{folder / FILE} is damaged or was edited: {seals.listed(parts)} "
            f"{be} not what was written. The same "
            f"`safebasin {verb}` as before, with --out {folder}, does that again and nothing else"
        )


def mend(folder: Path, connection: sqlite3.Connection) -> list[seals.Part]:
    """Remove the parts that are damaged, so that they are made again; returns them.

    The store is copied aside first, to `results.sqlite.damaged`.

    Raises:
        ResourceError: there is no room for the copy; the store is as it was.
    """
    parts = damaged_parts(folder, connection)
    if parts:
        copy_aside(connection, folder / FILE, "damaged")
        with explained(folder), connection:
            seals.forget(connection, parts)
            seals.seal(connection)
    return parts
