"""A run that was begun before there were seals says that nothing can check what was in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from scans import copied, into
from test_database import BEFORE_THOUGHTS

from safebasin.evaluate import Tick
from safebasin.studies.plan import Plan
from safebasin.studies.result import Scan, open_run
from safebasin.studies.run import run
from safebasin.studies.summaries.overview import UNSEALED


def test_it_is_said_when_it_is_shown_and_when_it_goes_on(
    planned: Plan, finished: Scan, tmp_path: Path
) -> None:
    folder = copied(finished.folder, tmp_path / "run")
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        connection.executescript(BEFORE_THOUGHTS)
    shown = open_run(folder).summary
    assert shown.notes.count(UNSEALED) == 1
    assert UNSEALED not in finished.summary.notes
    ticks: list[Tick] = []
    again = run(into(planned, folder), ticks.append).summary
    assert ticks[0].note == UNSEALED
    assert again.notes == shown.notes
    assert open_run(folder).summary == again
