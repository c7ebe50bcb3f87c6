"""Where workers go, and who may reach them: decided before any of them is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safebasin.engines.crew import cluster, host
from safebasin.engines.crew.cluster import (
    Places,
    _is_loopback,
    _places,
    _require_closed,
    require_ray,
)
from safebasin.errors import ResourceError, UsageError
from safebasin.lock import only_writer


@pytest.mark.parametrize(
    ("asked", "resources", "places"),
    [
        (None, {"GPU": 4.0, "CPU": 64.0}, Places(4, 1, 1.0)),
        (8, {"GPU": 4.0, "CPU": 64.0}, Places(8, 1, 0.5)),
        (3, {"GPU": 1.0, "CPU": 8.0}, Places(3, 1, 0.3333)),
        (2, {"GPU": 4.0, "CPU": 64.0}, Places(2, 1, 1.0)),
    ],
)
def test_workers_share_gpus_evenly(asked, resources, places) -> None:
    found = _places(resources, asked, 1, on_gpus=True)
    assert found == places
    assert found.gpus * -(-found.count // int(resources["GPU"])) <= 1


@pytest.mark.parametrize(
    ("asked", "cpus", "threads", "count"),
    [(None, 8, 1, 4), (None, 8, 4, 2), (None, 1, 1, 1), (3, 8, 2, 3), (8, 8, 1, 8)],
)
def test_without_a_gpu_a_worker_takes_its_threads(asked, cpus, threads, count) -> None:
    assert _places({"CPU": float(cpus)}, asked, threads, on_gpus=False) == Places(count, threads)


def test_a_cluster_that_is_too_small_is_not_waited_for() -> None:
    with pytest.raises(UsageError, match=r"--workers 5 need 10 processors.*has 8"):
        _places({"CPU": 8.0}, 5, 2, on_gpus=False)
    with pytest.raises(UsageError, match="has no GPU"):
        _places({"CPU": 8.0}, 5, 2, on_gpus=True)


def test_what_killed_programs_left_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = [f"sb-{gone.pid}-a", f"sb-{os.getpid()}-b", "sb-1-c", "sb-old", "other"]
    for name in names:
        (tmp_path / name / "session").mkdir(parents=True)
    with only_writer(tmp_path / names[0]):  # by a program whose number means nothing here
        cluster._sweep(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    cluster._sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_cluster_that_strangers_can_reach_is_refused(monkeypatch) -> None:
    here = {"Alive": True, "NodeManagerAddress": "127.0.0.1"}
    there = {"Alive": True, "NodeManagerAddress": "10.0.0.7"}
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    _require_closed([here, {**there, "Alive": False}])
    with pytest.raises(UsageError, match=r"10\.0\.0\.7\S* can be reached.*RAY_AUTH_MODE=token"):
        _require_closed([here, there])
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(UsageError, match="without a token"):
        _require_closed([there])
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    _require_closed([here, there])
    assert not _is_loopback("128.0.0.1")


@pytest.mark.parametrize(("found", "fine"), [("2.52.0", True), ("2.51.1", False), ("1.99", False),
                                             ("3.0.0rc1", True)])  # fmt: skip
def test_ray_without_authentication_is_refused(monkeypatch, found: str, fine: bool) -> None:
    monkeypatch.setattr(cluster, "version", lambda _: found)
    if fine:
        require_ray()
    else:
        with pytest.raises(ResourceError, match=rf"Ray {found} has no auth.*pip install"):
            require_ray()


def test_a_missing_extra_names_the_command(monkeypatch) -> None:
    def missing(name: str) -> str:
        raise cluster.PackageNotFoundError(name)

    monkeypatch.setattr(cluster, "version", missing)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[ray\]'"):
        require_ray()


def test_settings_of_a_person_stand(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", *cluster._OURS):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    cluster._set_surroundings()
    assert cluster.os.environ["RAY_AUTH_MODE"] == "disabled"
    assert "RAY_AUTH_TOKEN" not in cluster.os.environ
    assert cluster.os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_versions_are_what_is_installed_here(monkeypatch) -> None:
    found = host.versions()
    assert set(found) == {"python", "safebasin", "torch", "transformers"}
    assert "none" not in found.values()
    monkeypatch.setattr(host, "PACKAGES", ("no-such-package",))
    assert host.versions()["no-such-package"] == "none"
