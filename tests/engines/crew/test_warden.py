"""What is left of a cluster ends with the program that began it, however that program ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from safebasin.engines.crew.warden import watched

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")

WAIT = "import time; time.sleep(60)"
RENAMED = "ray::Agent"

DRIVER = """
import sys, time
from pathlib import Path
from safebasin.engines.crew.warden import watched
with watched(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def cluster(tmp_path: Path):
    """A folder, what belongs to its cluster, and what does not."""
    folder = tmp_path / "own"
    folder.mkdir()
    with (folder / "log").open("w") as log:
        its = [
            subprocess.Popen([sys.executable, "-c", WAIT, f"--dir={folder}/r"]),
            subprocess.Popen([RENAMED, "-c", WAIT], executable=sys.executable, stdout=log),
        ]
        others = [
            subprocess.Popen([sys.executable, "-c", WAIT, f"{folder}/log"], stdout=log),
            subprocess.Popen([sys.executable, "-c", WAIT, f"--dir={folder}-other/r"]),
            subprocess.Popen([RENAMED, "-c", WAIT], executable=sys.executable),
        ]
    yield folder, its, others
    for one in (*its, *others):
        one.kill()
        one.wait()


def test_a_killed_program_s_cluster_ends_within_seconds(cluster) -> None:
    folder, its, others = cluster
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "up\n"
    assert [one.poll() for one in (*its, *others)] == [None] * 5
    driver.kill()
    driver.communicate()
    assert [one.wait(timeout=10) for one in its] == [-9, -9]
    assert [one.poll() for one in others] == [None] * 3
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder.exists()


def test_nothing_is_left_after_the_block(cluster) -> None:
    folder, its, others = cluster
    with watched(folder):
        assert its[0].poll() is None
    assert [one.wait(timeout=1) for one in its] == [-9, -9]
    assert [one.poll() for one in others] == [None] * 3
