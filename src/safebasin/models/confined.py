"""Run a small piece of untrusted work in a child process that can neither linger nor grow."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import math
import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from typing import NoReturn

from safebasin import errors
from safebasin.errors import InputRejectedError, SafebasinError
from safebasin.models.shown import shown

_EXTRA_MEMORY_BYTES = 512 << 20
PATIENCE = 20.0
"""Times the processor's time that the clock may take, beside whatever else a machine does."""

_MOMENTS = 50
_WHOLE, _FAILED = b"\0", b"\1"
"""The last byte of what a child writes: its result is whole, or it tells why there is none."""


def confined(
    work: Callable[[], bytes],
    *,
    seconds: float,
    max_bytes: int,
    what: str,
    memory: int = _EXTRA_MEMORY_BYTES,
) -> bytes:
    """What `work()` returns, computed in a forked child under limits of time, memory and output.

    The child may not write to any file, and shares nothing that it could change. Its time is that
    of the processor, so that a busy machine makes nothing seem endless; of the clock it may take
    `PATIENCE` times as much. Where the platform cannot fork (Windows), `work` runs in this
    process, and only the limit on its output holds.

    Args:
        work: must not touch an accelerator or start threads: it runs in a fork.
        seconds: limit on the processor's time.
        max_bytes: limit on the length of the result.
        what: names the work in messages.
        memory: bytes that it may use beyond what its parent holds.

    Raises:
        SafebasinError: what `work` raised of these.
        InputRejectedError: a limit was reached, or the work failed otherwise: what a library raises
            is named, as is a panic inside one.
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
        _be_the_child(work, writing, seconds, memory)
    os.close(writing)
    try:
        output = _collect(reading, time.monotonic() + PATIENCE * seconds, max_bytes, what)
    finally:
        os.close(reading)
        status = _ended(child)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        raise _too_slow(what)
    if output.endswith(_FAILED):
        raise _told(output[:-1], what, memory)
    if not output.endswith(_WHOLE):
        raise _out_of_memory(what, memory)
    return output[:-1]


def _ended(child: int) -> int:
    """The status of a child, which is killed if it has not ended by itself."""
    for _ in range(_MOMENTS):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _be_the_child(work: Callable[[], bytes], writing: int, seconds: float, memory: int) -> NoReturn:
    """Write what the work returns, or why it does not. Never returns into the parent's stack."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a panic is told by us, in one line
        faulthandler.disable()
        _limit_resources(seconds, memory)
        try:
            output = work() + _WHOLE
        except BaseException as error:
            output = json.dumps([type(error).__name__, str(error)]).encode() + _FAILED
        remaining = memoryview(output)
        while remaining:
            remaining = remaining[os.write(writing, remaining) :]
    finally:
        os._exit(0)


def _told(failure: bytes, what: str, memory: int) -> SafebasinError:
    """What a child's exception is here; one of ours stays what it is."""
    name, text = json.loads(failure)
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, SafebasinError):
        return kind(text)
    if name == "MemoryError":
        return _out_of_memory(what, memory)
    return InputRejectedError(f"{what} fails ({shown(f'{name}: {text}')}): use another one")


def _out_of_memory(what: str, memory: int) -> InputRejectedError:
    return InputRejectedError(
        f"{what} ran out of memory (more than {memory >> 20} MB) or died: use another one"
    )


def _limit_resources(seconds: float, memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    whole = math.ceil(seconds)  # of a fork's own time: it begins at 0
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no Path machinery in a fork
            held = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + memory,) * 2)
    except (OSError, ValueError):
        return  # no /proc, or a tighter limit already holds


def _collect(reading: int, deadline: float, max_bytes: int, what: str) -> bytes:
    output = bytearray()
    pipe = select.poll()
    pipe.register(reading, select.POLLIN | select.POLLHUP)
    while True:
        if not pipe.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _too_slow(what)
        chunk = os.read(reading, 1 << 16)
        if not chunk:
            return bytes(output)
        output += chunk
        if len(output) > max_bytes + 1:
            raise _too_long(what, max_bytes)


def _too_slow(what: str) -> InputRejectedError:
    return InputRejectedError(f"{what} takes too long, as if it never ended: use another one")


def _too_long(what: str, max_bytes: int) -> InputRejectedError:
    return InputRejectedError(f"{what} writes more than {max_bytes >> 20} MB: use another one")
