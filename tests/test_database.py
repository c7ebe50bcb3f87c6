"""A store of an older schema is read as it is, and copied before it is brought up to date."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import children
import pytest
from stores import PINNED, REQUEST, filled

from safebasin import database, disk
from safebasin.errors import ResourceError
from safebasin.store import reading, writing

BEFORE_SAMPLES = """
create table r (
    point text not null, prompt text not null references prompt (id),
    text text not null, token_ids blob not null, finish text not null,
    primary key (point, prompt)
) without rowid;
create table v (
    judge text not null, point text not null, prompt text not null,
    label text, score real, detail text not null, status text not null,
    primary key (judge, point, prompt)
) without rowid;
insert into r select point, prompt, text, token_ids, finish from response;
insert into v select judge, point, prompt, label, score, detail, status from verdict;
drop table response; drop table verdict;
alter table r rename to response; alter table v rename to verdict;
drop table seal; delete from fact where name = 'request';
pragma user_version = 2;
"""

BEFORE_THOUGHTS = """
create table r (
    point text not null, prompt text not null references prompt (id), sample integer not null,
    text text not null, token_ids blob not null, finish text not null,
    primary key (point, prompt, sample)
) without rowid;
insert into r select point, prompt, sample, text, token_ids, finish from response;
drop table response; alter table r rename to response;
drop table seal; delete from fact where name = 'request';
pragma user_version = 3;
"""


def of_version(number: int, folder: Path) -> Path:
    """The store as an earlier version of safebasin left it."""
    connection = sqlite3.connect(filled(folder) / "results.sqlite")
    connection.executescript(BEFORE_THOUGHTS if number == 3 else BEFORE_SAMPLES)
    if number == 1:
        connection.executescript("drop table measurement; pragma user_version = 1;")
    connection.close()
    return folder


def of_version_1(folder: Path) -> Path:
    return of_version(1, folder)


def version_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = connection.execute("pragma user_version").fetchone()[0]
    connection.close()
    return found


def test_an_older_store_is_read_as_it_is(tmp_path: Path) -> None:
    folder = of_version_1(tmp_path / "run")
    with reading(folder) as store:
        assert store.digest() == PINNED
        assert store.answered("origin") == {"a", "b"}
        assert store.measured("m") == set()
        assert store.measurements("m", "origin") == {}
        assert store.unsealed
    assert version_of(folder / "results.sqlite") == 1
    assert not (folder / "results.sqlite.v1").exists()


def test_an_older_store_is_copied_and_brought_up_to_date(tmp_path: Path) -> None:
    folder = of_version_1(tmp_path / "run")
    with writing(folder, REQUEST) as store:
        assert store.digest() == PINNED
        assert store.unsealed
        store.add_measurements("m", "origin", {"a": (1.0, 1.0)})
    with reading(folder) as store:
        assert store.unsealed
        assert store.measured("m") == {"origin"}
        assert store.answered("origin") == {"a", "b"}
    copy = folder / "results.sqlite.v1"
    assert version_of(copy) == 1
    assert copy.stat().st_mode & 0o777 == 0o600
    kept = shutil.copytree(folder, tmp_path / "kept")
    (kept / copy.name).replace(kept / "results.sqlite")
    with reading(kept) as store:
        assert store.digest() == PINNED


@pytest.mark.parametrize("number", [2, 3])
def test_a_store_without_samples_or_thoughts_is_brought_up_to_date(
    tmp_path: Path, number: int
) -> None:
    folder = of_version(number, tmp_path / "run")
    with reading(folder) as store:
        assert store.digest() == PINNED
        before = store.responses("origin"), store.verdicts("keyword", "origin"), store.judges()
    with writing(folder, REQUEST) as store:
        assert store.digest() == PINNED
        assert (
            store.responses("origin"), store.verdicts("keyword", "origin"), store.judges()
        ) == before  # fmt: skip
        assert {response.sample for response in store.responses("origin")} == {0}
        assert {response.thoughts for response in store.responses("origin")} == {""}
    assert version_of(folder / f"results.sqlite.v{number}") == number
    assert version_of(folder / "results.sqlite") == database.SCHEMA_VERSION


@pytest.mark.parametrize("moment", ["with half a copy", "after the copy", "before the commit"])
def test_killed_while_it_is_brought_up_to_date(moment: str, tmp_path: Path) -> None:
    folder = of_version_1(tmp_path / "run")
    child = children.start(bring_up_to_date, folder, moment)
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert (folder / "results.sqlite.v1").exists() == (moment != "with half a copy")
    with reading(folder) as store:
        assert store.digest() == PINNED
    assert version_of(folder / "results.sqlite") == 1
    with writing(folder, REQUEST) as store:
        assert store.digest() == PINNED
        store.add_measurements("m", "origin", {"a": (1.0, 1.0)})
    assert version_of(folder / "results.sqlite") == database.SCHEMA_VERSION
    assert version_of(folder / "results.sqlite.v1") == 1
    assert not (folder / "results.sqlite.v1.part").exists()


def bring_up_to_date(folder: Path, moment: str) -> None:
    """Open an older store for writing, and die at a moment."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "with half a copy":
        database.os.fsync = die  # type: ignore[assignment]
    elif moment == "after the copy":
        copy = database.copy_aside
        database.copy_aside = lambda *arguments: die(copy(*arguments))  # type: ignore[func-returns-value]
    else:
        database._NOW = "select die();"
        copy = database.copy_aside

        def prepared(connection: sqlite3.Connection, path: Path, version: int) -> None:
            copy(connection, path, version)
            connection.create_function("die", 0, die)

        database.copy_aside = prepared
    with writing(folder, REQUEST):
        pass


def test_an_older_store_is_left_alone_where_there_is_no_room_for_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    folder = of_version_1(tmp_path / "run")
    size = (folder / "results.sqlite").stat().st_size
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=1234))
    monkeypatch.setattr(database.os, "fsync", full)
    told = rf"sqlite\.v1 cannot be written.*; {size:,} bytes are needed, 1,234 are free.*make room"
    refused = pytest.raises(ResourceError, match=told)
    with refused, writing(folder, REQUEST):
        pass
    monkeypatch.undo()
    assert version_of(folder / "results.sqlite") == 1
    assert {path.name for path in folder.iterdir()} <= {
        "lock", "run.json", "results.sqlite", "results.sqlite-wal", "results.sqlite-shm"
    }  # fmt: skip
    with writing(folder, REQUEST) as store:
        assert store.digest() == PINNED


@pytest.mark.parametrize("number", [1, 3])
def test_thoughts_are_told_from_the_answers_of_an_older_store(tmp_path: Path, number: int) -> None:
    folder = of_version(number, tmp_path / "run")
    connection = sqlite3.connect(folder / "results.sqlite")
    connection.execute("update response set text = 'hm</think>Sure.' where prompt = 'a'")
    connection.commit()
    connection.close()
    with reading(folder) as store:
        before = store.responses("origin")
    assert (before[0].thoughts, before[0].text) == ("hm", "Sure.")
    with writing(folder, REQUEST) as store:
        assert store.responses("origin") == before
