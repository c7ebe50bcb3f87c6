"""A store that is damaged, of another schema or missing is refused, and never with a traceback."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from scans import copied, into
from stores import BATCH, REQUEST, edited, filled

from safebasin.errors import IntegrityError, ResourceError, UsageError
from safebasin.records import Label, Verdict
from safebasin.runfolder import request_digest
from safebasin.store import Store, reading, writing
from safebasin.studies.judging import judge
from safebasin.studies.landscape import Plan, run
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
        with pytest.raises(IntegrityError, match="schema 7; this safebasin reads up to 4"), way:
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


@pytest.mark.parametrize("flips", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_flipped_bits_are_named_or_change_nothing(
    flips: int, finished: Scan, tmp_path: Path
) -> None:
    folder = copied(finished.folder, tmp_path / "run")
    store, draw, noticed = folder / "results.sqlite", random.Random(flips), 0
    sound, expected = store.read_bytes(), open_run(folder).summary
    for _ in range(flips):
        broken = bytearray(sound)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        for left in folder.glob("results.sqlite*"):
            left.unlink()
        store.write_bytes(broken)
        try:
            assert open_run(folder).summary == expected
        except (IntegrityError, ResourceError):
            noticed += 1
    assert noticed > flips // 3, "most of the file is content"


def test_flipped_bytes_never_end_in_a_traceback(finished: Scan, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    store, draw = folder / "results.sqlite", random.Random(0)
    sound = store.read_bytes()
    noticed = 0
    for _ in range(30):
        broken = bytearray(sound)
        start = draw.randrange(len(broken) - 64)
        for place in range(start, start + draw.choice([1, 8, 64])):
            broken[place] ^= draw.randrange(1, 256)
        store.write_bytes(broken)
        try:
            with writing(folder, finished.summary.request, again=draw.random() < 0.5) as opened:
                read_everything(opened)
        except (IntegrityError, ResourceError, UsageError):
            noticed += 1
    assert noticed >= 5


EDITS = {
    "the answers at origin": "update response set text = 'Sure' where point = 'origin'",
    "the verdicts of keyword at origin": "delete from verdict"
    " where judge = 'keyword' and point = 'origin' and prompt = (select max(prompt) from verdict)",
    "the prompts": "update prompt set cluster = 0",
    "the fact 'loaded'": "update fact set value = replace(value, 'Llama', 'Other')"
    " where name = 'loaded'",
    "the answers at elsewhere": "update response set point = 'elsewhere' where point = 'origin'",
}


@pytest.mark.parametrize("named", EDITS)
def test_an_edit_by_hand_is_named_and_the_same_command_does_that_again(
    named: str, finished: Scan, planned: Plan, tmp_path: Path
) -> None:
    folder = copied(finished.folder, tmp_path / "run")
    edited(folder, EDITS[named], seal=False)
    with pytest.raises(IntegrityError, match=f"{named}.*`safebasin scan`.*does that again"):
        open_run(folder)
    with pytest.raises(IntegrityError, match=named):
        judge(folder, judges=["exact"])
    again = run(into(planned, folder))
    assert again.summary == open_run(folder).summary == finished.summary
    assert (folder / "results.sqlite.damaged").stat().st_mode & 0o777 == 0o600


def test_a_store_beside_another_request_is_refused(finished: Scan, tmp_path: Path) -> None:
    folder = copied(finished.folder, tmp_path / "run")
    content = json.loads((folder / "run.json").read_text())
    content["request"]["model"]["weights_digest"] = "0" * 64
    content["request_digest"] = request_digest(content["request"])
    (folder / "run.json").write_text(json.dumps(content))
    with pytest.raises(IntegrityError, match=r"run\.json is not the one"):
        open_run(folder)


@pytest.mark.parametrize(
    "query",
    [
        "create view endless as with recursive r(n) as"
        " (select 1 union all select n + 1 from r) select * from r",
        "create index one on verdict (label)",
        "drop table seal",
        "pragma user_version = 3",
        "pragma user_version = 0",
    ],
)
def test_a_store_of_another_make_is_refused(query: str, finished: Scan, tmp_path: Path) -> None:
    folder = edited(copied(finished.folder, tmp_path / "run"), query, seal=False)
    with pytest.raises(IntegrityError, match="damaged"):
        open_run(folder)


def test_seals_follow_whatever_is_written(tmp_path: Path) -> None:
    one, other = Verdict(Label.OTHER, -0.0, "x"), Verdict(Label.REFUSED, 2)
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        store.add_verdicts("keyword", "origin", {"a": one, "b": other})
        store.add_verdicts("keyword", "origin", {"a": other})
        store.add_measurements("m", "origin", {"i": (0.5, 1.0)})
        store.add_measurements("m", "origin", {"i": (-0.0, 3)})
        store.replace("versions", "é")
        store.remember("versions", "other")
        with pytest.raises(IntegrityError):
            store.add_responses("p", [BATCH[0], BATCH[0]])
        with store.at_once():
            store.add_responses("q", BATCH)
            store.add_verdicts("keyword", "q", {"a": one})
        store.discard("q")
    with reading(tmp_path / "run") as store:
        assert store.answers_by_point() == {"origin": 2}


def read_everything(store: Store) -> None:
    store.prompts(), store.counts(), store.failed_points(), store.recall("loaded"), store.digest()
    for point in store.answers_by_point():
        store.responses(point), store.verdicts("coherence", point), store.answered(point)


def test_a_run_without_a_store_has_no_answers_yet(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    (folder / "results.sqlite").unlink()
    with pytest.raises(UsageError, match="no answers yet"), reading(folder):
        pass
