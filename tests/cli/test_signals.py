"""Ctrl-C and SIGTERM stop the real program soon, say how to go on, and lose nothing."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scans import answers, command, digest

from safebasin.studies.landscape import plan, run
from safebasin.studies.settings import ScanSettings

LONG = {"directions": 1, "points": 21, "limit": 4, "max_new_tokens": 12, "batch_size": 2}
PROGRAM = [sys.executable, "-c", "from safebasin.cli import main; main()"]


def heed() -> None:
    """Whoever runs the tests may ignore Ctrl-C, as a shell does for what is in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_a_stopped_run_says_how_to_go_on_and_goes_on(call, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a run"
    flags = [text for name, value in LONG.items()
             for text in (f"--{name.replace('_', '-')}", str(value))]  # fmt: skip
    words = ["scan", str(tiny), "--out", str(folder), *flags]
    before = 0
    for number, code, how in ((signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "termin")):
        process = subprocess.Popen(
            [*PROGRAM, *words],
            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            preexec_fn=heed,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while answers(folder) <= before:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        sent = time.monotonic()
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
        assert time.monotonic() - sent < 10
        assert process.returncode == code
        assert printed == ""
        assert how in said
        assert "Traceback" not in said
        resume = shlex.split(said.splitlines()[-1])
        assert resume == ["safebasin", *words]
        before = answers(folder)
    assert before < 21 * 8

    assert call(*resume[1:], "--quiet").exit_code == 0
    whole = ScanSettings(model=str(tiny), out=tmp_path / "whole", **LONG)
    assert digest(folder) == digest(run(plan(whole)).folder)


@pytest.mark.parametrize(("verb", "resumes"), [("--plan", False), ("--quiet", True)])
def test_only_what_resumes_is_told_to(call, tiny, tmp_path, monkeypatch, verb, resumes) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("safebasin.studies.landscape.plan", interrupt)
    found = call(*command(tiny, tmp_path / "run", verb))
    assert found.exit_code == 130
    assert ("goes on with it" in found.stderr) == resumes
