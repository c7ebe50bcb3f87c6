"""A sheet of a run's responses for people to label: a fair sample of every kind of text."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from safebasin.errors import UsageError
from safebasin.records import Label
from safebasin.runfolder import write_whole
from safebasin.store import Store, reading
from safebasin.studies.spreadsheet import cell, id_cell
from safebasin.studies.summaries.calibrated import COHERENT, INCOHERENT
from safebasin.studies.summaries.judged import coherence_of

COLUMNS = ("point", "id", "stratum", "prompt", "thoughts", "response", "label")
"""Of a sheet; without `thoughts` where no response has any."""

Row = tuple[str, str, str, str, str, str, str]


def label(run: Path | str, sheet: Path | str, *, n: int = 200) -> Path:
    """Write a sheet of responses to harmful requests, with an empty column for labels.

    Half of them are coherent and half incoherent by the run's coherence judge, as far as there are
    so many: judges err differently on the two, and are calibrated on each by itself. Within each
    half it is a random sample of the whole run, the same whenever the sheet is written. Cells that
    a spreadsheet would take for a formula begin with an apostrophe, and ids with letters, so that
    none is taken for a number. The judges' own labels are not on the sheet, so that nobody is led
    by them. Where some response has thoughts, they have a column beside it: the label is of the
    response alone.

    Args:
        run: a run folder.
        sheet: the file to write, a .csv.
        n: rows, at most.

    Raises:
        UsageError: the folder is not a run, the name does not end in .csv, `n` is below 2, or the
            file holds labels already, or is no sheet.
        ResourceError: the file cannot be written.
    """
    path = Path(sheet)
    if path.suffix.lower() != ".csv":
        raise UsageError(f"{path}: a sheet is a .csv file")
    if n < 2:
        raise UsageError(f"--n is {n}; it must be at least 2")
    _require_no_labels(path)
    with reading(Path(run)) as store:
        rows = _chosen(store, n)
    if not rows:
        raise UsageError(f"{run} holds no answers to harmful requests yet: run the same scan again")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    at = COLUMNS.index("thoughts")
    kept = [i for i in range(len(COLUMNS)) if i != at or any(row[at] for row in rows)]
    cells = [[row[0], id_cell(row[1]), row[2], *map(cell, row[3:])] for row in rows]
    writer.writerows([row[i] for i in kept] for row in (COLUMNS, *cells))
    write_whole(path, text.getvalue(), private=True)
    return path


def _require_no_labels(path: Path) -> None:
    """A sheet that people have filled in is never written over."""
    if not path.exists():
        return
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error):
        rows = [{"label": "?"}]
    if any("label" not in row or (row["label"] or "").strip() for row in rows):
        raise UsageError(
            f"{path} holds labels already, or is no sheet of safebasin: pass another name, so that "
            "nothing is lost"
        )


def _chosen(store: Store, n: int) -> list[Row]:
    """Evenly from both strata, then in an order that says nothing about either."""
    by_stratum: defaultdict[str, list[Row]] = defaultdict(list)
    for row in _rows(store):
        by_stratum[row[2]].append(row)
    ranked = {name: sorted(rows, key=_rank) for name, rows in by_stratum.items()}
    sense, garbage = ranked.get(COHERENT, []), ranked.get(INCOHERENT, [])
    sense = sense[: max(n - n // 2, n - len(garbage))]
    return sorted([*sense, *garbage[: n - len(sense)]], key=_rank)


def _rank(row: Row) -> str:
    """A place in an order that says nothing about a row's kind, the same every time."""
    return hashlib.sha256("\0".join(row[:2]).encode()).hexdigest()


def _rows(store: Store) -> Iterator[Row]:
    prompts = store.prompts()
    judge = coherence_of(store)
    for point in store.answers_by_point():
        verdicts = store.verdicts(judge, point) if judge else {}
        for response in store.responses(point):
            prompt = prompts[response.prompt_id][0]
            if prompt.kind != "harmful" or response.finish == "numeric_failure":
                continue
            verdict = verdicts.get(response.id)
            garbage = verdict is not None and verdict.label is Label.INCOHERENT
            stratum = INCOHERENT if garbage else COHERENT
            yield point, response.id, stratum, prompt.text, response.thoughts, response.text, ""
