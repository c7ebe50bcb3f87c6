"""The file `results.sqlite`: how it is opened, and what its errors mean.

Every commit is on the disk before it counts (write-ahead log, synchronous = FULL), one connection
writes, and any number read meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safebasin import seals
from safebasin.disk import room
from safebasin.errors import IntegrityError, ResourceError, UsageError
from safebasin.models.thinking import split

FILE = "results.sqlite"

SCHEMA_VERSION = 4
"""Of the store alone; version 1 had no measurements, version 2 one answer a prompt, and version 3
neither told thoughts from answers nor had seals."""

_PROMPT = """
table prompt (
    id text primary key, text text not null, kind text not null, category text not null,
    form text not null, target text not null, cluster integer not null,
    rendered text not null, token_ids blob not null
) without rowid;
"""

_FACT = "table fact (name text primary key, value text not null) without rowid;"

_RESPONSE = """
table response (
    point text not null, prompt text not null references prompt (id), sample integer not null,
    text text not null, token_ids blob not null, finish text not null,
    thoughts text not null, thought_tokens integer not null,
    primary key (point, prompt, sample)
) without rowid;
"""

_VERDICT = """
table verdict (
    judge text not null, point text not null, prompt text not null, sample integer not null,
    label text, score real, detail text not null, status text not null,
    primary key (judge, point, prompt, sample)
) without rowid;
"""

_MEASUREMENT = """
table measurement (
    measure text not null, point text not null, item text not null,
    value real, weight real not null,
    primary key (measure, point, item)
) without rowid;
"""

_NOW = f"pragma user_version = {SCHEMA_VERSION};"

_TABLES = "".join(
    f"create {t}" for t in (_PROMPT, _RESPONSE, _VERDICT, _MEASUREMENT, _FACT, seals.TABLE)
)

_ANSWER = (
    "answer_in(text) as text, token_ids, finish, thoughts_in(text) as thoughts, 0 as thought_tokens"
)
_COLUMNS = {
    "response": {
        2: f"point, prompt, 0 as sample, {_ANSWER}",
        3: f"point, prompt, sample, {_ANSWER}",
    },
    "verdict": {2: "judge, point, prompt, 0 as sample, label, score, detail, status"},
}
"""By table, the columns of an older store as this version has them: up to which version."""

_OUT_OF_REACH = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


def for_writing(folder: Path) -> seals.Sealing:
    """A connection to a run's store, which is made if there is none.

    The store is looked through first: nobody adds a night's work to one that is damaged. One of an
    older schema is copied aside (to `results.sqlite.v1`, say) and brought up to this one.

    Raises:
        IntegrityError: it is damaged, or of a newer schema.
        ResourceError: it cannot be written.
    """
    return _connect(folder, "rwc")


def for_reading(folder: Path) -> sqlite3.Connection:
    """A connection to a run's store, while another process may be writing to it.

    Readers of a write-ahead log share memory through a file, for which there must be a place. Where
    nothing can be written and no log is waiting, the store cannot change either. A store of an
    older schema is read as it is, and stays so.

    Raises:
        UsageError: nothing is in it yet.
        IntegrityError: it is damaged, or of a newer schema.
        ResourceError: it cannot be read.
    """
    if not (folder / FILE).exists():
        raise _empty(folder)
    if os.access(folder, os.W_OK):
        return _connect(folder, "rw")
    return _connect(folder, "ro" if (folder / f"{FILE}-wal").exists() else "ro&immutable=1")


def copied_to_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The whole store in memory, in this schema."""
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    if (version := version_of(copy)) < SCHEMA_VERSION:
        _bring_up(copy, version)
    return copy


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Say of the store's errors what they mean: out of room or reach, or not what was written."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _OUT_OF_REACH:
            raise ResourceError(
                f"{folder / FILE} cannot be used ({error}{room(folder)}): make room or mend the "
                "folder, then run the same command again; nothing that was stored is lost"
            ) from error
        raise damaged(folder, error) from error


def damaged(folder: Path, error: Exception) -> IntegrityError:
    """The error for a store that does not hold what was written to it."""
    return IntegrityError(
        f"{folder / FILE} is damaged ({error}): copy the folder aside, salvage it with "
        "`sqlite3 results.sqlite .recover`, and scan again into a new --out"
    )


