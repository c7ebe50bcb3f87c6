"""A study by many workers on a real cluster of two nodes is the study, whatever is killed."""

from __future__ import annotations

import os
import random
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.crew.faults import faulty
from scans import answers, digest, into, moved

from safebasin.engines.crew import members
from safebasin.errors import FailedPointsError, IntegrityError, UsageError
from safebasin.store import reading
from safebasin.studies import crew, landscape, path
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

pytestmark = [
    pytest.mark.ray,
    # Ray leaves the processes that it starts, and its sockets, to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PROGRAM = [sys.executable, "-c", "from safebasin.cli import main; main()"]
ASKED = {"directions": 1, "points": 9, "limit": 40, "max_new_tokens": 4, "batch_size": 7}
POINTS, PROMPTS = 9, 80


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with two processors each, and a token."""
    names = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in names.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 2, "include_dashboard": False}
        found = Cluster(initialize_head=True, head_node_args=head)
        found.add_node(num_cpus=2)
        patch.setenv("RAY_ADDRESS", found.address)
        yield found
        found.shutdown()


@pytest.fixture(scope="module")
def alone(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The same scan by this process alone, done."""
    out = tmp_path_factory.mktemp("alone") / "run"
    planned = landscape.plan(ScanSettings(model=str(tiny), out=out, **ASKED))
    run(planned)
    return planned


def by(workers: int, alone: Plan, folder: Path, **more: Any) -> Plan:
    settings = {**vars(alone.settings), "workers": workers, "out": folder, **more}
    return landscape.plan(ScanSettings(**settings), alone.loaded)


def with_faults(monkeypatch: pytest.MonkeyPatch, **faults: Any) -> None:
    made = crew._recipe
    monkeypatch.setattr(crew, "_recipe", lambda *given: faulty(made(*given), **faults))


def same(planned: Plan, alone: Plan) -> bool:
    summaries = [(one.folder / "summary.json").read_bytes() for one in (planned, alone)]
    return digest(planned.folder) == digest(alone.folder) and summaries[0] == summaries[1]


def test_eighty_prompts_on_three_workers_are_eighty_rows(cluster, alone, tmp_path) -> None:
    planned = by(3, alone, tmp_path / "run")
    assert planned.request == alone.request
    run(planned)
    assert same(planned, alone)
    with reading(planned.folder) as store:
        assert store.answers_by_point() == {p.key: PROMPTS for p in planned.work.points}


def test_a_finished_run_starts_nobody(alone, tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("workers were started")

    monkeypatch.setattr("safebasin.engines.crew.pool.Members", refuse)
    planned = by(2, alone, alone.folder)
    before = digest(alone.folder)
    run(planned)
    assert digest(alone.folder) == before


class Killer(threading.Thread):
    """Kills a worker that is ready, again and again."""

    def __init__(self, pids: Path, kills: int, every: float) -> None:
        super().__init__(daemon=True)
        self.pids, self.kills, self.every, self.killed = pids, kills, every, 0

    def run(self) -> None:
        draw = random.Random(0)
        while self.killed < self.kills:
            time.sleep(self.every)
            ready = sorted(self.pids.iterdir())
            if ready:
                one = draw.choice(ready)
                one.unlink()
                try:
                    os.kill(int(one.name), signal.SIGKILL)
                    self.killed += 1
                except ProcessLookupError:
                    return


def test_workers_and_a_node_that_are_killed_cost_nothing_but_time(
    cluster, alone, tmp_path, monkeypatch
) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    with_faults(monkeypatch, pids=pids, pause=0.3)
    node = cluster.add_node(num_cpus=2)
    planned = by(3, alone, tmp_path / "run")
    killer = Killer(pids, kills=3, every=2.0)
    killer.start()

    def lose_the_node(tick: Any) -> None:
        if tick.done > 3 * PROMPTS and node in cluster.worker_nodes:
            cluster.remove_node(node, allow_graceful=False)

    run(planned, lose_the_node)
    assert killer.killed >= 2
    assert node not in cluster.worker_nodes
    assert same(planned, alone)


def test_a_point_that_kills_its_workers_is_given_up_and_the_others_go_on(
    cluster, alone, tmp_path, monkeypatch
) -> None:
    poison = alone.work.points[3]
    planned = by(2, alone, tmp_path / "run")
    with monkeypatch.context() as patch:
        with_faults(patch, poison=poison.key)
        with pytest.raises(
            FailedPointsError, match=r"1 of 9 points were given up after 3"
        ) as found:
            run(planned)
    assert found.value.exit_code == 6
    assert "the worker was lost" in str(found.value)
    with reading(planned.folder) as store:
        assert set(store.answers_by_point()) == {p.key for p in alone.work.points} - {poison.key}
    run(into(alone, planned.folder))
    assert same(planned, alone)


def test_a_point_whose_weights_were_spoilt_is_forgotten(
    cluster, alone, tmp_path, monkeypatch
) -> None:
    bad = alone.work.points[2]
    planned = by(1, alone, tmp_path / "run")
    with monkeypatch.context() as patch:
        with_faults(patch, spoils=bad.key)
        with pytest.raises(IntegrityError, match="is not what was loaded"):
            run(planned)
    with reading(planned.folder) as store:
        there = store.answers_by_point()
    assert bad.key not in there
    assert there["origin"] == PROMPTS
    run(into(alone, planned.folder))
    assert same(planned, alone)


def test_another_version_is_refused_before_the_first_task(
    cluster, alone, tmp_path, monkeypatch
) -> None:
    real = members.versions()
    monkeypatch.setattr(members, "versions", lambda: {**real, "transformers": "5.0.1"})
    planned = by(1, alone, tmp_path / "run")
    with pytest.raises(
        UsageError, match=r"has transformers \S+ \(5\.0\.1 here\): install the same"
    ):
        run(planned)
    assert answers(planned.folder) == 0


def test_paths_measures_and_samples_are_the_same_by_workers(cluster, tiny, tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Describe how to open a window in a small house.")
    asked = {
        "model": str(tiny), "second": str(moved(tmp_path / "second", tiny, by=0.5)),
        "x": "0,0.5,1", "perplexity": text, "limit": 3, "max_new_tokens": 4, "batch_size": 4,
        "temperature": 0.8, "samples": 2,
    }  # fmt: skip
    digests = []
    for workers in (None, 2):
        settings = path.PathSettings(**asked, workers=workers, out=tmp_path / f"{workers}")
        planned = path.plan(settings)
        run(planned)
        digests.append(digest(planned.folder))
    assert digests[0] == digests[1]


def test_an_adaptive_search_takes_the_same_turns(cluster, tiny, tmp_path) -> None:
    asked = {"model": str(tiny), "adaptive": True, "directions": 1, "points": 3, "limit": 16,
             "max_new_tokens": 3}  # fmt: skip
    digests = []
    for workers in (None, 2):
        planned = landscape.plan(
            ScanSettings(**asked, workers=workers, out=tmp_path / f"{workers}")
        )
        run(planned)
        digests.append(digest(planned.folder))
    assert digests[0] == digests[1]


def of_the_cluster(program: int) -> list[int]:
    """Processes that descend from one."""
    rows = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True)
    parents = dict(map(int, row.split()) for row in rows.stdout.splitlines()[1:])
    found, more = set(), {program}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in more} - found
    return sorted(found - {program})


def named(pids: list[int], name: str) -> int:
    (found,) = (p for p in pids if name in Path(f"/proc/{p}/cmdline").read_text().split("\0")[0])
    return found


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()
            and " Z " not in Path(f"/proc/{pid}/stat").read_text()]  # fmt: skip


