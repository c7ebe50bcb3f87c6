"""From an exception to one line and an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar, NoReturn

import typer

from safebasin.errors import ResourceError, SafebasinError


class State:
    """What was said before the verb."""

    debug: ClassVar[bool] = False


class TerminatedError(BaseException):
    """SIGTERM arrived. Not an `Exception`, so that nothing swallows it on its way out."""


@contextmanager
def guarded(*, resumes: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong inside the block into one line on standard error and an exit code.

    Args:
        resumes: whether the same command goes on where this one stopped; said after a signal.
    """
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except SafebasinError as error:
        _fail(str(error), error.exit_code)
    except MemoryError:
        _fail("out of memory: use a smaller --batch-size or model", ResourceError.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror}", ResourceError.exit_code)
    except KeyboardInterrupt:
        _stopped("interrupted", 130, resumes)
    except TerminatedError:
        _stopped("terminated", 143, resumes)
    except RuntimeError as error:
        if "out of memory" not in str(error).lower():
            raise
        _fail("the device is out of memory: use a smaller --batch-size", ResourceError.exit_code)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError


def _fail(message: str, code: int) -> NoReturn:
    if State.debug:
        raise
    line = "".join(c if c.isprintable() else " " for c in " ".join(message.split()))
    typer.secho(f"safebasin: {line}", err=True, fg="red")
    raise typer.Exit(code)


def _stopped(how: str, code: int, resumes: bool) -> NoReturn:
    command = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]])  # noqa: PTH119
    rest = f"; what is done is kept, and this goes on with it:\n  {command}" if resumes else ""
    typer.echo(f"\nsafebasin: {how}{rest}", err=True)
    raise typer.Exit(code)