def _connect(folder: Path, mode: str) -> seals.Sealing:
    path = folder / FILE
    with explained(folder):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30, factory=seals.Sealing
        )
    try:
        with explained(folder):
            if mode == "rwc":
                _begin(connection, path)
            version = version_of(connection)
            if version == 0 and connection.execute("select 1 from sqlite_master").fetchone():
                raise sqlite3.DatabaseError("its schema number was changed")
            _require_schema(folder, version)
            _require_plain(connection, version)
            if version < SCHEMA_VERSION and mode != "rwc":
                _read_as_new(connection, version)
            elif version < SCHEMA_VERSION:
                copy_aside(connection, path, f"v{version}")
                _bring_up(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    """Every commit on the disk before it counts; and no night's work on top of a damaged store."""
    path.chmod(0o600)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    _create(connection)
    (state,) = connection.execute("pragma quick_check(1)").fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema that a store says it has; 0 of an empty file."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def _require_schema(folder: Path, version: int) -> None:
    if version == 0:
        raise _empty(folder)
    if not 0 < version <= SCHEMA_VERSION:
        raise IntegrityError(
            f"{folder / FILE} has schema {version}; this safebasin reads up to "
            f"{SCHEMA_VERSION}: use the version that wrote it"
        )


def _require_plain(connection: sqlite3.Connection, version: int) -> None:
    """Nothing but tables is read: a view may compute without end, an index may miss rows."""
    made = connection.execute("select type, name, upper(substr(sql, 1, 13)) from sqlite_master")
    for kind, name, begins in made:
        if kind != "table" or begins != "CREATE TABLE ":
            raise sqlite3.DatabaseError(f"it holds {name!r}, which safebasin does not make")
        if name == "seal" and version < SCHEMA_VERSION:
            raise sqlite3.DatabaseError("its schema number was changed")


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty store, all or none."""
    if version_of(connection) == 0:
        connection.executescript(f"begin;{_TABLES}{_NOW}commit;")


def _read_as_new(connection: sqlite3.Connection, version: int) -> None:
    """Let a connection see an older store as if it were of this schema."""
    _tell_apart(connection)
    connection.execute("pragma temp_store = memory")
    for table, columns in _older(version).items():
        connection.execute(f"create temp view {table} as select {columns} from main.{table}")  # noqa: S608
    if version == 1:
        connection.executescript(f"create temp {_MEASUREMENT}")


def _bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Rewrite an older store in this schema, whole or not at all."""
    _tell_apart(connection)
    steps = [f"create {_MEASUREMENT}"] if version == 1 else []
    now = {"response": _RESPONSE, "verdict": _VERDICT}
    for table, columns in _older(version).items():
        steps += [
            f"alter table {table} rename to old_{table};",
            f"create {now[table]}",
            f"insert into {table} select {columns} from old_{table};",  # noqa: S608
            f"drop table old_{table};",
        ]
    connection.executescript(f"begin;{''.join(steps)}create {seals.TABLE}")
    connection.execute("insert or ignore into fact values (?, ?)", (seals.UNSEALED, str(version)))
    seals.seal(connection)
    connection.execute(_NOW)
    connection.commit()


def _tell_apart(connection: sqlite3.Connection) -> None:
    """Let a connection tell the thoughts in an older store's texts from the answers."""
    parts: dict[str, Callable[[str], str]] = {
        "answer_in": lambda text: split(text, unopened=True).answer,
        "thoughts_in": lambda text: split(text, unopened=True).thoughts,
    }
    for name, part in parts.items():
        connection.create_function(name, 1, part, deterministic=True)


def _older(version: int) -> dict[str, str]:
    """The columns of each table that was another one then."""
    found = {}
    for table, columns in _COLUMNS.items():
        if until := [last for last in columns if version <= last]:
            found[table] = columns[min(until)]
    return found


def copy_aside(connection: sqlite3.Connection, path: Path, suffix: str) -> None:
    """Keep the store as it is beside itself, whole or not at all."""
    whole = path.with_name(f"{FILE}.{suffix}")
    part = path.with_name(f"{whole.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        copy = sqlite3.connect(part)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(whole)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink()
        raise ResourceError(
            f"{whole} cannot be written ({error}{room(path.parent, path.stat().st_size)}), and the "
            "store is not changed without that copy: make room, then run the same command again"
        ) from error


def _empty(folder: Path) -> UsageError:
    return UsageError(f"{folder} holds no answers yet: run the same scan again")
