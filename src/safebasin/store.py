"""The run folder: what was asked, what was answered, and what the judges said.

`results.sqlite` is the system of record. A batch of responses is one transaction, so a batch is in
the store whole or not at all, and what is absent is the work that is left. Everything else in the
folder can be made again from it.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from safebasin.database import (
    copied_to_memory,
    damaged,
    explained,
    for_reading,
    for_writing,
)
from safebasin.inventory import Inventory
from safebasin.lock import only_writer
from safebasin.mending import mend, require_undamaged
from safebasin.records import Items, Label, Prompt, Response, Status, Verdict, asked_by, response_id
from safebasin.runfolder import Request, freeze, prepare, read_request, verb


class Store(Inventory):
    """An open run folder. Use `writing` or `reading` to get one."""

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
                "insert into response values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        point,
                        r.prompt_id,
                        r.sample,
                        r.text,
                        _pack(r.token_ids),
                        r.finish,
                        r.thoughts,
                        r.thought_tokens,
                    )
                    for r in responses
                ],
            )

    def add_verdicts(self, judge: str, point: str, verdicts: Mapping[str, Verdict]) -> None:
        """Commit what a judge says of one point's responses, by their ids."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into verdict values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        judge,
                        point,
                        asked_by(id_),
                        _sample(id_),
                        v.label,
                        v.score,
                        v.detail,
                        v.status,
                    )
                    for id_, v in verdicts.items()
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

    def discard(self, point: str) -> None:
        """Forget everything that was answered, judged and measured at a point."""
        with self._transaction() as connection:
            for table in ("verdict", "measurement", "response"):
                connection.execute(f"delete from {table} where point = ?", (point,))  # noqa: S608

    def remember(self, name: str, value: Any) -> Any:
        """Keep a small JSON value that the rest of the run depends on, and return what is kept.

        The first value stays: a run that goes on goes on with what it began with.
        """
        text = json.dumps(value, sort_keys=True)
        with self._transaction() as connection:
            connection.execute("insert or ignore into fact values (?, ?)", (name, text))
        return self.recall(name)

    def replace(self, name: str, value: Any) -> None:
        """Keep a small JSON value in place of what was kept under its name."""
        text = json.dumps(value, sort_keys=True)
        with self._transaction() as connection:
            connection.execute("insert or replace into fact values (?, ?)", (name, text))

    def renderings(self) -> dict[str, tuple[int, ...]]:
        """Each prompt's token ids, as the model read it, by prompt id."""
        return dict(
            self._read(
                lambda id_, ids: (str(id_), _unpack(ids)), "select id, token_ids from prompt"
            )
        )

    def prompts(self) -> dict[str, tuple[Prompt, int]]:
        """Every prompt with its cluster, by id."""
        rows = self._read(
            lambda *row: (Prompt(*row[:5]), int(row[5])),
            "select text, kind, category, form, target, cluster from prompt order by id",
        )
        return {prompt.id: (prompt, cluster) for prompt, cluster in rows}

    def answered(self, point: str) -> set[str]:
        """Ids of the responses that there are at a point."""
        query = "select prompt, sample from response where point = ?"
        return set(self._read(response_id, query, point))

    def responses(self, point: str) -> list[Response]:
        """A point's responses, by prompt id and sample."""
        return self._read(
            lambda prompt, sample, text, ids, finish, *thoughts: Response(
                prompt, text, _unpack(ids), finish, sample, *thoughts
            ),
            "select prompt, sample, text, token_ids, finish, thoughts, thought_tokens"
            " from response where point = ? order by prompt, sample",
            point,
        )

    def verdicts(self, judge: str, point: str) -> dict[str, Verdict]:
        """What a judge says of a point's responses, by their ids."""
        rows = self._read(
            lambda prompt, sample, label, *rest: (
                response_id(prompt, sample),
                Verdict(Label(label) if label else None, *rest),
            ),
            "select prompt, sample, label, score, detail, status from verdict"
            " where judge = ? and point = ? order by prompt, sample",
            judge,
            point,
        )
        return dict(rows)

    def labels(self, judge: str) -> Iterator[tuple[str, str, int, Label | Status]]:
        """Point, prompt, sample and label of every verdict of a judge, in that order.

        In place of a label that could not be given stands the reason.

        For whole runs: of a million verdicts only the current one is in memory.
        """
        known: dict[str, Label | Status] = {label.value: label for label in Label}
        known |= {"judge_failed": "judge_failed", "numeric_failure": "numeric_failure"}
        query = (
            "select point, prompt, sample, coalesce(label, status) from verdict where judge = ?"
            " order by point, prompt, sample"
        )
        with explained(self.folder):
            for point, prompt, sample, label in self._connection.execute(query, (judge,)):
                if label not in known:
                    raise damaged(self.folder, ValueError(f"{label!r} is not a label"))
                yield point, prompt, sample, known[label]

    @contextmanager
    def in_memory(self) -> Iterator[Store]:
        """A copy that can be written to, and that is gone after the block."""
        with explained(self.folder):
            connection = copied_to_memory(self._connection)
        try:
            store = Store(self.folder, connection, self.request)
            store.labelled_by = self.labelled_by
            yield store
        finally:
            connection.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Everything that is written inside the block is one transaction: all of it or nothing.

        Each commit waits for the disk. Where what is written is cheap to make again, few large ones
        are better than many small ones.
        """
        self._grouped = True
        try:
            with explained(self.folder), self._connection:
                yield
        finally:
            self._grouped = False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._grouped:
            with explained(self.folder):
                yield self._connection
            return
        with explained(self.folder), self._connection:
            yield self._connection


@contextmanager
def writing(folder: Path, request: Request, *, again: bool = False) -> Iterator[Store]:
    """Open a run for writing; begin it if there is none.

    Args:
        folder: made if it is missing.
        request: everything that decides what the run contains; kept in `run.json`.
        again: whether what is damaged is removed, so that it is done again; see `Store.mended`.

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
            store = Store(folder, connection, request)
            if again:
                store.mended = mend(folder, connection)
            else:
                require_undamaged(folder, connection, verb(request))
            with explained(folder):
                connection.keep_seals()
            store.bind()
            yield store
        finally:
            connection.close()


@contextmanager
def reading(folder: Path, *, labelled_by: str | None = None) -> Iterator[Store]:
    """Open a run for reading; a writer may be at work on it meanwhile.

    Args:
        folder: of the run.
        labelled_by: see `Store.first_judge`.

    Raises:
        UsageError: the folder is not a run, or nothing is in it yet.
        IntegrityError: the store is damaged, or of a newer schema.
        ResourceError: it cannot be read.
    """
    request = read_request(folder)
    connection = for_reading(folder)
    try:
        store = Store(folder, connection, request)
        store.labelled_by = labelled_by
        require_undamaged(folder, connection, verb(request))
        store.require_bound()
        yield store
    finally:
        connection.close()


def _sample(response_id: str) -> int:
    return int(response_id.partition("#")[2] or 0)


def _pack(ids: Sequence[int]) -> bytes:
    return array("I", ids).tobytes()


def _unpack(data: bytes) -> tuple[int, ...]:
    return tuple(array("I", data))
