"""What a run holds, counted: for its status, its digest, and whoever asks what is there."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any, TypeVar

from safebasin.database import SCHEMA_VERSION, damaged, explained, version_of
from safebasin.errors import IntegrityError
from safebasin.runfolder import Request, request_digest
from safebasin.seals import UNSEALED, Part

Value = TypeVar("Value")

_ON_HARMFUL = "join prompt p on p.id = r.prompt and p.kind = 'harmful'"

_SAID = "case thoughts when '' then text else thoughts || char(10) || text end"
_CONTENT = (
    ("response", f"sample, point, prompt, {_SAID}, token_ids, finish", "point, prompt, sample"),
    (
        "verdict",
        "sample, judge, point, prompt, label, score, detail, status",
        "judge, point, prompt, sample",
    ),
    ("measurement", "0, measure, point, item, value, weight", "measure, point, item"),
)


class Inventory:
    """The counting half of an open run folder; see `store.Store`.

    Attributes:
        mended: parts that were damaged, and were removed when it was opened to be done again.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, request: Request) -> None:
        self.folder = folder
        self.request = request
        self.labelled_by: str | None = None
        self._connection = connection
        self._grouped = False
        self.mended: list[Part] = []

    def bind(self) -> None:
        """Keep the digest of the request beside the answers to it; see `require_bound`."""
        query = "insert or ignore into fact values ('request', ?)"
        with explained(self.folder), self._connection:
            self._connection.execute(query, (json.dumps(request_digest(self.request)),))
        self.require_bound()

    def require_bound(self) -> None:
        """Make sure that `run.json` is the one that the answers were given to.

        Raises:
            IntegrityError: it is another.
        """
        kept = self.recall("request")
        if kept is not None and kept != request_digest(self.request):
            raise IntegrityError(
                f"{self.folder / 'run.json'} is not the one that the answers beside it were given "
                "to: restore the file, or scan again into a new --out"
            )

    @property
    def unsealed(self) -> bool:
        """Whether it holds what was written before there were seals, which nothing can check."""
        with explained(self.folder):
            old = version_of(self._connection) < SCHEMA_VERSION
        return old or self.recall(UNSEALED) is not None

    @property
    def first_judge(self) -> str:
        """Key of the judge whose labels shares, scores and edges rest on.

        The first that was asked for, unless `labelled_by` was set to look at the run through the
        eyes of another.
        """
        return self.labelled_by or str(self.request["judges"][0])

    def judges(self) -> list[str]:
        """The keys of all judges that gave verdicts, found without reading these."""
        query = (
            "with recursive step (judge) as (select min(judge) from verdict union all"
            " select (select min(v.judge) from verdict v where v.judge > step.judge) from step"
            " where step.judge is not null) select judge from step where judge is not null"
        )
        return self._read(str, query)

    @property
    def responses_per_point(self) -> int:
        """How many responses a point has once it is done."""
        return self._read(int, "select count(*) from prompt")[0] * self.samples

    @property
    def samples(self) -> int:
        """How many answers there are to a prompt at a point once the run is complete."""
        return int(self.request.get("decoding", {}).get("samples", 1))

    def counts(self) -> dict[str, int]:
        """How many responses there are, and how many have no usable text or no verdict."""
        queries = {
            "responses": "select count(*) from response",
            "numeric_failures": "select count(*) from response where finish = 'numeric_failure'",
            "judge_failures": "select count(*) from verdict where status = 'judge_failed'",
        }
        return {name: self._read(int, query)[0] for name, query in queries.items()}

    def decided(self) -> int:
        """How many responses were ended because the run's own judges could not change any more."""
        return self._read(int, "select count(*) from response where finish = 'decided'")[0]

    def unanswered(self) -> tuple[int, int]:
        """How many responses are thoughts alone, cut off by the limit and ended by the model."""
        query = (
            "select coalesce(sum(finish = 'length'), 0), coalesce(sum(finish != 'length'), 0)"
            " from response where text = '' and (thoughts != '' or thought_tokens > 0)"
            " and finish != 'numeric_failure'"
        )
        return self._read(lambda cut, ended: (int(cut), int(ended)), query)[0]

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

    def unjudged(self) -> list[tuple[str, str, int]]:
        """Of every judge that gave no verdict on some responses: its key, why, and on how many."""
        return self._read(
            lambda judge, detail, count: (str(judge), str(detail), int(count)),
            "select judge, detail, count(*) from verdict where status = 'judge_failed'"
            " group by judge, detail order by judge, count(*) desc, detail",
        )

    def without_verdict(self, judge: str, *, benign: bool = True) -> dict[str, int]:
        """How many responses a judge is yet to say something of, by point.

        Args:
            judge: by its key.
            benign: whether it is asked about harmless prompts too.
        """
        harmful = "" if benign else _ON_HARMFUL
        query = (
            f"select r.point, count(*) from response r {harmful}"  # noqa: S608
            " where not exists (select 1 from verdict v where v.judge = ? and v.point = r.point"
            " and v.prompt = r.prompt and v.sample = r.sample) group by r.point"
        )
        return dict(self._read(lambda point, count: (str(point), int(count)), query, judge))

    def judges_benign(self, judge: str) -> bool:
        """Whether there is a verdict of a judge on any harmless prompt."""
        query = (
            "select 1 from verdict v join prompt p on p.id = v.prompt"
            " where v.judge = ? and p.kind != 'harmful' limit 1"
        )
        return bool(self._read(int, query, judge))

    def measured(self, measure: str) -> set[str]:
        """The points at which a measure was taken."""
        query = "select distinct point from measurement where measure = ?"
        return set(self._read(str, query, measure))

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

    def digest(self) -> str:
        """A hash of all that was answered, judged and measured, whatever the order it came in.

        The number of a sample counts only where there are several, so that the digest of a run
        without is the same in every version.
        """
        digest = hashlib.sha256()
        with explained(self.folder):
            for table, columns, order in _CONTENT:
                query = f"select {columns} from {table} order by {order}"  # noqa: S608
                rows = self._connection.execute(query)
                while some := rows.fetchmany(1000):
                    digest.update("".join(map(_told, some)).encode())
        return digest.hexdigest()

    def recall(self, name: str) -> Any:
        """A value kept by `remember` or `replace`, or None."""
        kept = self._read(json.loads, "select value from fact where name = ?", name)
        return kept[0] if kept else None

    def _read(self, make: Callable[..., Value], query: str, *parameters: str) -> list[Value]:
        with explained(self.folder):
            rows = self._connection.execute(query, parameters).fetchall()
        try:
            return [make(*row) for row in rows]
        except (TypeError, ValueError) as error:
            raise damaged(self.folder, error) from error


def _told(row: tuple[Any, ...]) -> str:
    sample, *content = row
    return repr(tuple(content)) if sample == 0 else repr(row)
