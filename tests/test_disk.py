from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from safebasin import disk
from safebasin.disk import require_local
from safebasin.errors import ResourceError

MOUNTS = """\
/dev/root / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/me/fast ext4 rw 0 0
scratch /big\\040disk lustre rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    return table


@pytest.mark.parametrize(
    ("folder", "kind"), [("/home/me/runs", "nfs4"), ("/home", "nfs4"), ("/big disk/run", "lustre")]
)
def test_a_network_file_system_is_refused_by_name(folder: str, kind: str, mounts: Path) -> None:
    with pytest.raises(ResourceError, match=rf"{folder} is on {kind}.*--out") as caught:
        require_local(Path(folder), mounts)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("folder", ["/run", "/home/me/fast/run", "/homely", "/big"])
def test_a_local_one_is_not(folder: str, mounts: Path) -> None:
    require_local(Path(folder), mounts)


def test_without_a_table_nothing_is_refused(tmp_path: Path) -> None:
    require_local(tmp_path, tmp_path / "missing")


def test_tests_run_on_a_local_one(tmp_path: Path) -> None:
    require_local(tmp_path)


def test_a_message_names_the_room_that_is_needed_and_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=1200))
    assert disk.room(tmp_path) == "; 1,200 bytes are free"
    assert disk.room(tmp_path, 34567) == "; 34,567 bytes are needed, 1,200 are free"
    monkeypatch.undo()
    assert disk.room(tmp_path / "gone" / "away") == ""
    assert disk.room(tmp_path / "gone", 5) == "; 5 bytes are needed"
