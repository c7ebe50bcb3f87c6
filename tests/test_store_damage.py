"""A store that is damaged, of another schema or missing is refused, and never with a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from stores import REQUEST, filled

from safebasin.errors import IntegrityError, ResourceError, UsageError
from safebasin.store import Store, reading, writing
from safebasin.studies.result import Scan, open_run


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    (folder / "results.sqlite").write_bytes(b"not a database" * 1000)
    for way in (reading(folder), writing(folder, REQUEST)):
        with pytest.raises(IntegrityError, match=r"results\.sqlite is damaged.*salvage"), way:
            pass


def test_a_store_of_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    connection = sqlite3.connect(folder / "results.sqlite")
    connection.execute("pragma user_version = 7")
    connection.close()
    for way in (reading(folder), writing(folder, REQUEST)):
        with pytest.raises(IntegrityError, match="schema 7; this safebasin reads up to 3"), way:
            pass


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_truncated_store_is_refused(part: float, finished: Scan, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    store = folder / "results.sqlite"
    store.write_bytes(store.read_bytes()[: int(part * store.stat().st_size)])
    with pytest.raises(IntegrityError):
        open_run(folder)
    with pytest.raises(IntegrityError), writing(folder, finished.summary.request):
        pass


def test_flipped_bytes_are_noticed_or_harmless_but_never_a_traceback(
    finished: Scan, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    store, draw = folder / "results.sqlite", random.Random(0)
    sound = store.read_bytes()
    noticed = 0
    for _ in range(60):
        broken = bytearray(sound)
        start = draw.randrange(len(broken) - 64)
        for place in range(start, start + draw.choice([1, 8, 64])):
            broken[place] ^= draw.randrange(1, 256)
        store.write_bytes(broken)
        try:
            with writing(folder, finished.summary.request) as opened:
                read_everything(opened)
        except (IntegrityError, ResourceError, UsageError):
            noticed += 1
    assert noticed >= 5


def read_everything(store: Store) -> None:
    store.prompts(), store.counts(), store.failed_points(), store.recall("loaded"), store.digest()
    for point in store.answers_by_point():
        store.responses(point), store.verdicts("coherence", point), store.answered(point)


def test_a_run_without_a_store_has_no_answers_yet(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    (folder / "results.sqlite").unlink()
    with pytest.raises(UsageError, match="no answers yet"), reading(folder):
        pass
