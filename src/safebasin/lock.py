"""One writer for a folder, by a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safebasin.errors import LockedError


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock inside the block.

    The kernel drops the lock when the process ends, however it ends, so there is never a stale lock
    to remove by hand. The file only says who holds it, for the message that others get.

    Raises:
        LockedError: another process holds it; names that process and its host.
    """
    path = folder / "lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{folder} is being written by {_holder(path)}: wait for it, or pass another --out"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(
            handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0
        )
        yield
    finally:
        os.close(handle)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} on {holder['host']}"
    except (OSError, ValueError, KeyError):
        return "another process"
