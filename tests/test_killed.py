"""SIGKILL at any moment loses at most the batch in flight, and nothing has to be mended by hand."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import children
import pytest
from scans import PROMPTS, RESPONSES, SMALL, answers, batches_are_whole, digest, into

from safebasin.errors import UsageError
from safebasin.studies.landscape import Plan, run
from safebasin.studies.result import Scan, open_run

KILLS = 30


def arguments(planned: Plan, folder: Path) -> dict[str, Any]:
    return {"model": planned.settings.model, "out": folder, **SMALL}


def same_as(finished: Scan, folder: Path) -> bool:
    """Content and summary, byte for byte."""
    summary = (folder / "summary.json").read_bytes()
    return (
        digest(folder) == digest(finished.folder)
        and summary == (finished.folder / "summary.json").read_bytes()
    )


@pytest.mark.parametrize("moment", children.MOMENTS)
def test_a_run_killed_at_this_moment_goes_on(
    moment: str, planned: Plan, finished: Scan, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    child = children.start(children.run_scan, arguments(planned, folder), moment)
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    stored = answers(folder)
    if stored:
        assert batches_are_whole(planned, folder)
        assert open_run(folder).summary.status.complete == (stored == RESPONSES)

    ticks = []
    run(into(planned, folder), lambda tick: ticks.append(tick.done))
    assert same_as(finished, folder)
    assert min(ticks) >= min(stored, PROMPTS)


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
        partial += 0 < stored < RESPONSES
        if stored:
            assert batches_are_whole(planned, folder)
    run(into(planned, folder))
    assert same_as(finished, folder)
    assert partial >= 5, "the kills did not fall into the run; draw other delays"


def test_a_reader_of_a_run_killed_before_its_first_answer_is_told_so(
    planned: Plan, tmp_path: Path
) -> None:
    for moment in ("before the tables", "with half the tables", "before the prompts"):
        folder = tmp_path / moment
        child = children.start(children.run_scan, arguments(planned, folder), moment)
        child.join(60)
        with pytest.raises(UsageError, match="no answers yet"):
            open_run(folder)
