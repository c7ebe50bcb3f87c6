"""Checkpoints around the tiny one, and one map of each kind that many tests look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import tiny_adapter
from scans import ASKED, between, moved

from safebasin.studies import path, surface
from safebasin.studies.plan import Plan
from safebasin.studies.result import Line, Surface
from safebasin.studies.run import run

X, Y = "-0.5,-0.25,0,0.5", "-1,0,0.25"
"""Axes that differ in everything, so that no map can be mistaken for its transpose."""


@pytest.fixture(scope="session")
def second(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return moved(tmp_path_factory.mktemp("models") / "second", tiny, by=0.5, seed=1)


@pytest.fixture(scope="session")
def third(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return moved(tmp_path_factory.mktemp("models") / "third", tiny, by=0.4, seed=2)


@pytest.fixture(scope="session")
def adapter(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_adapter(tmp_path_factory.mktemp("models") / "adapter", tiny)


@pytest.fixture(scope="session")
def straight(tiny: Path, second: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fine-tune that goes straight from the tiny checkpoint to the second one."""
    folder = tmp_path_factory.mktemp("straight")
    for number, share in ((10, 1.0), (9, 0.5), (2, 0.25)):
        between(folder / f"checkpoint-{number}", tiny, second, share)
    (folder / "runs").mkdir()
    (folder / "trainer_state.json").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def bent(tiny: Path, second: Path, third: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that turns, and so spans a plane and a little more."""
    folder = tmp_path_factory.mktemp("bent")
    half = between(folder / "checkpoint-9", tiny, second, 0.5)
    between(folder / "checkpoint-10", half, third, 0.5)
    moved(folder / "checkpoint-11", folder / "checkpoint-10", by=0.05, seed=3)
    return folder


def surface_settings(model: Path, out: Path | None = None, **changes: Any) -> Any:
    return surface.SurfaceSettings(
        **{"model": str(model), "out": out, "x": X, "y": Y, **ASKED, **changes}
    )


def path_settings(
    model: Path | str, second: Path | str, out: Path | None = None, **changes: Any
) -> Any:
    given = {"model": str(model), "second": str(second), "out": out, "x": "-0.5,0,0.5,1,1.25"}
    return path.PathSettings(**{**given, **ASKED, **changes})


@pytest.fixture(scope="session")
def planned_surface(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return surface.plan(surface_settings(tiny, tmp_path_factory.mktemp("runs") / "surface"))


@pytest.fixture(scope="session")
def finished_surface(planned_surface: Plan) -> Surface:
    found = run(planned_surface)
    assert isinstance(found, Surface)
    return found


@pytest.fixture(scope="session")
def planned_line(tiny: Path, second: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return path.plan(path_settings(tiny, second, tmp_path_factory.mktemp("runs") / "line"))


@pytest.fixture(scope="session")
def finished_line(planned_line: Plan) -> Line:
    found = run(planned_line)
    assert isinstance(found, Line)
    return found
