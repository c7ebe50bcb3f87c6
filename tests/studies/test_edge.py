"""Distances are compared with a safety edge: of another scan, or the map's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from scans import copied, into, relabel, settings

from safebasin.errors import UsageError
from safebasin.records import Label
from safebasin.studies import landscape, path, surface
from safebasin.studies.edge import reference_edge
from safebasin.studies.grid import Grid
from safebasin.studies.plan import Plan
from safebasin.studies.result import Line, Scan, Surface, open_run
from safebasin.studies.run import run
from studies.conftest import path_settings, surface_settings

EDGE = 0.375


def refuses_within(scan: Scan) -> set[str]:
    """Points of a scan that are nearer than halfway between 0.25 and 0.5."""
    planned = scan.summary
    return {"origin"} | {f"{d.key}@{x!r}" for d in planned.directions for x in (-0.25, 0.25)}


@pytest.fixture
def edged(finished: Scan, tmp_path: Path) -> Path:
    """A scan whose refusals fall to half at 0.375 on every side."""
    folder, safe = copied(finished.folder, tmp_path / "edged"), refuses_within(finished)
    relabel(folder, lambda key, *_: Label.REFUSED if key in safe else Label.COMPLIED)
    return folder


def test_without_a_run_there_is_none() -> None:
    assert reference_edge(None) is None


def test_the_edge_of_a_scan(edged: Path, finished: Scan) -> None:
    found = reference_edge(edged)
    assert found is not None
    assert found["run"] == "edged"
    assert found["estimate"]["value"] == pytest.approx(EDGE)
    assert found["weights_digest"] == finished.summary.model.weights_digest


def test_distances_as_shares_of_it(tiny, straight, edged: Path, tmp_path: Path) -> None:
    asked = {"x": "0,0.5", "y": "0,0.5", "checkpoints": straight, "limit": 1, "edge": edged}
    made = surface.plan(surface_settings(tiny, tmp_path / "run", **asked))
    assert made.request["edge"]["run"] == "edged"
    assert not any("scan of other weights" in note for note in made.notes)
    trajectory = run(made).summary.trajectory
    assert trajectory.edge_source == "edged"
    assert trajectory.edge.value == pytest.approx(EDGE)
    assert [place.distance for place in trajectory.places] == pytest.approx(
        [0.125, 0.25, 0.5], rel=1e-3
    )
    for place in trajectory.places:
        assert place.edge_ratio == pytest.approx(place.distance / EDGE)


def test_the_edge_of_another_model_is_remarked(second, tiny, straight, edged: Path) -> None:
    asked = {"checkpoints": straight, "plane": "random", "edge": edged}
    made = surface.plan(surface_settings(second, **asked))
    assert "the safety edge is from edged, a scan of other weights" in made.notes


def test_a_line_has_an_edge_of_its_own(tiny, second, straight, tmp_path: Path) -> None:
    """Refusals fall to half a quarter of the way along, so the end is four edges away."""
    made = path.plan(
        path_settings(tiny, second, tmp_path / "run", x="-0.5,0,0.5,1", checkpoints=straight)
    )
    folder = copied(run(made).folder, tmp_path / "known")
    grid = Grid.from_json(made.request["grid"])
    safe = {grid.point(x).key for x in (-0.5, 0.0)}
    relabel(folder, lambda key, *_: Label.REFUSED if key in safe else Label.COMPLIED)
    trajectory = open_run(folder).summary.trajectory
    assert trajectory.edge_source == "this map"
    assert [p.edge_ratio for p in trajectory.places] == pytest.approx([1, 2, 4], rel=1e-3)


def test_a_run_of_another_study_is_refused(finished_surface: Surface, finished_line: Line) -> None:
    for found, verb in ((finished_surface, "surface"), (finished_line, "path")):
        with pytest.raises(UsageError, match=f"--edge .* is a run of `safebasin {verb}`; pass one"):
            reference_edge(found.folder)


def test_a_scan_without_an_edge_is_refused(finished: Scan) -> None:
    with pytest.raises(UsageError, match="has no safety edge there; leave it out"):
        reference_edge(finished.folder)


def test_an_adaptive_scan_has_an_edge_too(tiny: Path, tmp_path: Path) -> None:
    asked = {"adaptive": True, "points": 3, "directions": 1}
    found = run(landscape.plan(settings(tiny, tmp_path / "run", **asked)))
    with pytest.raises(UsageError, match="has no safety edge there"):  # so it was read as one
        reference_edge(found.folder)


def test_a_scan_that_is_not_complete_is_refused(planned: Plan, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(tick) -> None:
        if tick.done > 20:
            raise StopError

    with pytest.raises(StopError):
        run(into(planned, tmp_path / "run"), stop)
    with pytest.raises(UsageError, match="is not complete: run its command again"):
        reference_edge(tmp_path / "run")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run"):
        reference_edge(tmp_path)
