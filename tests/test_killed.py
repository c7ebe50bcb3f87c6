"""SIGKILL at any moment loses at most the batch in flight, and nothing has to be mended by hand."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import children
import pytest
from scans import SMALL, answers, batches_are_whole, digest, into, moved, verdicts

from safebasin.errors import UsageError
from safebasin.judges.base import versioned
from safebasin.judges.coherence import WITH_MODEL
from safebasin.studies import path, surface
from safebasin.studies.landscape import Plan, plan, run
from safebasin.studies.result import Result, Scan, open_run
from safebasin.studies.settings import ScanSettings

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


def same_as(finished: Result[Any], folder: Path) -> bool:
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
            status = open_run(folder).summary.status
            left = POINTS * PROMPTS - stored
            late = stored - verdicts(folder, WITH_MODEL.name)
            assert status.complete == (left == late == 0), moment
            assert status.unjudged == ({versioned(WITH_MODEL): late} if late else {}), moment
    run(into(planned, folder))
    assert same_as(finished, folder)


@pytest.mark.parametrize(("times", "inside"), [(4, 1), pytest.param(30, 5, marks=pytest.mark.slow)])
def test_runs_killed_at_random_moments_end_as_if_they_had_not_been(
    planned: Plan, finished: Scan, tmp_path: Path, times: int, inside: int
) -> None:
    draw = random.Random(0)
    started = time.monotonic()
    child = children.start(children.run_scan, arguments(planned, tmp_path / "whole"))
    child.join(60)
    duration = time.monotonic() - started
    assert child.exitcode == 0
    assert same_as(finished, tmp_path / "whole")

    kills, partial, number = 0, 0, 0
    while kills < times:
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
    assert partial >= inside, "the kills did not fall into the run; draw other delays"


MAP = {"limit": 3, "max_new_tokens": 4, "batch_size": 2}
MAP_KILLS = 6


@pytest.fixture(scope="module", params=[pytest.param("surface", marks=pytest.mark.slow), "path"])
def mapped(request, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Plan]:
    """A small map with a measure, and for the path with checkpoints on it."""
    folder = tmp_path_factory.mktemp(request.param)
    text = folder / "text.txt"
    text.write_text("Describe how to open a window in a small house.")
    asked = {"model": str(tiny), "out": folder / "whole", "perplexity": text, **MAP}
    if request.param == "surface":
        made = surface.plan(surface.SurfaceSettings(**asked, x="-0.5,0", y="0,0.5"))
    else:
        second = moved(folder / "second", tiny, by=0.5)
        moved(folder / "tuned" / "checkpoint-1", tiny, by=0.2, seed=2)
        tuned = {"second": str(second), "x": "0,0.5,1", "checkpoints": folder / "tuned"}
        made = path.plan(path.PathSettings(**asked, **tuned))
    return request.param, made


def map_arguments(planned: Plan, folder: Path) -> dict[str, Any]:
    return {**vars(planned.settings), "out": folder}


def test_a_map_killed_at_moments_of_its_own_ends_as_if_it_had_not_been(
    mapped: tuple[str, Plan], tmp_path: Path
) -> None:
    study, planned = mapped
    finished, folder, before = run(planned), tmp_path / "run", 0
    for moment in children.MAP_MOMENTS:
        child = children.start(children.run_map, study, map_arguments(planned, folder), moment)
        child.join(60)
        assert child.exitcode == -signal.SIGKILL, moment
        assert answers(folder) >= before, moment
        before = answers(folder)
        if before:
            assert batches_are_whole(planned, folder), moment
            assert open_run(folder).summary.shape == finished.summary.shape
    run(into(planned, folder))
    assert same_as(finished, folder)


@pytest.mark.slow
def test_maps_killed_at_random_moments_end_as_if_they_had_not_been(
    mapped: tuple[str, Plan], tmp_path: Path
) -> None:
    study, planned = mapped
    finished, draw = run(planned), random.Random(0)
    started = time.monotonic()
    children.start(children.run_map, study, map_arguments(planned, tmp_path / "whole")).join(60)
    duration = time.monotonic() - started
    assert same_as(finished, tmp_path / "whole")
    kills, number = 0, 0
    while kills < MAP_KILLS:
        folder = tmp_path / str(number)
        child = children.start(children.run_map, study, map_arguments(planned, folder))
        child.join(draw.uniform(0.2, 0.8) * duration)
        child.kill()
        child.join(60)
        if child.exitcode == 0:
            assert same_as(finished, folder)
            number += 1
            continue
        kills += 1
        if answers(folder):
            assert batches_are_whole(planned, folder)
    run(into(planned, folder))
    assert same_as(finished, folder)
