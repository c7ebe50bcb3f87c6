"""The run folder: what was asked, what was answered, and what the judges said.

`results.sqlite` is the system of record. A batch of responses is one transaction, so a batch is in
the store whole or not at all, and what is absent is the work that is left. Everything else in the
folder can be made again from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safebasin.errors import IntegrityError, ResourceError
from safebasin.lock import only_writer
from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.runfolder import SCHEMA_VERSION, Request, freeze, prepare, read_request

_TABLES = """
create table prompt (
    id text primary key, text text not null, kind text not null, category text not null,
    form text not null, target text not null, cluster integer not null,
    rendered text not null, token_ids blob not null
) without rowid;
create table response (
    point text not null, prompt text not null references prompt (id),
    text text not null, token_ids blob not null, finish text not null,
    primary key (point, prompt)
) without rowid;
create table verdict (
    judge text not null, point text not null, prompt text not null,
    label text, score real, detail text not null, status text not null,
    primary key (judge, point, prompt)
) without rowid;
create table fact (name text primary key, value text not null) without rowid;
"""


class Store:
    """An open run folder. Use `writing` or `reading` to get one."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, request: Request) -> None:
        self.folder = folder
        self.request = request
        self._connection = connection

    def add_prompts(self, rows: Iterable[tuple[Prompt, int, str, Sequence[int]]]) -> None:
        """Record each prompt with its cluster, its rendering and its token ids, once."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or ignore into prompt values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (p.id, p.text, p.kind, p.category, p.form, p.target, cluster, text, _pack(ids))
                    for p, cluster, text, ids in rows
                ],
            )

    def add_responses(self, point: str, responses: Iterable[Response]) -> None:
        """Commit one batch: durable when this returns, absent if it does not."""
        with self._transaction() as connection:
            connection.executemany(
                "insert into response values (?, ?, ?, ?, ?)",
                [(point, r.prompt_id, r.text, _pack(r.token_ids), r.finish) for r in responses],
            )

    def add_verdicts(self, judge: str, point: str, verdicts: Mapping[str, Verdict]) -> None:
        """Commit what a judge says of one point's responses, by prompt id."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into verdict values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (judge, point, prompt, v.label, v.score, v.detail, v.status)
                    for prompt, v in verdicts.items()
                ],
            )

    def remember(self, name: str, value: Any) -> Any:
        """Keep a small JSON value that the rest of the run depends on, and return what is kept.

        The first value stays: a run that goes on goes on with what it began with.
        """
        text = json.dumps(value, sort_keys=True)
        with self._transaction() as connection:
            connection.execute("insert or ignore into fact values (?, ?)", (name, text))
        return self.recall(name)

    def recall(self, name: str) -> Any:
        """A value kept by `remember`, or None."""
        row = self._connection.execute("select value from fact where name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def prompts(self) -> dict[str, tuple[Prompt, int]]:
        """Every prompt with its cluster, by id."""
        rows = self._connection.execute(
            "select text, kind, category, form, target, cluster from prompt order by id"
        )
        prompts = [(Prompt(*row[:5]), row[5]) for row in rows]
        return {prompt.id: (prompt, cluster) for prompt, cluster in prompts}

    def answered(self, point: str) -> set[str]:
        """Ids of the prompts that have a response at a point."""
        rows = self._connection.execute("select prompt from response where point = ?", (point,))
        return {prompt for (prompt,) in rows}

    def responses(self, point: str) -> list[Response]:
        """A point's responses, by prompt id."""
        rows = self._connection.execute(
            "select prompt, text, token_ids, finish from response where point = ? order by prompt",
            (point,),
        )
        return [Response(prompt, text, _unpack(ids), finish) for prompt, text, ids, finish in rows]

    def verdicts(self, judge: str, point: str) -> dict[str, Verdict]:
        """What a judge says of a point's responses, by prompt id."""
        rows = self._connection.execute(
            "select prompt, label, score, detail, status from verdict"
            " where judge = ? and point = ? order by prompt",
            (judge, point),
        )
        return {
            prompt: Verdict(Label(label) if label else None, score, detail, status)
            for prompt, label, score, detail, status in rows
        }

    def counts(self) -> dict[str, int]:
        """How many responses there are, and how many have no usable text or no verdict."""
        queries = {
            "responses": "select count(*) from response",
            "numeric_failures": "select count(*) from response where finish = 'numeric_failure'",
            "judge_failures": "select count(*) from verdict where status = 'judge_failed'",
        }
        return {
            name: self._connection.execute(query).fetchone()[0] for name, query in queries.items()
        }

    def answers_by_point(self) -> dict[str, int]:
        """How many responses each point has."""
        return dict(self._connection.execute("select point, count(*) from response group by point"))

    def failed_points(self) -> list[str]:
        """Points at which the logits of some response were not numbers."""
        rows = self._connection.execute(
            "select distinct point from response where finish = 'numeric_failure' order by point"
        )
        return [point for (point,) in rows]

    def digest(self) -> str:
        """A hash of everything that was answered and judged, whatever the order it came in."""
        digest = hashlib.sha256()
        for table, order in (("response", "point, prompt"), ("verdict", "judge, point, prompt")):
            for row in self._connection.execute(f"select * from {table} order by {order}"):  # noqa: S608
                digest.update(repr(row).encode())
        return digest.hexdigest()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection:
                yield self._connection
        except sqlite3.OperationalError as error:
            raise ResourceError(
                f"{self.folder / 'results.sqlite'} cannot be written ({error}): make room or mend "
                "the folder, then run the same command again; nothing that was stored is lost"
            ) from error
        except sqlite3.DatabaseError as error:
            raise _damaged(self.folder, error) from error


@contextmanager
def writing(folder: Path, request: Request) -> Iterator[Store]:
    """Open a run for writing; begin it if there is none.

    Args:
        folder: made if it is missing.
        request: everything that decides what the run contains; kept in `run.json`.

    Raises:
        UsageError: the folder holds a run with another request (the differing keys are listed), or
            something that is not a run.
        LockedError: another process is writing to it.
        ResourceError: the folder cannot be made or written.
        IntegrityError: the store is damaged, or of a newer schema.
    """
    prepare(folder)
    with only_writer(folder):
        freeze(folder, request)
        connection = _connect(folder, "rwc")
        try:
            yield Store(folder, connection, request)
        finally:
            connection.close()


@contextmanager
def reading(folder: Path) -> Iterator[Store]:
    """Open a run for reading; a writer may be at work on it meanwhile.

    Raises:
        UsageError: the folder is not a run.
        IntegrityError: the store is damaged, or of a newer schema.
    """
    request = read_request(folder)
    connection = _connect(folder, "rw" if os.access(folder, os.W_OK) else "ro")
    try:
        yield Store(folder, connection, request)
    finally:
        connection.close()


def _connect(folder: Path, mode: str) -> sqlite3.Connection:
    path = folder / "results.sqlite"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30
        )
        if mode == "rwc":
            path.chmod(0o600)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            _create(connection)
        (version,) = connection.execute("pragma user_version").fetchone()
    except sqlite3.OperationalError as error:
        raise ResourceError(f"{path} cannot be opened ({error}): check the folder") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(folder, error) from error
    if version != SCHEMA_VERSION:
        connection.close()
        raise IntegrityError(
            f"{path} has schema {version}; this safebasin reads {SCHEMA_VERSION}: "
            "use the version that wrote it"
        )
    return connection


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty store, all or none."""
    (version,) = connection.execute("pragma user_version").fetchone()
    if version == 0:
        connection.executescript(f"begin;{_TABLES}pragma user_version = {SCHEMA_VERSION};commit;")


def _damaged(folder: Path, error: Exception) -> IntegrityError:
    return IntegrityError(
        f"{folder / 'results.sqlite'} is damaged ({error}): copy the folder aside, salvage it with "
        "`sqlite3 results.sqlite .recover`, and scan again into a new --out"
    )


def _pack(ids: Sequence[int]) -> bytes:
    return array("I", ids).tobytes()


def _unpack(data: bytes) -> tuple[int, ...]:
    return tuple(array("I", data))
