"""Run a small piece of untrusted work in a child process that can neither linger nor grow."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from typing import NoReturn

from safebasin.errors import InputRejectedError

_EXTRA_MEMORY_BYTES = 512 << 20


def confined(work: Callable[[], bytes], *, seconds: float, max_bytes: int, what: str) -> bytes:
    """What `work()` returns, computed in a forked child under limits of time, memory and output.

    The child may use 512 MB more than its parent holds, and may not write to any file. It shares
    nothing that it could change. Where the platform cannot fork (Windows), `work` runs in this
    process, and only the limit on its output holds.

    Args:
        work: must not touch an accelerator or start threads: it runs in a fork.
        seconds: wall-clock limit.
        max_bytes: limit on the length of the result.
        what: names the work in messages.

    Raises:
        InputRejectedError: a limit was reached, or the child died.
    """
    if not hasattr(os, "fork"):
        output = work()
        if len(output) > max_bytes:
            raise _too_long(what, max_bytes)
        return output
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python warns that threads do not survive a fork; this child needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(work, writing)
    os.close(writing)
    try:
        output = _collect(reading, time.monotonic() + seconds, max_bytes, what)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not output.endswith(b"\0"):
        raise InputRejectedError(f"{what} ran out of memory or died: use another one")
    return output[:-1]


def _be_the_child(work: Callable[[], bytes], writing: int) -> NoReturn:
    """The last byte says that the output is whole. Never returns into the parent's stack."""
    try:
        _limit_resources()
        remaining = memoryview(work() + b"\0")
        while remaining:
            remaining = remaining[os.write(writing, remaining) :]
    finally:
        os._exit(0)


def _limit_resources() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no Path machinery in a fork
            held = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + _EXTRA_MEMORY_BYTES,) * 2)
    except (OSError, ValueError):
        return  # no /proc, or a tighter limit already holds


def _collect(reading: int, deadline: float, max_bytes: int, what: str) -> bytes:
    output = bytearray()
    pipe = select.poll()
    pipe.register(reading, select.POLLIN | select.POLLHUP)
    while True:
        if not pipe.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise InputRejectedError(
                f"{what} takes too long, as if it never ended: use another one"
            )
        chunk = os.read(reading, 1 << 16)
        if not chunk:
            return bytes(output)
        output += chunk
        if len(output) > max_bytes + 1:
            raise _too_long(what, max_bytes)


def _too_long(what: str, max_bytes: int) -> InputRejectedError:
    return InputRejectedError(f"{what} writes more than {max_bytes >> 20} MB: use another one")
