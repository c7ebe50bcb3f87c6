"""Ends what a program that was killed leaves of its Ray cluster.

Ray's own processes for a node outlive their driver by half a minute or more. This file is run as a
program of its own, which needs nothing but the standard library: it waits until its standard input
closes, which the kernel sees to however the driver ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROUNDS = 50
"""Looks at the processes, a tenth of a second apart, for those that start late."""

QUIET = 5
"""Looks in a row that find none, after which there are none."""


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """After the block, or this process's end within it, no process of the cluster is left.

    Linux alone tells by files what a process is; elsewhere nothing is ended.

    Args:
        folder: of the cluster, whose processes are told by it.
    """
    watch = subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, "-I", "-S", __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the driver
    )
    try:
        yield
    finally:
        watch.communicate()


def end(folder: str) -> None:
    """Kill the processes of a cluster, and remove its folder."""
    quiet = 0
    for _ in range(ROUNDS):
        found = list(_of(folder))
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        if quiet == QUIET:
            break
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def _of(folder: str) -> Iterator[int]:
    """Processes started with an option that names a path in the folder, or that Ray has renamed."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (place / "cmdline").read_bytes()
            named = b"=" + os.fsencode(folder) + b"/" in arguments
            if named or (arguments.startswith(b"ray::") and _has_open(place, folder)):
                yield int(place.name)


def _has_open(place: Path, folder: str) -> bool:
    """Whether a process has a file in the folder open; Ray's write their logs there."""
    return any(str(one.readlink()).startswith(f"{folder}/") for one in (place / "fd").iterdir())


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(sys.argv[1])
