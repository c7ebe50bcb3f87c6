"""Who does the work changes nothing in it; what they could not do is told, and thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engines.crew.faults import flip_a_bit
from scans import POINTS, PROMPTS, digest, into, settings

from safebasin.engines.crew.base import Done
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import FailedPointsError, IntegrityError, ResourceError, UsageError
from safebasin.points import Point
from safebasin.store import reading
from safebasin.studies import landscape
from safebasin.studies import run as running
from safebasin.studies.crew import crew, threads
from safebasin.studies.run import run


def test_ray_is_the_reference_engine_in_workers(tiny: Path) -> None:
    asked = settings(tiny, engine="ray")
    assert (asked.engine, asked.workers) == ("transformers", "auto")
    assert settings(tiny, engine="ray", workers=3).workers == 3
    assert replace(asked, seed=1).workers == "auto"
    assert settings(tiny).workers is None
    with pytest.raises(UsageError, match="--workers is 0; it must be at least 1"):
        settings(tiny, workers=0)


def test_workers_do_not_change_what_a_run_is(tiny: Path, planned) -> None:
    for more in ({"workers": 2}, {"engine": "ray"}):
        other = landscape.plan(settings(tiny, planned.folder, **more), planned.loaded)
        assert other.request == planned.request


def test_workers_have_one_thread_or_what_the_person_says(monkeypatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setattr("torch.get_num_threads", lambda: 4)
    assert threads() == 4


def test_without_ray_workers_are_refused_before_anything(tiny, tmp_path, planned, monkeypatch):
    def missing() -> None:
        raise ResourceError("pip install 'safebasin[ray]'")

    monkeypatch.setattr("safebasin.engines.crew.pool.require_ray", missing)
    other = landscape.plan(settings(tiny, tmp_path / "run", workers=2), planned.loaded)
    with pytest.raises(ResourceError, match=r"safebasin\[ray\]"):
        run(other)
    assert not (tmp_path / "run").exists()


def test_a_point_whose_weights_were_spoilt_is_forgotten(planned, finished, tmp_path, monkeypatch):
    """A bit of the weights is flipped after the restore, once."""
    bad, at = planned.work.points[3], TransformersEngine.at
    weights = next(iter(planned.loaded.model.parameters()))

    @contextmanager
    def spoilt(engine: TransformersEngine, point: Point) -> Iterator[None]:
        with at(engine, point):
            yield
        if point == bad:
            flip_a_bit(weights)

    with monkeypatch.context() as patch:
        patch.setattr(TransformersEngine, "at", spoilt)
        with pytest.raises(IntegrityError, match="is not what was loaded") as raised:
            run(into(planned, tmp_path / "run"))
    assert raised.value.exit_code == 4
    flip_a_bit(weights)
    with reading(tmp_path / "run") as store:
        there = store.answers_by_point()
        assert store.verdicts("keyword", bad.key) == {}
    assert there == {point.key: PROMPTS for point in planned.work.points[:3]}
    run(into(planned, tmp_path / "run"))
    assert digest(tmp_path / "run") == digest(finished.folder)


def giving_up(points: list[Point], error: Exception) -> Any:
    """A crew that does everything but some points."""

    @contextmanager
    def made(planned: Any) -> Iterator[Any]:
        with crew(planned) as alone:
            do = alone.do

            def less(tasks: Any, keep: Any) -> Iterator[Done]:
                for task in tasks:
                    if task.point in points:
                        yield Done(task, {}, error)
                    else:
                        yield from do([task], keep)

            alone.do = less
            yield alone

    return made


def test_points_that_are_given_up_are_listed_and_tried_again(
    planned, finished, tmp_path, monkeypatch
) -> None:
    bad = list(planned.work.points[2:4])
    with monkeypatch.context() as patch:
        patch.setattr(running, "crew", giving_up(bad, FailedPointsError("no luck")))
        with pytest.raises(
            FailedPointsError, match=rf"2 of {POINTS} points were given up"
        ) as found:
            run(into(planned, tmp_path / "run"))
    assert str(found.value).count("no luck") == 2
    assert (tmp_path / "run" / "summary.json").exists()
    with reading(tmp_path / "run") as store:
        assert set(store.answers_by_point()) == {p.key for p in planned.work.points if p not in bad}
    run(into(planned, tmp_path / "run"))
    assert digest(tmp_path / "run") == digest(finished.folder)


def test_without_the_origin_there_is_no_run(planned, tmp_path, monkeypatch) -> None:
    error = ResourceError("a worker is out of memory")
    monkeypatch.setattr(running, "crew", giving_up([Point()], error))
    with pytest.raises(ResourceError, match="out of memory"):
        run(into(planned, tmp_path / "run"))
