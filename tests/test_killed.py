"""SIGKILL at any moment loses at most the batch in flight, and nothing has to be mended by hand."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import children
import pytest
from scans import SMALL, answers, batches_are_whole, digest, into

from safebasin.errors import UsageError
from safebasin.studies.landscape import Plan, plan, run
from safebasin.studies.result import Scan, open_run
from safebasin.studies.settings import ScanSettings

KILLS = 30

EMPTY = (
    "before run.json",
    "with half a run.json",
    "before the tables",
    "with half the tables",
    "before the prompts",
    "inside the transaction of the prompts",
    "after the prompts",
)
"""Moments after which there is nothing that a reader could be shown."""


SMALLER = {**SMALL, "points": 3, "max_new_tokens": 4}
POINTS, PROMPTS = 5, 6


@pytest.fixture(scope="module")
def planned(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    out = tmp_path_factory.mktemp("killed") / "whole"
    return plan(ScanSettings(model=str(tiny), out=out, **SMALLER))


@pytest.fixture(scope="module")
def finished(planned: Plan) -> Scan:
    return run(planned)


def arguments(planned: Plan, folder: Path) -> dict[str, Any]:
    return {"model": planned.settings.model, "out": folder, **SMALLER}


def same_as(finished: Scan, folder: Path) -> bool:
    """Content and summary, byte for byte."""
    summary = (folder / "summary.json").read_bytes()
    return (
        digest(folder) == digest(finished.folder)
        and summary == (finished.folder / "summary.json").read_bytes()
    )


def test_a_run_killed_at_every_commit_point_in_turn_ends_as_if_it_had_not_been(
    planned: Plan, finished: Scan, tmp_path: Path
) -> None:
    folder, before = tmp_path / "run", 0
    for moment in children.MOMENTS:
        child = children.start(children.run_scan, arguments(planned, folder), moment)
        child.join(60)
        assert child.exitcode == -signal.SIGKILL, moment
        stored = answers(folder)
        assert stored >= before, moment
        before = stored
        if moment in EMPTY:
            with pytest.raises(UsageError, match=r"no answers yet|not a run"):
                open_run(folder)
        else:
            assert batches_are_whole(planned, folder), moment
            assert open_run(folder).summary.status.complete == (stored == POINTS * PROMPTS)
    run(into(planned, folder))
    assert same_as(finished, folder)


def test_runs_killed_at_random_moments_end_as_if_they_had_not_been(
    planned: Plan, finished: Scan, tmp_path: Path
) -> None:
    draw = random.Random(0)
    started = time.monotonic()
    child = children.start(children.run_scan, arguments(planned, tmp_path / "whole"))
    child.join(60)
    duration = time.monotonic() - started
    assert child.exitcode == 0
    assert same_as(finished, tmp_path / "whole")

    kills, partial, number = 0, 0, 0
    while kills < KILLS:
        folder = tmp_path / str(number)
        child = children.start(children.run_scan, arguments(planned, folder))
        child.join(draw.uniform(0.1, 0.9) * duration)
        child.kill()
        child.join(60)
        if child.exitcode == 0:
            assert same_as(finished, folder)
            number += 1
            continue
        assert child.exitcode == -signal.SIGKILL
        kills += 1
        stored = answers(folder)
        partial += 0 < stored < POINTS * PROMPTS
        if stored:
            assert batches_are_whole(planned, folder)
    run(into(planned, folder))
    assert same_as(finished, folder)
    assert partial >= 5, "the kills did not fall into the run; draw other delays"
