"""Work that a task file decides on, under limits of processor time and memory.

Templates and regular expressions of a file may never end, or write more than there is memory for.
Jinja's and Python's own loops look for signals, so a timer of the processor's time ends them.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from safebasin.errors import InputRejectedError
from safebasin.models.shown import shown

SECONDS, MEMORY = 60.0, 4 << 30
"""Of the processor's time, and bytes beyond what the process holds."""


@contextmanager
def bounded(name: str) -> Iterator[None]:
    """Limit what the block may take; afterwards the process has the limits that it had.

    Outside the main thread, and where the platform has no such timer, only memory is limited.

    Args:
        name: of the task, for messages.

    Raises:
        InputRejectedError: a limit was reached.
    """

    def too_slow(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise InputRejectedError(
            f"task {shown(name)} takes more than {SECONDS:g} seconds for its templates, filters or "
            "metrics, as if they never ended: mend its file, or choose another"
        )

    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGVTALRM, too_slow) if timed else None
    left = (0.0, 0.0)
    try:
        if timed:  # and each second again, if it is swallowed
            left = signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, 1.0)
        with _little_memory(MEMORY):
            yield
    except MemoryError:
        raise InputRejectedError(
            f"task {shown(name)} needs more than {MEMORY >> 20:,} MB for its templates, filters or "
            "metrics: mend its file, or choose another"
        ) from None
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL if previous is None else previous)
            signal.setitimer(signal.ITIMER_VIRTUAL, *left)


@contextmanager
def _little_memory(extra: int) -> Iterator[None]:
    try:
        import resource

        held = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + extra if soft == resource.RLIM_INFINITY else min(soft, held + extra)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