def test_a_program_whose_driver_or_head_is_killed_or_stopped_goes_on(alone, tiny, tmp_path) -> None:
    """Its own cluster, three times: SIGKILL of the program, SIGTERM, and SIGKILL of the head.

    Workers need no head for what they are doing, so a short run may end well without one.
    """
    folder = tmp_path / "run"
    asked = {**ASKED, "points": 81}
    flags = [text for name, value in asked.items()
             for text in (f"--{name.replace('_', '-')}", str(value))]  # fmt: skip
    words = ["scan", str(tiny), "--out", str(folder), "--workers", "2", *flags]
    surroundings = {n: v for n, v in os.environ.items() if not n.startswith("RAY_")}
    before = 0
    for what in ("driver", "stop", "head"):
        process = subprocess.Popen(
            [*PROGRAM, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**surroundings, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        deadline = time.monotonic() + 600
        while answers(folder) <= before:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        others = of_the_cluster(process.pid)
        sent = time.monotonic()
        if what == "driver":
            process.kill()
        elif what == "head":
            os.kill(named(others, "gcs_server"), signal.SIGKILL)
        else:
            process.terminate()
        _, said = process.communicate(timeout=150)
        done = answers(folder) == 81 * PROMPTS
        assert process.returncode != 0 or (what == "head" and done), what
        if what == "stop":
            assert process.returncode == 143
            assert time.monotonic() - sent < 10
            assert shlex.split(said.splitlines()[-1]) == ["safebasin", *words]
        while left := alive(others):
            assert time.monotonic() - sent < 150, (what, left)
            time.sleep(0.2)
        assert answers(folder) >= before
        before = answers(folder)
    settings = {**vars(alone.settings), "out": folder, "points": 81}
    run(landscape.plan(ScanSettings(**settings), alone.loaded))
    whole = landscape.plan(ScanSettings(**{**settings, "out": tmp_path / "whole"}), alone.loaded)
    run(whole)
    assert digest(folder) == digest(whole.folder)
