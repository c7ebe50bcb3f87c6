"""Scans that take less than a second, and questions about what they left on the disk."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from safebasin.store import reading
from safebasin.studies.landscape import Plan
from safebasin.studies.settings import ScanSettings

SMALL: dict[str, Any] = {
    "directions": 2,
    "points": 5,
    "limit": 3,
    "max_new_tokens": 8,
    "batch_size": 2,
}
POINTS, PROMPTS, RESPONSES = 9, 6, 54

FLAGS = [text for name, value in SMALL.items() for text in (f"--{name.replace('_', '-')}", value)]


def settings(model: Path | str, out: Path | None = None, **changes: Any) -> ScanSettings:
    return ScanSettings(**{"model": str(model), "out": out, **SMALL, **changes})


def command(model: Path | str, out: Path, *more: object) -> list[str]:
    """The same scan for the command line; later flags win."""
    return [*map(str, ["scan", model, "--out", out, *FLAGS, *more])]


def into(planned: Plan, folder: Path) -> Plan:
    """The same scan in another folder."""
    return replace(planned, folder=folder)


def digest(folder: Path) -> str:
    with reading(folder) as store:
        return store.digest()


def answers(folder: Path) -> int:
    """How many responses are stored; 0 if the run never came to have a store."""
    if not (folder / "results.sqlite").exists():
        return 0
    connection = sqlite3.connect(folder / "results.sqlite")
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        if version == 0:
            return 0
        return connection.execute("select count(*) from response").fetchone()[0]
    finally:
        connection.close()


def batches_are_whole(planned: Plan, folder: Path) -> bool:
    """Whether each batch is in the store whole or not at all, at every point."""
    with reading(folder) as store:
        there = {point.key: store.answered(point.key) for point in planned.work.points}
    counted = (
        Counter(one.prompt_id in answered for one in batch)
        for answered in there.values()
        for batch in planned.work.batches
    )
    return all(len(found) == 1 for found in counted)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
