"""The run folder: what was asked, what was answered, and what the judges said.

`results.sqlite` is the system of record. A batch of responses is one transaction, so a batch is in
the store whole or not at all, and what is absent is the work that is left. Everything else in the
folder can be made again from it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite, nan
from pathlib import Path
from typing import Any, TypeVar

from safebasin.database import damaged, explained, for_reading, for_writing
from safebasin.lock import only_writer
from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.runfolder import Request, freeze, prepare, read_request

Value = TypeVar("Value")

Items = Mapping[str, tuple[float, float]]
"""What a measure found at a point: value (nan if not a number) and weight, by item."""


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

    def add_measurements(self, measure: str, point: str, items: Items) -> None:
        """Commit what a measure found at one point, by item: all of it or nothing."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into measurement values (?, ?, ?, ?, ?)",
                [
                    (measure, point, item, value if isfinite(value) else None, weight)
                    for item, (value, weight) in items.items()
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
        kept = self._read(json.loads, "select value from fact where name = ?", name)
        return kept[0] if kept else None

    def prompts(self) -> dict[str, tuple[Prompt, int]]:
        """Every prompt with its cluster, by id."""
        rows = self._read(
            lambda *row: (Prompt(*row[:5]), int(row[5])),
            "select text, kind, category, form, target, cluster from prompt order by id",
        )
        return {prompt.id: (prompt, cluster) for prompt, cluster in rows}

    def answered(self, point: str) -> set[str]:
        """Ids of the prompts that have a response at a point."""
        return set(self._read(str, "select prompt from response where point = ?", point))

    def responses(self, point: str) -> list[Response]:
        """A point's responses, by prompt id."""
        return self._read(
            lambda prompt, text, ids, finish: Response(prompt, text, _unpack(ids), finish),
            "select prompt, text, token_ids, finish from response where point = ? order by prompt",
            point,
        )

    def verdicts(self, judge: str, point: str) -> dict[str, Verdict]:
        """What a judge says of a point's responses, by prompt id."""
        rows = self._read(
            lambda prompt, label, *rest: (prompt, Verdict(Label(label) if label else None, *rest)),
            "select prompt, label, score, detail, status from verdict"
            " where judge = ? and point = ? order by prompt",
            judge,
            point,
        )
        return dict(rows)

    def labels(self, judge: str) -> Iterator[tuple[str, str, Label | None]]:
        """Point, prompt and label of every verdict of a judge, by point and prompt, as they come.

        For whole runs: of a million verdicts only the current one is in memory.
        """
        known: dict[str | None, Label | None] = {label.value: label for label in Label}
        known[None] = None
        query = "select point, prompt, label from verdict where judge = ? order by point, prompt"
        with explained(self.folder):
            for point, prompt, label in self._connection.execute(query, (judge,)):
                if label not in known:
                    raise damaged(self.folder, ValueError(f"{label!r} is not a label"))
                yield point, prompt, known[label]

    def measurements(self, measure: str, point: str) -> dict[str, tuple[float, float]]:
        """What a measure found at a point, by item: value (nan if not a number) and weight."""
        rows = self._read(
            lambda item, value, weight: (item, (nan if value is None else value, weight)),
            "select item, value, weight from measurement"
            " where measure = ? and point = ? order by item",
            measure,
            point,
        )
        return dict(rows)

    def measured(self, measure: str) -> set[str]:
        """The points at which a measure was taken."""
        query = "select distinct point from measurement where measure = ?"
        return set(self._read(str, query, measure))

    def counts(self) -> dict[str, int]:
        """How many responses there are, and how many have no usable text or no verdict."""
        queries = {
            "responses": "select count(*) from response",
            "numeric_failures": "select count(*) from response where finish = 'numeric_failure'",
            "judge_failures": "select count(*) from verdict where status = 'judge_failed'",
        }
        return {name: self._read(int, query)[0] for name, query in queries.items()}

    def answers_by_point(self) -> dict[str, int]:
        """How many responses each point has."""
        rows = self._read(
            lambda point, count: (str(point), int(count)),
            "select point, count(*) from response group by point",
        )
        return dict(rows)

    def failed_points(self) -> list[str]:
        """Points at which the logits of some response were not numbers."""
        return self._read(
            str,
            "select distinct point from response where finish = 'numeric_failure' order by point",
        )

    def digest(self) -> str:
        """A hash of all that was answered, judged and measured, whatever the order it came in."""
        digest = hashlib.sha256()
        with explained(self.folder):
            for table, order in (
                ("response", "point, prompt"),
                ("verdict", "judge, point, prompt"),
                ("measurement", "measure, point, item"),
            ):
                rows = self._connection.execute(f"select * from {table} order by {order}")  # noqa: S608
                while some := rows.fetchmany(1000):
                    digest.update("".join(map(repr, some)).encode())
        return digest.hexdigest()

    def _read(self, make: Callable[..., Value], query: str, *parameters: str) -> list[Value]:
        with explained(self.folder):
            rows = self._connection.execute(query, parameters).fetchall()
        try:
            return [make(*row) for row in rows]
        except (TypeError, ValueError) as error:
            raise damaged(self.folder, error) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.folder), self._connection:
            yield self._connection


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
        connection = for_writing(folder)
        try:
            yield Store(folder, connection, request)
        finally:
            connection.close()


@contextmanager
def reading(folder: Path) -> Iterator[Store]:
    """Open a run for reading; a writer may be at work on it meanwhile.

    Raises:
        UsageError: the folder is not a run, or nothing is in it yet.
        IntegrityError: the store is damaged, or of a newer schema.
        ResourceError: it cannot be read.
    """
    request = read_request(folder)
    connection = for_reading(folder)
    try:
        yield Store(folder, connection, request)
    finally:
        connection.close()


def _pack(ids: Sequence[int]) -> bytes:
    return array("I", ids).tobytes()


def _unpack(data: bytes) -> tuple[int, ...]:
    return tuple(array("I", data))
