"""A run may go on on another kind of device, but not unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from scans import interrupting, settings

from safebasin.errors import ReproducibilityError, UsageError
from safebasin.models.load import LoadedModel
from safebasin.studies import landscape
from safebasin.studies.run import run


@pytest.fixture
def begun(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was begun elsewhere, and has a few of its answers."""
    with monkeypatch.context() as patched:
        patched.setattr(LoadedModel, "machine", "NVIDIA A100")
        planned = landscape.plan(settings(tiny, tmp_path / "run"))
        with pytest.raises(KeyboardInterrupt):
            run(planned, interrupting(after=3))
    return planned.folder


def test_it_is_refused(begun: Path, tiny: Path) -> None:
    with pytest.raises(ReproducibilityError, match=r"begun on NVIDIA A100.*--allow-mixed"):
        run(landscape.plan(settings(tiny, begun)))


def test_unless_it_is_allowed_and_then_noted(begun: Path, tiny: Path) -> None:
    for _ in range(2):
        found = run(landscape.plan(settings(tiny, begun, allow_mixed=True))).summary
        assert found.status.complete
        assert found.model.device == "NVIDIA A100"
        (note,) = [note for note in found.notes if "computed on" in note]
        assert "NVIDIA A100 and cpu" in note


def test_without_a_folder_there_is_nothing_to_go_on_with(tiny: Path) -> None:
    with pytest.raises(UsageError, match="name it with --out"):
        settings(tiny, allow_mixed=True)


def test_on_one_device_there_is_nothing_to_note(tiny: Path, tmp_path: Path) -> None:
    found = run(landscape.plan(settings(tiny, tmp_path / "run", allow_mixed=True))).summary
    assert not [note for note in found.notes if "computed on" in note]
