"""Memory that ran out, told from what the libraries raise for it."""

from __future__ import annotations

import re

_CPU = re.compile(r"allocate memory: you tried to allocate (\d+) bytes")
_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out; on a CPU torch has no class of its own for it."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or (
        isinstance(error, RuntimeError | OSError) and any(w in str(error).lower() for w in _WORDS)
    )


def wanted(error: BaseException) -> str:
    """How much was asked for, in words; empty if the error does not say."""
    found = _CPU.search(str(error))
    return f" ({int(found[1]):,} bytes were asked for)" if found else ""
