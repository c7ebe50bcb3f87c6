"""A disk that is full or cannot be written is told of, and costs nothing that is stored."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from scans import answers
from stores import BATCH, REQUEST, filled

from safebasin import disk
from safebasin.errors import ResourceError
from safebasin.records import Response
from safebasin.store import Store, reading, writing


def fill(store: Store) -> int:
    """Add points until there is no room; how many there are."""
    for number in range(10_000):
        store.add_responses(f"p{number}", [Response("a", "x" * 5000, (), "eos"), BATCH[0]])
    raise AssertionError("there was room for everything")


def test_a_full_disk_is_told_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=4321))
    folder = filled(tmp_path / "run")
    with writing(folder, REQUEST) as store:
        pages = store._connection.execute("pragma page_count").fetchone()[0]
        store._connection.execute(f"pragma max_page_count = {pages + 20}")
        with pytest.raises(
            ResourceError, match=r"results\.sqlite.*full; 4,321 bytes are free.*make room"
        ):
            fill(store)
        there = sum(store.answers_by_point().values())
        assert there > 2
        assert there % 2 == 0
    assert answers(folder) == there
    with writing(folder, REQUEST) as store:
        store.add_responses("after", BATCH)
        assert sum(store.answers_by_point().values()) == there + 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting needs root")
    options = ["-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_is_told_and_costs_nothing(small_disk: Path) -> None:
    folder = filled(small_disk / "run")
    with writing(folder, REQUEST) as store:
        with pytest.raises(ResourceError, match="make room"):
            fill(store)
        there = store.answers_by_point()
        digest = store.digest()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    with writing(folder, REQUEST) as store:
        assert store.answers_by_point() == there
        assert store.digest() == digest
        store.add_responses("after", BATCH)


def test_a_run_on_a_read_only_disk_can_be_read(small_disk: Path) -> None:
    folder = filled(small_disk / "run")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with reading(folder) as store:
        assert store.answered("origin") == {"a", "b"}
    with pytest.raises(ResourceError, match="cannot be written"), writing(folder, REQUEST):
        pass
